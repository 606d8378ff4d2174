/** From accepted changes to visible ones. */
import type { CatalogState, Engine, ItemChange } from '../engine/engine.js';
import type { Journal, JournalEntry } from './journal.js';

/** Changes embedded at a time: searches wait for at most so many. */
const CHUNK = 32;

/** Embeds accepted changes in the background, in their order, and brings new engines up to date. */
export class ChangeFeed {
  #engine: Engine | undefined;
  #pending: Pick<JournalEntry, 'sequence' | 'change'>[] = [];
  #working: Promise<void> | undefined;
  #visible = 0;
  #state: CatalogState | undefined;

  constructor(
    readonly journal: Journal,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Number of the last change that searches see. */
  get visible(): number {
    return this.#visible;
  }

  /** Changes that searches do not see yet. */
  get pending(): number {
    return this.#pending.length;
  }

  /** The catalog as of the last visible change. */
  get state(): CatalogState | undefined {
    return this.#state;
  }

  /** @returns the number of the last change, which is on disk now */
  async accept(changes: readonly ItemChange[]): Promise<number> {
    const sequence = await this.journal.append(changes);
    const first = sequence - changes.length + 1;
    changes.forEach((change, i) => {
      // A fresh engine may have had it from the journal already.
      if (first + i > this.#visible) this.#pending.push({ sequence: first + i, change });
    });
    this.#working ??= this.#work();
    return sequence;
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
    this.#engine = engine;
    this.#visible = reached;
    this.#state = state;
    this.#pending = this.#pending.filter(({ sequence }) => sequence > reached);
  }

  /** Waits until nothing is pending. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#pending.length > 0 && this.#engine) {
      const engine = this.#engine;
      const chunk = this.#pending.slice(0, CHUNK);
      try {
        const state = await engine.apply(chunk.map(({ change }) => change));
        // Another engine may have taken over meanwhile; it has its own place.
        if (engine === this.#engine) this.#state = state;
      } catch (error) {
        this.onError(error);
      }
      if (engine !== this.#engine) continue;
      const { sequence } = chunk[chunk.length - 1];
      this.#pending = this.#pending.filter((entry) => entry.sequence > sequence);
      this.#visible = Math.max(this.#visible, sequence);
    }
    this.#working = undefined;
  }
}
