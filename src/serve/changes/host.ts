/** The run that is served: its engine, its changes, and how one run gives way to the next. */
import { idText } from '../../catalog/ids.js';
import type { RunControl } from '../../progress.js';
import { configOf } from '../../run/manifest.js';
import { RunFolder } from '../../run/runFolder.js';
import type { CatalogState, Engine, EngineFacts } from '../engine/engine.js';
import { provenanceOf } from '../engine/provenance.js';
import { HttpProblem } from '../http/problem.js';
import type { ItemsRequest, ReloadResponse } from '../http/schemas.js';
import type { ChangeCounts } from './changeFeed.js';
import type { ChangesTable } from './changesTable.js';
import { ItemReader } from './itemReader.js';
import type { SentChange } from './journal.js';
import { type RunSource, runSource } from './runSource.js';
import {
  type Fresh,
  retire,
  type Served,
  type StartedEngine,
  withOwnChanges,
  withSharedChanges,
} from './served.js';

export type { StartedEngine } from './served.js';

export interface HostEvents {
  /** Something went wrong that no request is told about. */
  onError(message: string, error: unknown): void;
  /** Another run is served, or none could be loaded. */
  onReload?(outcome: 'done' | 'failed', detail: string): void;
}

export interface HostOptions extends HostEvents {
  /** A run folder, a link to one, or the address of one. */
  readonly run: string;
  readonly start: (folder: string) => Promise<StartedEngine>;
  /** Where changes are kept that several services share (a file in the run folder, for one service). The host closes it. */
  readonly changes?: ChangesTable;
  /** Stops the first loading, and is told how far a run at an address is fetched. */
  readonly control?: RunControl;
}

/** Milliseconds after which a run that could not be loaded is tried again. */
const TRY_AGAIN = 30_000;
/** Services that watch the same address see another run there at once; each waits at most so many milliseconds, by lot, to load it. */
const SPREAD = 30_000;
const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;

export class RunHost {
  #served: Served | undefined;
  /** Loading of one run after another. */
  #loading: Promise<unknown> = Promise.resolve();
  /** Set while one journal gives way to another: changes wait for it. */
  #exchange: Promise<void> | undefined;
  readonly #source: RunSource;
  /** What a change of the run is seen by. */
  #seen = '';
  /** When what was seen is looked at again, changed or not. */
  #again = Number.POSITIVE_INFINITY;
  /** The most that it waits when it has seen something by itself, in milliseconds. */
  #spread = 0;
  #isLooking = false;
  /** The last thing that went wrong when the run was looked at, which is told once. */
  #trouble = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();

  private constructor(private readonly options: HostOptions) {
    this.#source = runSource(options.run);
  }

  /** @throws InputError if there is no run that can be searched; RunFetchError or ChangesError where what is elsewhere cannot be had */
  static async open(options: HostOptions): Promise<RunHost> {
    const { control = {} } = options;
    const host = new RunHost(options);
    host.#seen = await host.#source.signature(control.signal);
    await host.#load(control);
    return host;
  }

