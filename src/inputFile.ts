import { stat } from 'node:fs/promises';
import { InputError } from './errors.js';

/**
 * Checks that `file` can be read as a regular file and returns its size in bytes.
 *
 * @throws InputError if it does not exist, is a directory or may not be read
 */
export async function checkInputFile(file: string): Promise<number> {
  try {
    const info = await stat(file);
    if (info.isDirectory()) throw new InputError('is a directory; give a file', { file });
    return info.size;
  } catch (error) {
    throw readError(error, file);
  }
}

/** A file-system error of reading `file` as an InputError; any other error unchanged. */
export function readError(error: unknown, file: string): unknown {
  const problem = READ_PROBLEMS[(error as NodeJS.ErrnoException)?.code ?? ''];
  return problem === undefined ? error : new InputError(problem, { file }, { cause: error });
}

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; check the path',
  ENOTDIR: 'does not exist; check the path',
  EISDIR: 'is a directory; give a file',
  EACCES: 'may not be read; check its permissions',
  EPERM: 'may not be read; check its permissions',
};
