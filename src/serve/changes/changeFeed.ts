/** From accepted changes to visible ones. */
import { setTimeout } from 'node:timers/promises';
import type { CatalogState, Engine } from '../engine/engine.js';
import type { Journal, JournalEntry, SentChange } from './journal.js';

/** Changes embedded at a time: searches wait for at most so many. */
const CHUNK = 32;
/** So often changes are tried to be embedded before they are given up, */
const TRIES = 3;
/** with pauses of so many milliseconds, the later ones longer. */
const RETRY = 1000;

/** Embeds accepted changes in the background, in their order, and brings new engines up to date. */
export class ChangeFeed {
  #engine: Engine | undefined;
  #pending: JournalEntry[] = [];
  #isWorking = false;
  #visible = 0;
  #state: CatalogState | undefined;

  constructor(
    readonly journal: Journal,
    private readonly onError: (error: unknown) => void,
  ) {
    journal.onEntries = (entries) => this.#receive(entries);
  }

  /** Number of the last change that searches see. */
  get visible(): number {
    return this.#visible;
  }

  /** Changes that searches do not see yet. */
  get pending(): number {
    const { sequence, read } = this.journal;
    return this.#pending.length + Math.max(0, sequence - read);
  }

  /** The catalog as of the last visible change. */
  get state(): CatalogState | undefined {
    return this.#state;
  }

  /** @returns the number of the last change, which is durable now */
  accept(changes: readonly SentChange[]): Promise<number> {
    return this.journal.append(changes);
  }

  /** Applies every journalled change to a fresh engine, then lets it take over. */
  async attach(engine: Engine): Promise<void> {
    let reached = 0;
    let state = await engine.state();
    for (let rest = this.journal.entries(); rest.length > 0; rest = this.journal.entries(reached)) {
      for (let start = 0; start < rest.length; start += CHUNK) {
        state = await engine.apply(rest.slice(start, start + CHUNK).map(({ change }) => change));
      }
      reached = rest[rest.length - 1].sequence;
    }
    // What is read and not among the entries has nothing to be applied.
    reached = Math.max(reached, this.journal.read);
    this.#engine = engine;
    this.#visible = reached;
    this.#state = state;
    this.#pending = this.#pending.filter(({ sequence }) => sequence > reached);
  }

  /** Gives its engine no more changes, and waits for what is being written. */
  close(): Promise<void> {
    this.#engine = undefined;
    return this.journal.close();
  }

  #receive(entries: readonly JournalEntry[]): void {
    // A fresh engine may have had one from the journal already.
    this.#pending.push(...entries.filter(({ sequence }) => sequence > this.#visible));
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    let failures = 0;
    while (this.#pending.length > 0 && this.#engine) {
      const engine = this.#engine;
      const chunk = this.#pending.slice(0, CHUNK);
      try {
        const state = await engine.apply(chunk.map(({ change }) => change));
        // Another engine may have taken over meanwhile; it has its own place.
        if (engine === this.#engine) this.#state = state;
      } catch (error) {
        this.onError(error);
        failures++;
      }
      if (engine !== this.#engine) continue;
      // An encoder that is asked over the network may be back in a moment.
      if (failures > 0 && failures < TRIES) {
        await setTimeout(RETRY * failures, undefined, { ref: false });
        continue;
      }
      failures = 0;
      const { sequence } = chunk[chunk.length - 1];
      this.#pending = this.#pending.filter((entry) => entry.sequence > sequence);
      this.#visible = Math.max(this.#visible, sequence);
    }
    if (this.#engine) this.#visible = Math.max(this.#visible, this.journal.read);
    this.#isWorking = false;
  }
}
