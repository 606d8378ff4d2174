/** Packs r4t and the packages it comes with as `npm publish` would, once for all checks. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

export interface Packed {
  readonly name: string;
  /** Path of the tarball. */
  readonly tarball: string;
  readonly bytes: number;
  readonly files: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: readonly Packed[];
  }
}

interface PackReport {
  readonly name: string;
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const run = promisify(execFile);

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'r4t-packed-'));
  const args = ['pack', '--json', '--workspaces', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { shell: process.platform === 'win32', maxBuffer: 1e8 });
  const packed = (JSON.parse(stdout) as PackReport[]).map(({ name, filename, size, files }): Packed => {
    const paths = files.map(({ path }) => path);
    return { name, tarball: join(folder, filename), bytes: size, files: paths };
  });
  project.provide('packed', packed);
  return () => rm(folder, { recursive: true });
}
