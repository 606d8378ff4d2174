/** From accepted changes to visible ones. */
import type { CatalogState, Engine } from '../engine/engine.js';
import { Backlog, type Waiting } from './backlog.js';
import type { Journal, JournalEntry, SentChange } from './journal.js';

/** Changes embedded at a time: searches wait for at most so many. */
const CHUNK = 32;
/** Milliseconds until failed changes are tried again, doubled each time that none of them succeeds. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;
/** After so many failures in a row it is not the changes: an encoder that is asked over the network is away. */
const MOST_FAILURES = 3;

/** How far accepted changes have come. */
export interface ChangeCounts {
  /** Number of the last accepted change. */
  readonly accepted: number;
  /** Searches see every change up to this number. */
  readonly visible: number;
  /** Changes that they do not see yet. */
  readonly pending: number;
  /** Those of them that could not be embedded, and are tried again. */
  readonly failed: number;
}

export interface ChangeFeedOptions {
  readonly onError: (message: string, error: unknown) => void;
  /** Milliseconds until failed changes are first tried again (1000). */
  readonly retry?: number;
}

/**
 * Embeds accepted changes in the background, those of an item in their order, and brings new engines up to date. Changes that fail
 * stay pending: they are set aside, tried again after ever longer pauses, up to a minute, and hold up no others.
 */
export class ChangeFeed {
  #engine: Engine | undefined;
  #backlog = new Backlog();
  /** Number of the last change that was received. */
  #received = 0;
  #isWorking = false;
  #state: CatalogState | undefined;
  /** The failed items that are being tried again. */
  #again: readonly string[] = [];
  #failures = 0;
  #pause: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly journal: Journal,
    private readonly options: ChangeFeedOptions,
  ) {
    this.#pause = this.#firstPause;
    journal.onEntries = (entries) => this.#receive(entries);
  }

  get counts(): ChangeCounts {
    const { sequence, read } = this.journal;
    const { first, size, failed } = this.#backlog;
    const visible = first === undefined ? Math.max(this.#received, this.#engine ? read : 0) : first - 1;
    return { accepted: sequence, visible, pending: size + Math.max(0, sequence - read), failed };
  }

  /** The catalog as of the last visible change. */
  get state(): CatalogState | undefined {
    return this.#state;
  }

  /** @returns the number of the last change, which is durable now */
  accept(changes: readonly SentChange[]): Promise<number> {
    return this.journal.append(changes);
  }

  /**
   * Applies every journalled change to a fresh engine, then lets it take over; those that fail stay pending.
   *
   * @throws where several fail in a row, each by itself: that is the encoder, and no other run is better for it
   */
  async attach(engine: Engine): Promise<void> {
    const backlog = new Backlog();
    let reached = 0;
    let state = await engine.state();
    let failures = 0;
    const attempt = async (chunk: readonly Waiting[]): Promise<void> => {
      try {
        state = await engine.apply(changesOf(chunk));
        backlog.done(chunk);
        failures = 0;
      } catch (error) {
        backlog.fail(chunk);
        if (chunk.length > 1) {
          for (const waiting of chunk) await attempt([waiting]);
          return;
        }
        if (++failures === MOST_FAILURES) throw error;
        this.#tell(chunk, error);
      }
    };
    for (let rest = this.journal.entries(); rest.length > 0; rest = this.journal.entries(reached)) {
      for (const entry of rest) backlog.add(entry);
      for (let chunk = backlog.next(CHUNK); chunk.length > 0; chunk = backlog.next(CHUNK))
        await attempt(chunk);
      reached = rest[rest.length - 1].sequence;
    }
    this.#engine = engine;
    this.#backlog = backlog;
    // What is read and not among the entries has nothing to be applied.
    this.#received = Math.max(reached, this.journal.read);
    this.#state = state;
    this.#rest();
    if (backlog.failed > 0) this.#wait();
  }

  /** Gives its engine no more changes, and waits for what is being written. */
  close(): Promise<void> {
    this.#engine = undefined;
    clearTimeout(this.#timer);
    return this.journal.close();
  }

  #receive(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      // A fresh engine may have had one from the journal already.
      if (entry.sequence <= this.#received) continue;
      this.#backlog.add(entry);
      this.#received = entry.sequence;
    }
    if (!this.#isWorking) void this.#work();
  }

  /** Fresh changes first, then those that are tried again. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#engine) {
      const fresh = this.#backlog.next(CHUNK);
      const chunk = fresh.length > 0 ? fresh : this.#backlog.nextFailed(this.#again, CHUNK);
      if (chunk.length === 0) break;
      const engine = this.#engine;
      let failure: { readonly error: unknown } | undefined;
      let state: CatalogState | undefined;
      try {
        state = await engine.apply(changesOf(chunk));
      } catch (error) {
        failure = { error };
      }
      // Another engine may have taken over meanwhile; it has its own place.
      if (engine !== this.#engine) continue;
      if (failure) this.#fail(chunk, failure.error, chunk === fresh);
      else {
        this.#state = state;
        this.#backlog.done(chunk);
        if (chunk !== fresh) this.#goOn(chunk);
      }
    }
    this.#isWorking = false;
    if (this.#engine) this.#endRound();
  }

  #fail(chunk: readonly Waiting[], error: unknown, isFresh: boolean): void {
    this.#tell(chunk, error);
    if (isFresh) {
      this.#backlog.fail(chunk);
      this.#wait();
      return;
    }
    this.#failures++;
    if (chunk.length > 1) this.#backlog.separate(chunk);
    else {
      this.#backlog.fail(chunk);
      this.#again = this.#again.filter((id) => id !== chunk[0].id);
    }
    if (this.#failures === MOST_FAILURES) this.#endRound();
  }

  /** Something of what is tried again has succeeded. */
  #goOn(chunk: readonly Waiting[]): void {
    const done = new Set(chunk.map(({ id }) => id));
    this.#again = this.#again.filter((id) => !done.has(id));
    this.#failures = 0;
    this.#pause = this.#firstPause;
  }

  #endRound(): void {
    this.#again = [];
    this.#failures = 0;
    if (this.#backlog.failed > 0) this.#wait();
    else this.#rest();
  }

  /** Tries the failed ones again after a pause, unless that is to come already. */
  #wait(): void {
    if (this.#timer !== undefined || this.#again.length > 0 || !this.#engine) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#again = this.#backlog.failedIds();
      if (!this.#isWorking) void this.#work();
    }, this.#pause);
    this.#timer.unref();
    this.#pause = Math.min(2 * this.#pause, LAST_RETRY);
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#again = [];
    this.#failures = 0;
    this.#pause = this.#firstPause;
  }

  get #firstPause(): number {
    return this.options.retry ?? FIRST_RETRY;
  }

  #tell(chunk: readonly Waiting[], error: unknown): void {
    const [{ id }] = chunk;
    const others = chunk.length > 1 ? ` and ${chunk.length - 1} others` : '';
    this.options.onError(
      `changes of item "${id}"${others} could not be embedded; they are tried again`,
      error,
    );
  }
}

const changesOf = (chunk: readonly Waiting[]) => chunk.map(({ entry }) => entry.change);
