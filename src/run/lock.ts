import { constants, copyFile, link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../errors.js';
import { isRunning, writeError } from '../files.js';

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

/** So often a lock is not released just between two looks; a link to nowhere looks like that for ever. */
const ROUNDS = 100;

/**
 * Takes the lock file, or fails if a living process holds it. A lock left behind by a dead process is taken over.
 *
 * @throws InputError naming the holder
 */
export async function acquireLock(file: string): Promise<Lock> {
  const own: Owner = { pid: process.pid, host: hostname(), processStart: await processStart(process.pid) };
  const holder = await take(file, own).catch((error: unknown) => {
    throw writeError(error, file);
  });
  if (holder) {
    const { pid, host } = holder.owner;
    const place = host === hostname() ? '' : ` on ${host}`;
    throw new InputError(
      `process ${pid}${place} is working on this run; wait for it to end, or delete this file if it is gone`,
      { file: holder.file },
    );
  }
  await removeLeftovers(file);
  let held = true;
  const release = async () => {
    // Later it may be somebody else's.
    if (held) await rm(file, { force: true });
    held = false;
  };
  return { release, [Symbol.asyncDispose]: release };
}

/**
 * Deletes what processes of this machine that died while they took the lock have left beside it. The lock is held: whoever is robbed of
 * a second lock by that, taken a moment ago, finds that there is nothing to take over.
 */
async function removeLeftovers(file: string): Promise<void> {
  for (const name of await readdir(dirname(file)).catch((): string[] => [])) {
    const rest = name.startsWith(`${basename(file)}.`) ? name.slice(basename(file).length) : '';
    const [, pid] = /^(?:\.takeover)*(?:\.(\d+)\.\d+)?$/.exec(rest) ?? [];
    if (rest === '' || (pid === undefined && !rest.endsWith('.takeover'))) continue;
    const left = join(dirname(file), name);
    const owner = parseOwner(await readFile(left, 'utf8').catch(() => ''));
    // A torn one has no owner but in its name.
    const isLeft = owner ? !(await isAlive(owner)) : pid !== undefined && !isRunning(Number(pid));
    if (isLeft) await rm(left, { force: true });
  }
}

/** Whether a living process holds the lock, as far as can be told from here. */
export async function isLocked(file: string): Promise<boolean> {
  const owner = parseOwner(await readFile(file, 'utf8').catch(() => ''));
  return owner !== undefined && (await isAlive(owner));
}

/** A living process, and the file that says so. */
interface Holder {
  readonly owner: Owner;
  readonly file: string;
}

/**
 * Puts the owner's name into the lock file, or says who was there first.
 *
 * What a dead process left is replaced, and never moved away: where the name is free for a moment, anybody may link a lock of their
 * own, and then two have it. Whoever looked earlier than another replaced it would also replace the living one's lock. So a lock is
 * replaced only under a second lock, after looking again: a dead process cannot release it, the name is not free, and nobody else may
 * replace it meanwhile. The second lock is taken like the first, since a process may die with that too.
 */
async function take(file: string, own: Owner): Promise<Holder | undefined> {
  const unique = `${file}.${process.pid}.${attempts++}`;
  try {
    await writeFile(unique, JSON.stringify(own));
    for (let round = 0; round < ROUNDS; round++) {
      if (await claim(unique, file)) return;
      const now = await stateOf(file);
      if (now === 'free') continue;
      if (now !== 'stale') return { owner: now, file };
      const turn = `${file}.takeover`;
      const other = await take(turn, own);
      if (other) return other;
      try {
        if ((await stateOf(file)) === 'stale') {
          await rename(unique, file);
          return;
        }
      } finally {
        await rm(turn, { force: true });
      }
    }
    throw new InputError('is neither there nor free; delete it', { file });
  } finally {
    await rm(unique, { force: true });
  }
}

/** The living owner of a lock; `stale` where that is gone, or the file damaged; `free` where there is no lock. */
async function stateOf(file: string): Promise<Owner | 'stale' | 'free'> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return 'free';
  const owner = parseOwner(text);
  return owner && (await isAlive(owner)) ? owner : 'stale';
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
  if (!isRunning(pid)) return false;
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
