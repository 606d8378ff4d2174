import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export interface TempFolder {
  path(...parts: string[]): string;
  /** Writes a file and returns its path. */
  write(name: string, content: string | Uint8Array | readonly object[]): string;
}

/** A folder for one test file, deleted after it. A list of objects is written as JSON lines. */
export function tempFolder(): TempFolder {
  const folder = mkdtempSync(join(tmpdir(), 'r4t-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (...parts: string[]) => join(folder, ...parts);
  return {
    path,
    write(name, content) {
      const isLines = Array.isArray(content);
      const data = isLines ? content.map((line) => `${JSON.stringify(line)}\n`).join('') : content;
      writeFileSync(path(name), data as string | Uint8Array);
      return path(name);
    },
  };
}
