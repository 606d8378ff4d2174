/** What is published: its size, its files, its metadata and its types, as those who install it find them. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, expect, inject, it } from 'vitest';

const packed = inject('packed');
const r4t = packed.find(({ name }) => name === 'r4t')!;
const MB = 1e6;

const shell = process.platform === 'win32';
/** Runs a command of a development dependency; what it printed is in the error if it fails. */
const npx = (...args: string[]) =>
  promisify(execFile)('npx', ['--no-install', ...args], { shell }).catch((error: { stdout: string }) => {
    throw new Error(error.stdout, { cause: error });
  });

it('packs r4t within 1.5 MB: what is built, the pages, the files for trainers and nothing else', () => {
  expect(r4t.bytes).toBeLessThan(1.5 * MB);
  const foreign = r4t.files.filter(
    (file) =>
      !/^(dist\/.*\.(js|d\.ts|css|html)|docs\/([\w-]+\/)?[\w-]+\.md|integrations\/python\/\w+\.py|(package\.json|README\.md|LICENSE|NOTICE))$/.test(
        file,
      ),
  );
  expect(foreign).toEqual([]);
  expect(r4t.files.filter((file) => /\.test\.|\/testing\//.test(file))).toEqual([]);
  for (const file of ['dist/cli/main.js', 'dist/ui/index.html', 'dist/ui/dashboard.html'])
    expect(r4t.files).toContain(file);
});

it.each([
  ['@r4t/words', 11, 'glove-100d.bin'],
  ['@r4t/wasm', 4, 'dist/ort-wasm-simd-threaded.wasm'],
  ['@r4t/demo', 8, 'kitchen/run.json'],
])('packs %s within %d MB, with %s', (name, megabytes, file) => {
  const part = packed.find((each) => each.name === name);
  expect(part?.files).toContain(file);
  expect(part?.bytes).toBeLessThan(megabytes * MB);
});

it.each(packed.map(({ name, tarball }) => [name, tarball]))(
  'publint finds nothing in %s',
  async (_, tarball) => {
    const { messages, pkg } = await publint({
      pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  },
);

it.each(['r4t', '@r4t/wasm'])('are-the-types-wrong finds nothing in %s', async (name) => {
  const { tarball } = packed.find((each) => each.name === name)!;
  await npx('attw', tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-color');
});

const consumer = mkdtempSync(join(tmpdir(), 'r4t-consumer-'));
afterAll(() => rmSync(consumer, { recursive: true }));

it('compiles in strict projects, for Node.js with every check and for a browser', async () => {
  cpSync(join(import.meta.dirname, 'consumer'), consumer, { recursive: true });
  writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
  const own = join(consumer, 'node_modules', 'r4t');
  mkdirSync(own, { recursive: true });
  await promisify(execFile)('tar', ['xzf', r4t.tarball, '--strip-components', '1', '-C', own]);
  const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  // What npm would install beside it; optional peers are not there.
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    const place = join(consumer, 'node_modules', name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(resolve('node_modules', name), place, 'junction');
  }
  await npx('tsc', '-p', join(consumer, 'tsconfig.node.json'));
  await npx('tsc', '-p', join(consumer, 'tsconfig.browser.json'));
});
