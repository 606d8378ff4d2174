/** Programs for processes of their own: `spawn(process.execPath, [...PROGRAM, 'search', ...])`. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { COMPILED } from '../../../scripts/testing/compiled.js';

/** What runs a script in TypeScript. */
export const JITI = join(
  dirname(createRequire(import.meta.url).resolve('jiti/package.json')),
  'lib',
  'jiti-cli.mjs',
);

/** `r4t` as it stands in the sources. */
export const PROGRAM: readonly string[] = [join(COMPILED, 'cli', 'main.js')];
