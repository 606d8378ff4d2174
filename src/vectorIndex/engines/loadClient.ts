import { InputError } from '../../errors.js';

/**
 * An optional package, loaded when it is needed. `T` is the part of it that is used: these packages are too large to be installed
 * for their types.
 *
 * @param install what npm is to install, where that is more than the package
 * @throws InputError saying what to install
 */
export async function loadClient<T>(name: string, install = name): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (cause) {
    throw new InputError(`needs the package ${name}; npm install ${install}`, { field: 'index' }, { cause });
  }
}
