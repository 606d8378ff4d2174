import { extname, resolve } from 'node:path';
import { createJiti } from 'jiti';
import { InputError } from '../errors.js';
import { readJson } from '../files.js';
import { checkInputFile } from '../inputFile.js';
import { type Config, defineConfig } from './config.js';
import { parseConfig } from './parseConfig.js';

const SCRIPTS: readonly string[] = ['.ts', '.mts', '.js', '.mjs'];

export interface LoadConfigOptions {
  /**
   * What `import { ... } from 'r4t'` gives a config module [`defineConfig` alone]: the running package itself, so that
   * a config works where no package is installed beside it.
   */
  readonly library?: Readonly<Record<string, unknown>>;
}

/**
 * Reads a config file: `.json`, or a module (`.ts`, `.mts`, `.js`, `.mjs`) whose default export is the config.
 *
 * @param file - absent: all defaults
 * @throws InputError if the file is missing, does not run or holds a wrong setting
 */
export async function loadConfig(file?: string, options: LoadConfigOptions = {}): Promise<Config> {
  if (file === undefined) return parseConfig({});
  await checkInputFile(file);
  const extension = extname(file).toLowerCase();
  if (extension === '.json') return parseConfig(await readJson(file), file);
  if (SCRIPTS.includes(extension)) return parseConfig(await importDefault(file, options), file);
  const known = ['.json', ...SCRIPTS].join(' ');
  throw new InputError(`has the unknown extension ${extension || '(none)'}; expected ${known}`, { file });
}

async function importDefault(
  file: string,
  { library = { defineConfig } }: LoadConfigOptions,
): Promise<unknown> {
  let module: { default?: unknown };
  try {
    // No caches: a config changed between two compiles of one process must be read again.
    const jiti = createJiti(import.meta.url, {
      fsCache: false,
      moduleCache: false,
      virtualModules: { r4t: library },
    });
    module = await jiti.import<{ default?: unknown }>(resolve(file));
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    throw new InputError(`cannot be run: ${reason}`, { file }, { cause });
  }
  // jiti answers for a missing default with the module itself, so its value says nothing.
  if ('default' in module) return module.default;
  throw new InputError('has no default export; write "export default defineConfig({ ... })"', { file });
}
