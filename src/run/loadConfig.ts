import { dirname, extname } from 'node:path';
import { InputError } from '../errors.js';
import { readJson } from '../files.js';
import { importDefault } from '../importDefault.js';
import { checkInputFile } from '../inputFile.js';
import { type Config, defineConfig } from './config.js';
import { parseConfig } from './parseConfig.js';
import { placePaths } from './placePaths.js';

const SCRIPTS: readonly string[] = ['.ts', '.mts', '.js', '.mjs'];

export interface LoadConfigOptions {
  /**
   * What `import { ... } from 'r4t'` gives a config module [`defineConfig` alone]: the running package itself, so that
   * a config works where no package is installed beside it.
   */
  readonly library?: Readonly<Record<string, unknown>>;
}

/**
 * Reads a config file: `.json`, or a module (`.ts`, `.mts`, `.js`, `.mjs`) whose default export is the config. Paths in it are
 * relative to the file, and absolute in what is returned.
 *
 * @param file - absent: all defaults
 * @throws InputError if the file is missing, does not run or holds a wrong setting
 */
export async function loadConfig(file?: string, options: LoadConfigOptions = {}): Promise<Config> {
  if (file === undefined) return parseConfig({});
  await checkInputFile(file);
  return placePaths(parseConfig(await readConfig(file, options), file), dirname(file));
}

async function readConfig(file: string, { library = { defineConfig } }: LoadConfigOptions): Promise<unknown> {
  const extension = extname(file).toLowerCase();
  if (extension === '.json') return readJson(file);
  if (SCRIPTS.includes(extension)) {
    return importDefault(file, library, 'export default defineConfig({ ... })');
  }
  const known = ['.json', ...SCRIPTS].join(' ');
  throw new InputError(`has the unknown extension ${extension || '(none)'}; expected ${known}`, { file });
}
