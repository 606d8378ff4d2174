/** Brings a run's catalog into a search engine. */
import { createHash } from 'node:crypto';
import { ownNames } from '../catalog/fields.js';
import { FilterTable } from '../catalog/filter/filterTable.js';
import { InputError } from '../errors.js';
import { readJson, writeJson } from '../files.js';
import type { RunControl } from '../progress.js';
import { engineCatalog } from '../vectorIndex/engines/documents.js';
import type { SearchEngine } from '../vectorIndex/engines/searchEngine.js';
import { type LoadedCatalog, loadCatalogFiles } from './catalogFiles.js';
import { configOf } from './manifest.js';
import { RunFolder } from './runFolder.js';
import { engineVersion } from './workspace.js';

export interface PushReport {
  /** Items of the run, which all are in the engine. */
  readonly items: number;
  /** Those that this call has sent. */
  readonly sent: number;
}

export interface PushOptions extends RunControl {
  /** The language of an index of words, by a name that the engine knows (none is made). */
  readonly words?: string;
}

/** What is in the engine already, in the run's folder `push`. */
interface Ledger {
  readonly to: string;
  /** Of the catalog as it was encoded. */
  readonly version: string;
  /** Rows that the engine has acknowledged, from the first on. */
  readonly done: number;
}

/**
 * Sends items and vectors of a compiled run, batch by batch; what an earlier push of this run brought, and is not in it any more, goes.
 * Goes on where an earlier call was stopped: each batch is noted when the engine has acknowledged it, and sent again it replaces itself.
 *
 * @throws InputError if the run has no vectors yet or the collection holds others, IndexError if the engine does not answer
 */
export async function pushRun(
  folder: string,
  engine: SearchEngine,
  { words, signal, onProgress }: PushOptions = {},
): Promise<PushReport> {
  const run = await RunFolder.open(folder);
  if (!run.stageDone('encode')) {
    throw new InputError('is not compiled far enough to be pushed; run compile again to go on', {
      file: folder,
    });
  }
  await run.check('encode');
  const loaded = await loadCatalogFiles(run);
  try {
    return await pushCatalog(run, engine, loaded, { words, signal, onProgress });
  } finally {
    loaded.close();
  }
}

async function pushCatalog(
  run: RunFolder,
  engine: SearchEngine,
  { items, vectors }: Pick<LoadedCatalog, 'items' | 'vectors'>,
  { words, signal, onProgress }: PushOptions,
): Promise<PushReport> {
  const { catalog } = configOf(run.manifest, run.path('run.json'));
  const { numbers, documents } = engineCatalog(items, vectors, new FilterTable(items, ownNames(catalog)));
  const version = engineVersion(run);

  signal?.throwIfAborted();
  if (words !== undefined && !engine.searchWords) {
    throw new InputError(`${engine.name} cannot be searched by words from here; leave it out`, {
      field: '--words',
    });
  }
  await engine.create({ dim: vectors.cols, numbers, words });
  const held = await engine.info();
  if (held && held.dim !== vectors.cols) {
    throw new InputError(
      `${engine.name} holds vectors of length ${held.dim}, the run has ${vectors.cols}; name another collection`,
      { field: '--to' },
    );
  }
  const file = run.path('push', `${sha256(engine.name).slice(0, 16)}.json`);
  const before = await readLedger(file);
  const goesOn = before?.version === version && (held?.documents ?? 0) >= before.done;
  const start = goesOn ? before.done : 0;
  for (let done = start; done < items.length; ) {
    signal?.throwIfAborted();
    onProgress?.({ stage: 'push', done, total: items.length });
    const end = Math.min(done + engine.batch, items.length);
    await engine.upsert(documents(done, end, version));
    done = end;
    const ledger: Ledger = { to: engine.name, version, done };
    await writeJson(file, ledger);
  }
  onProgress?.({ stage: 'push', done: items.length, total: items.length });
  if (start < items.length) {
    await engine.removeOthers(version);
    await engine.optimize();
  }
  return { items: items.length, sent: items.length - start };
}

/** Undefined where there is none, or what is there cannot be read: everything is sent then. */
async function readLedger(file: string): Promise<Ledger | undefined> {
  const found = (await readJson(file).catch(() => undefined)) as Partial<Ledger> | undefined;
  const { to, version, done } = found ?? {};
  return typeof to === 'string' && typeof version === 'string' && Number.isInteger(done)
    ? { to, version, done: Number(done) }
    : undefined;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
