/** A run with its changes: what is exchanged at once when another run is loaded. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { R4tError } from '../../errors.js';
import { acquireLock, type Lock } from '../../run/lock.js';
import type { Engine } from '../engine/engine.js';
import { ChangeFeed } from './changeFeed.js';
import type { ChangesTable } from './changesTable.js';
import { FileJournal } from './fileJournal.js';
import type { ItemReader } from './itemReader.js';
import { TableJournal } from './tableJournal.js';

/** An engine, and word if it ends by itself. */
export type StartedEngine = Engine & { readonly died?: Promise<Error> };

/** A run that is loaded, without its changes. */
export interface Fresh {
  readonly engine: StartedEngine;
  readonly reader: ItemReader;
  /** The run's real folder: what is given may be a link. */
  readonly folder: string;
}

export interface Served extends Fresh {
  readonly feed: ChangeFeed;
  readonly lock?: Lock;
}

type OnError = (message: string, error: unknown) => void;

/** Every engine reads the table for itself: one that takes over knows what any other service has accepted meanwhile. */
export async function withSharedChanges(
  fresh: Fresh,
  table: ChangesTable,
  onError: OnError,
): Promise<Served> {
  const { engine, reader } = fresh;
  const { catalog, catalogReadAt } = engine.facts;
  const journal = await TableJournal.open(table, { catalog, catalogReadAt, reader, onError });
  const feed = new ChangeFeed(journal, { onError });
  try {
    await feed.attach(engine);
    return { ...fresh, feed };
  } catch (error) {
    await feed.close();
    throw error;
  }
}

export interface OwnChangesOptions {
  readonly old: Served | undefined;
  /** Whether the folder is a copy of a run at an address. */
  readonly isCopy: boolean;
  readonly onError: OnError;
}

/** Opens the journal of another catalog or folder, with those changes of the old one which that catalog cannot know yet. */
export async function withOwnChanges(
  fresh: Fresh,
  { old, isCopy, onError }: OwnChangesOptions,
): Promise<Served> {
  const { engine, folder } = fresh;
  const { catalog, catalogReadAt } = engine.facts;
  const place = join(folder, 'serve');
  const sameFolder = old?.folder === folder;
  const before = old?.feed.journal;
  let { lock, reason }: { lock?: Lock; reason?: string } = { lock: old?.lock, reason: before?.readOnly };
  if (isCopy) reason = COPY;
  else if (!sameFolder) ({ lock, reason } = await takeLock(place));
  await before?.close();
  const journal = await FileJournal.open(join(place, 'items.jsonl'), {
    catalog,
    catalogReadAt,
    readOnly: reason,
    sequence: before?.sequence,
  });
  if (before && !sameFolder && reason === undefined) {
    const carried = before.entries().filter(({ at }) => at >= catalogReadAt);
    if (carried.length > 0) await journal.append(carried.map(({ change }) => change));
  }
  const feed = new ChangeFeed(journal, { onError });
  await feed.attach(engine);
  return { ...fresh, feed, lock };
}

/** Closes what is not served any more, but for what its successor took over. */
export async function retire(
  { engine, feed, lock }: Served,
  { keep }: { keep?: Served } = {},
): Promise<void> {
  // First what would bring it more changes.
  if (keep?.feed !== feed) await feed.close();
  await engine.close();
  if (keep?.lock !== lock) await lock?.release();
}

/** Why the copy of a run at an address takes no changes: it goes when another one is there. */
const COPY = 'items cannot be changed here: the run is a copy; start the server with --changes';

/** The lock on a run's changes, or why they may not be written. */
async function takeLock(folder: string): Promise<{ lock?: Lock; reason?: string }> {
  try {
    await mkdir(folder, { recursive: true });
    return { lock: await acquireLock(join(folder, 'serve.lock')) };
  } catch (error) {
    if (error instanceof R4tError) return { reason: `items cannot be changed here: ${error.message}` };
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { reason: `items cannot be changed here: ${message}` };
  }
}
