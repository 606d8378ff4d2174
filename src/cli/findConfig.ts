import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

const NAMES = ['ts', 'mts', 'js', 'mjs', 'json'].map((extension) => `r4t.config.${extension}`);

/** The config file of a folder, if it has one; `r4t.config.ts` goes before the others. */
export async function findConfig(folder: string): Promise<string | undefined> {
  for (const name of NAMES) {
    const info = await stat(resolve(folder, name)).catch(() => undefined);
    if (info?.isFile()) return name;
  }
  return undefined;
}
