/** The run that is served: its engine, its changes, and how one run gives way to the next. */
import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { R4tError } from '../../errors.js';
import { acquireLock, type Lock } from '../../run/lock.js';
import { configOf } from '../../run/manifest.js';
import { RunFolder } from '../../run/runFolder.js';
import type { CatalogState, Engine, EngineFacts, ItemChange } from '../engine/engine.js';
import { provenanceOf } from '../engine/provenance.js';
import { HttpProblem } from '../http/problem.js';
import type { ReloadResponse } from '../http/schemas.js';
import { ChangeFeed } from './changeFeed.js';
import { ItemReader } from './itemReader.js';
import { Journal } from './journal.js';

/** An engine, and word if it ends by itself. */
export type StartedEngine = Engine & { readonly died?: Promise<Error> };

export interface HostEvents {
  /** Something went wrong that no request is told about. */
  onError(message: string, error: unknown): void;
  /** Another run is served, or none could be loaded. */
  onReload?(outcome: 'done' | 'failed', detail: string): void;
}

export interface HostOptions extends HostEvents {
  readonly folder: string;
  readonly start: (folder: string) => Promise<StartedEngine>;
}

/** Everything that is exchanged at once when another run is loaded. */
interface Served {
  readonly engine: StartedEngine;
  readonly feed: ChangeFeed;
  readonly reader: ItemReader;
  /** The run's real folder: what is given may be a link. */
  readonly folder: string;
  readonly lock?: Lock;
}

const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;

export class RunHost {
  #served: Served | undefined;
  /** Loading of one run after another. */
  #loading: Promise<unknown> = Promise.resolve();
  /** Set while one journal gives way to another: changes wait for it. */
  #exchange: Promise<void> | undefined;
  /** What a change of the run is seen by. */
  #seen = '';
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(private readonly options: HostOptions) {}

  /** @throws InputError if the folder holds no run that can be searched */
  static async open(options: HostOptions): Promise<RunHost> {
    const host = new RunHost(options);
    host.#seen = await host.#signature();
    await host.#load();
    return host;
  }

  get ready(): boolean {
    return this.#served !== undefined && !this.#closed;
  }

  /** @throws HttpProblem while no run is loaded */
  get engine(): Engine {
    return this.#current.engine;
  }

  get facts(): EngineFacts {
    return this.#current.engine.facts;
  }

  /** @throws HttpProblem while no run is loaded */
  get changes(): { readonly accepted: number; readonly visible: number; readonly pending: number } {
    const { journal, visible, pending } = this.#current.feed;
    return { accepted: journal.sequence, visible, pending };
  }

  /** The catalog as of the last visible change; undefined while no run is loaded. */
  get state(): CatalogState | undefined {
    return this.#served?.feed.state;
  }

  /** Reads the items of a request as the run's catalog was read. */
  get reader(): ItemReader {
    return this.#current.reader;
  }

  /**
   * Accepts changes, which are then on disk.
   *
   * @throws HttpProblem where this server may not write them
   */
  async accept(changes: readonly ItemChange[]): Promise<number> {
    await this.#exchange;
    const { feed } = this.#current;
    if (feed.journal.readOnly !== undefined) throw new HttpProblem('conflict', feed.journal.readOnly);
    return feed.accept(changes);
  }