  get ready(): boolean {
    return this.#served !== undefined && !this.#closed;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** The folder that is served now; of a run at an address, that of its copy. */
  get folder(): string {
    return this.#current.folder;
  }

  /** Whether the folder is a copy of a run at an address. */
  get isCopy(): boolean {
    return this.#source.isCopy;
  }

  /** @throws HttpProblem while no run is loaded */
  get engine(): Engine {
    return this.#current.engine;
  }

  get facts(): EngineFacts {
    return this.#current.engine.facts;
  }

  /** @throws HttpProblem while no run is loaded */
  get changes(): ChangeCounts {
    return this.#current.feed.counts;
  }

  /** The catalog as of the last visible change; undefined while no run is loaded. */
  get state(): CatalogState | undefined {
    return this.#served?.feed.state;
  }

  /** Whether changes can be taken at the moment. */
  get takesChanges(): boolean {
    return this.#served?.feed.journal.isOpen ?? false;
  }

  /**
   * Accepts the changes of a request, which are then durable.
   *
   * @returns how many they are, and the number of the last
   * @throws HttpProblem where an item is wrong, or this server may not write; ChangesError where a database does not answer
   */
  async accept({
    upsert = [],
    delete: deleted = [],
  }: ItemsRequest): Promise<{ readonly accepted: number; readonly sequence: number }> {
    await this.#exchange;
    const { feed, reader } = this.#current;
    const items = reader.readAll(upsert);
    if (feed.journal.readOnly !== undefined) throw new HttpProblem('conflict', feed.journal.readOnly);
    const changes: SentChange[] = [
      ...items.map((item, i) => ({ upsert: item, record: upsert[i] })),
      ...deleted.map((id) => ({ delete: idText(id) })),
    ];
    return { accepted: changes.length, sequence: await feed.accept(changes) };
  }

  /**
   * Loads the run again and lets it take over; searches go on meanwhile. Where that fails, the old one stays.
   *
   * @throws InputError if the run cannot be searched
   */
  reload(): Promise<ReloadResponse> {
    const before = this.#served?.engine.facts.run;
    const loaded = this.#inTurn(async (): Promise<ReloadResponse> => {
      this.#seen = await this.#source.signature(this.#closing.signal);
      this.#again = Number.POSITIVE_INFINITY;
      await this.#load({ signal: this.#closing.signal });
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

  /**
   * Looks every few seconds whether another run lies in the folder or at the address, and loads it once it is as complete as this one;
   * from an address, which others may watch too, after a pause by lot of at most `spread` milliseconds.
   */
  watch(milliseconds = 2000, { spread = SPREAD }: { readonly spread?: number } = {}): void {
    this.#spread = this.isCopy ? spread : 0;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      // An address may take longer to answer.
      if (this.#isLooking) return;
      this.#isLooking = true;
      void this.#inTurn(() => this.#look())
        .then(
          () => {
            this.#trouble = '';
          },
          (error: unknown) => this.#tell(error),
        )
        .finally(() => {
          this.#isLooking = false;
        });
    }, milliseconds);
    this.#timer.unref();
  }

  /** Lets changes that are being written and searches under way end. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#timer);
    await this.#loading;
    const served = this.#served;
    this.#served = undefined;
    if (served) await retire(served);
    await this.options.changes?.close();
  }

  #tell(error: unknown): void {
    const trouble = String(error);
    if (this.#closed || trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.options.onError('the run could not be looked at', error);
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

  async #look(): Promise<void> {
    const { signal } = this.#closing;
    const now = await this.#source.signature(signal);
    if (this.#closed || !this.#served) return;
    if (now !== this.#seen) this.#again = Math.min(this.#again, Date.now() + Math.random() * this.#spread);
    this.#seen = now;
    if (Date.now() < this.#again) return;
    this.#again = Number.POSITIVE_INFINITY;
    const { facts } = this.#served.engine;
    try {
      const run = await RunFolder.open(await this.#source.folder({ signal }));
      // A run that is being compiled is not better than the one that is served.
      if (facts.steps !== null && !run.stageDone('diffusion')) return;
      if (!run.stageDone('encode')) return;
      const { id, fingerprint } = await provenanceOf(run);
      if (id === facts.run.id && fingerprint === facts.run.fingerprint) return;
      await this.#load({ signal });
      this.options.onReload?.('done', `${this.facts.run.name} ${this.facts.run.fingerprint}`);
    } catch (error) {
      if (this.#closed) return;
      // It may be half uploaded, or what it needs may not answer just now.
      this.#again = Date.now() + TRY_AGAIN;
      this.options.onReload?.('failed', error instanceof Error ? error.message : String(error));
    }
  }

  /** Loads what is in the folder now and exchanges it for what is served. */
  async #load(control: RunControl): Promise<void> {
    const folder = await this.#source.folder(control);
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
  async #withChanges(fresh: Fresh, old: Served | undefined): Promise<Served> {
    const { engine, folder } = fresh;
    const { catalog } = engine.facts;
    const { changes, onError } = this.options;
    if (changes) return withSharedChanges(fresh, changes, onError);
    if (old && old.folder === folder && old.feed.journal.catalog === catalog) {
      await old.feed.attach(engine);
      return { ...fresh, feed: old.feed, lock: old.lock };
    }
    let done = () => {};
    this.#exchange = new Promise((resolve) => {
      done = resolve;
    });
    try {
      return await withOwnChanges(fresh, { old, isCopy: this.isCopy, onError });
    } finally {
      // Once the caller has put the new one in its place.
      setImmediate(() => {
        this.#exchange = undefined;
        done();
      });
    }
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
          if (this.#served.feed !== lost.feed) await lost.feed.close();
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
