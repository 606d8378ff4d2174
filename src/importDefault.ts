import { resolve } from 'node:path';
import { createJiti } from 'jiti';
import { InputError } from './errors.js';

/**
 * The default export of a module of the user's, in TypeScript or JavaScript.
 *
 * @param library - what `import { ... } from 'r4t'` gives the module: the running package itself, so that it works where no package
 *   is installed beside it
 * @param advice - what to write where there is no default export
 * @throws InputError if the module does not run or has no default export
 */
export async function importDefault(
  file: string,
  library: Readonly<Record<string, unknown>>,
  advice: string,
): Promise<unknown> {
  let module: { default?: unknown };
  try {
    // No caches: a module changed between two calls of one process must be read again.
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
  throw new InputError(`has no default export; write "${advice}"`, { file });
}