  /**
   * Loads the run again and lets it take over; searches go on meanwhile. Where that fails, the old one stays.
   *
   * @throws InputError if the run cannot be searched
   */
  reload(): Promise<ReloadResponse> {
    const before = this.#served?.engine.facts.run;
    const loaded = this.#inTurn(async (): Promise<ReloadResponse> => {
      this.#seen = await this.#signature();
      await this.#load();
      const { run } = this.facts;
      const changed = run.id !== before?.id || run.fingerprint !== before.fingerprint;
      this.options.onReload?.('done', `${run.name} ${run.fingerprint}`);
      return { run, changed };
    });
    loaded.catch((error: unknown) => {
      this.options.onReload?.('failed', error instanceof Error ? error.message : String(error));
    });
    return loaded;
  }

  /** Looks every few seconds whether another run lies in the folder, and loads it once it is as complete as this one. */
  watch(milliseconds = 2000): void {
    this.#timer = setInterval(() => {
      void this.#inTurn(() => this.#look()).catch((error: unknown) => {
        this.options.onError('the run could not be looked at', error);
      });
    }, milliseconds);
    this.#timer.unref();
  }

  /** Lets changes that are being written and searches under way end. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#loading;
    const served = this.#served;
    this.#served = undefined;
    if (served) await retire(served);
  }

  get #current(): Served {
    if (this.#served) return this.#served;
    throw new HttpProblem('unavailable', 'no run is loaded at the moment; try again soon', { retryAfter: 2 });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#loading.then(work);
    this.#loading = result.catch(() => {});
    return result;
  }

  /** Changes whenever the run's manifest is written, or the folder is a link to another run. */
  async #signature(): Promise<string> {
    const folder = await realpath(this.options.folder).catch(() => '');
    const info = await stat(join(folder, 'run.json')).catch(() => undefined);
    return `${folder} ${info?.ino} ${info?.mtimeMs}`;
  }

  async #look(): Promise<void> {
    const now = await this.#signature();
    if (this.#closed || now === this.#seen || !this.#served) return;
    this.#seen = now;
    const { facts } = this.#served.engine;
    try {
      const run = await RunFolder.open(this.options.folder);
      // A run that is being compiled is not better than the one that is served.
      if (facts.steps !== null && !run.stageDone('diffusion')) return;
      if (!run.stageDone('encode')) return;
      const { id, fingerprint } = await provenanceOf(run);
      if (id === facts.run.id && fingerprint === facts.run.fingerprint) return;
      await this.#load();
      this.options.onReload?.('done', `${this.facts.run.name} ${this.facts.run.fingerprint}`);
    } catch (error) {
      this.options.onReload?.('failed', error instanceof Error ? error.message : String(error));
    }
  }

  /** Loads what is in the folder now and exchanges it for what is served. */
  async #load(): Promise<void> {
    const folder = await realpath(this.options.folder).catch(() => this.options.folder);
    const run = await RunFolder.open(folder);
    const reader = new ItemReader(configOf(run.manifest, run.path('run.json')).catalog);
    const engine = await this.options.start(folder);
    const old = this.#served;
    try {
      const served = await this.#withChanges({ engine, folder, reader }, old);
      this.#served = served;
    } catch (error) {
      await engine.close();
      throw error;
    }
    void engine.died?.then((error) => this.#recover(engine, error));
    if (old) await retire(old, { keep: this.#served });
  }

  /** Brings a new engine up to date with the accepted changes. */
  async #withChanges(fresh: Omit<Served, 'feed' | 'lock'>, old: Served | undefined): Promise<Served> {
    const { engine, folder } = fresh;
    const { catalog } = engine.facts;
    if (old && old.folder === folder && old.feed.journal.catalog === catalog) {
      await old.feed.attach(engine);
      return { ...fresh, feed: old.feed, lock: old.lock };
    }
    let done = () => {};
    this.#exchange = new Promise((resolve) => {
      done = resolve;
    });
    try {
      return await this.#exchangeJournals(fresh, old);
    } finally {
      // Once the caller has put the new one in its place.
      setImmediate(() => {
        this.#exchange = undefined;
        done();
      });
    }
  }

  /** Opens the journal of another catalog or folder, with those changes which that catalog cannot know yet. */
  async #exchangeJournals(fresh: Omit<Served, 'feed' | 'lock'>, old: Served | undefined): Promise<Served> {
    const { engine, folder } = fresh;
    const { catalog, catalogReadAt } = engine.facts;
    const place = join(folder, 'serve');
    const sameFolder = old?.folder === folder;
    const { lock, reason } = sameFolder
      ? { lock: old?.lock, reason: old?.feed.journal.readOnly }
      : await takeLock(place);
    if (old) await old.feed.journal.close();
    const journal = await Journal.open(join(place, 'items.jsonl'), {
      catalog,
      catalogReadAt,
      readOnly: reason,
      sequence: old?.feed.journal.sequence,
    });
    if (old && !sameFolder && reason === undefined) {
      const carried = old.feed.journal.entries().filter(({ at }) => at >= catalogReadAt);
      if (carried.length > 0) await journal.append(carried.map(({ change }) => change));
    }
    const feed = new ChangeFeed(journal, (error) => {
      this.options.onError('changes could not be embedded', error);
    });
    await feed.attach(engine);
    return { ...fresh, feed, lock };
  }

  /** The search thread died: out of memory, a fault in native code. */
  async #recover(engine: Engine, error: Error): Promise<void> {
    if (this.#closed || this.#served?.engine !== engine) return;
    this.options.onError('the search thread ended; it is started again', error);
    const lost = this.#served;
    this.#served = undefined;
    for (let delay = FIRST_RETRY; !this.#closed; delay = Math.min(2 * delay, LAST_RETRY)) {
      try {
        await this.#inTurn(async () => {
          const fresh = await this.options.start(lost.folder);
          this.#served = await this.#withChanges(
            { engine: fresh, folder: lost.folder, reader: lost.reader },
            lost,
          );
          void fresh.died?.then((e) => this.#recover(fresh, e));
        });
        return;
      } catch (failure) {
        this.options.onError(`the search thread could not be started; again in ${delay} ms`, failure);
        await new Promise((resolve) => setTimeout(resolve, delay));
      }
    }
  }
}

/** Closes what is not served any more, but for what its successor took over. */
async function retire({ engine, feed, lock }: Served, { keep }: { keep?: Served } = {}): Promise<void> {
  await engine.close();
  if (keep?.feed !== feed) await feed.journal.close();
  if (keep?.lock !== lock) await lock?.release();
}

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
