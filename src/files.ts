import { mkdir, open, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InputError, WriteError } from './errors.js';
import { checkInputFile } from './inputFile.js';

let temporaries = 0;

/**
 * Writes a file so that a reader sees the old content or the new, never a part: into a temporary file of the same
 * folder, which then takes the name. Missing folders are made. Large files can be given in parts.
 *
 * @throws WriteError if the disk is full or the place may not be written; the old file is then untouched
 */
export async function writeFileAtomic(
  file: string,
  data: Uint8Array | string | Iterable<string> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.${temporaries++}.tmp`);
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(temporary, 'w');
    try {
      // An iterable too, which the types do not know.
      await handle.writeFile(data as string);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw writeError(error, file);
  }
}

/** Makes the names in a folder durable. Some systems cannot open folders; they need not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** Deletes what processes of this machine that died in `writeFileAtomic` have left in a folder. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch((): string[] => [])) {
    const pid = /^\..+\.(\d+)\.\d+\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

/** Whether a process of this machine has that number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A file-system error of writing `file` as one clear line; any other error unchanged. */
export function writeError(error: unknown, file: string): unknown {
  const problem = WRITE_PROBLEMS[(error as NodeJS.ErrnoException)?.code ?? ''];
  return problem === undefined ? error : new WriteError(`${file}: ${problem}`, { cause: error });
}

const WRITE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space and run again, finished work is kept',
  EDQUOT: 'the disk quota is used up; free some space and run again, finished work is kept',
  EACCES: 'may not be written; check the permissions of its folder',
  EPERM: 'may not be written; check the permissions of its folder',
  EROFS: 'lies on a read-only file system; choose another place',
  EISDIR: 'is a folder; choose another name',
  ENOTDIR: 'lies inside a file, not a folder; choose another place',
  EEXIST: 'lies inside a file, not a folder; choose another place',
};

/** Writes a value as indented JSON, atomically. */
export function writeJson(file: string, value: unknown): Promise<void> {
  return writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Where a path really lies, links followed, also if its end is still to be made: `..` leads from there where it says. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const folder = dirname(resolve(path));
    return folder === resolve(path) ? folder : join(await realPath(folder), basename(path));
  }
}

/**
 * Reads a JSON file.
 *
 * @throws InputError if it is missing or malformed
 */
export async function readJson(file: string): Promise<unknown> {
  await checkInputFile(file);
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InputError(`is not valid JSON (${reason.replaceAll('\n', ' ')})`, { file }, { cause });
  }
}
