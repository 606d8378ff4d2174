import { constants, copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { InputError } from '../errors.js';
import { writeError } from '../files.js';

/** A held lock; works with `await using`. */
export interface Lock extends AsyncDisposable {
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, where the system tells: a number that is used again is another process. */
  readonly processStart?: string;
}

let attempts = 0;

/**
 * Takes the lock file, or fails if a living process holds it. A lock left behind by a dead process is taken over.
 *
 * @throws InputError naming the holder
 */
export async function acquireLock(file: string): Promise<Lock> {
  const own: Owner = { pid: process.pid, host: hostname(), processStart: await processStart(process.pid) };
  const unique = `${file}.${process.pid}.${attempts++}`;
  try {
    await writeFile(unique, JSON.stringify(own));
    // Two rounds: the second after a stale lock was cleared away.
    if (!(await claim(unique, file)) && !((await clearStale(file, unique)) && (await claim(unique, file)))) {
      throw new InputError('another process has just taken this run; wait for it to end', { file });
    }
  } catch (error) {
    throw writeError(error, file);
  } finally {
    await rm(unique, { force: true });
  }
  const release = () => rm(file, { force: true });
  return { release, [Symbol.asyncDispose]: release };
}

/** Whether a living process holds the lock, as far as can be told from here. */
export async function isLocked(file: string): Promise<boolean> {
  const owner = parseOwner(await readFile(file, 'utf8').catch(() => ''));
  return owner !== undefined && (await isAlive(owner));
}

/** Links a finished file under the lock's name: it appears whole or not at all. */
async function claim(unique: string, file: string): Promise<boolean> {
  try {
    // Some file systems have no links; a copy is not all at once, but as good as that for a line of text.
    await link(unique, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error;
      return copyFile(unique, file, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lock of a dead process; false if somebody else was faster. */
async function clearStale(file: string, unique: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return true;
  const owner = parseOwner(text);
  if (owner !== undefined && (await isAlive(owner))) {
    const place = owner.host === hostname() ? '' : ` on ${owner.host}`;
    throw new InputError(
      `process ${owner.pid}${place} is working on this run; wait for it to end, or delete this file if it is gone`,
      { file },
    );
  }
  // Moved, not deleted: between reading and moving, another process may have put a fresh lock in its place.
  const moved = `${unique}.stale`;
  await rename(file, moved).catch(() => {});
  const stale = (await readFile(moved, 'utf8').catch(() => text)) === text;
  if (!stale) await link(moved, file).catch(() => {});
  await rm(moved, { force: true });
  return stale;
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner | null;
    return typeof owner?.pid === 'number' && typeof owner.host === 'string' ? owner : undefined;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, host, processStart: start }: Owner): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === (await processStart(pid));
}

/** Boot and clock ticks at which a process began; undefined where there is no /proc. */
async function processStart(pid: number): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 22; the name, field 2, may hold spaces and ends with the last parenthesis.
    return `${boot.trim()}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}
