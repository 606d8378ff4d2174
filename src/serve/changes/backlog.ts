/** Accepted changes that searches do not see yet. */
import type { JournalEntry } from './journal.js';

/** The changes of one item: the last is all that counts. */
export interface Waiting {
  readonly id: string;
  readonly entry: JournalEntry;
  /** Number of the first change of the item that searches do not see. */
  readonly since: number;
  /** How many they are. */
  readonly count: number;
  /** Whether it is to be tried by itself, since it failed with others. */
  readonly alone: boolean;
}

/** Fresh changes, and those that have failed and wait to be tried again; each item is in one of the two. */
export class Backlog {
  readonly #fresh = new Map<string, Waiting>();
  readonly #failed = new Map<string, Waiting>();

  /** Changes that searches do not see. */
  get size(): number {
    return countOf(this.#fresh) + countOf(this.#failed);
  }

  /** Those of them that have failed. */
  get failed(): number {
    return countOf(this.#failed);
  }

  /** The least number of a change that searches do not see; undefined where there is none. */
  get first(): number | undefined {
    let first: number | undefined;
    for (const { since } of [...this.#fresh.values(), ...this.#failed.values()])
      first = Math.min(first ?? since, since);
    return first;
  }

  /** A later change takes the place of an earlier one of its item, also of one that failed. */
  add(entry: JournalEntry): void {
    const { change, sequence } = entry;
    const id = 'upsert' in change ? change.upsert.id : change.delete;
    const before = this.#fresh.get(id) ?? this.#failed.get(id);
    this.#failed.delete(id);
    const [since, count] = [before?.since ?? sequence, (before?.count ?? 0) + 1];
    this.#fresh.set(id, { id, entry, since, count, alone: false });
  }

  /** At most so many fresh ones, in their order. */
  next(most: number): Waiting[] {
    return [...this.#fresh.values()].slice(0, most);
  }

  /** The items that have failed, the longest untried first. */
  failedIds(): string[] {
    return [...this.#failed.keys()];
  }

  /** Those of these items that still are among the failed, from the first on: one that is to be tried alone, or at most so many others. */
  nextFailed(ids: readonly string[], most: number): Waiting[] {
    const chunk: Waiting[] = [];
    for (const id of ids) {
      const waiting = this.#failed.get(id);
      if (!waiting) continue;
      if (waiting.alone && chunk.length > 0) break;
      chunk.push(waiting);
      if (waiting.alone || chunk.length === most) break;
    }
    return chunk;
  }

  /** Searches see these now; what came of their items meanwhile stays. */
  done(chunk: readonly Waiting[]): void {
    for (const { id, entry, count } of chunk) {
      for (const part of [this.#fresh, this.#failed]) {
        const now = part.get(id);
        if (now?.entry === entry) part.delete(id);
        else if (now) part.set(id, { ...now, since: entry.sequence + 1, count: now.count - count });
      }
    }
  }

  /** These have failed together; what came of their items meanwhile is fresh. */
  fail(chunk: readonly Waiting[]): void {
    for (const waiting of chunk) {
      const { id, entry } = waiting;
      const now = this.#fresh.get(id) ?? this.#failed.get(id) ?? waiting;
      if (now.entry !== entry) continue;
      this.#fresh.delete(id);
      // Behind those that have waited longer.
      this.#failed.delete(id);
      this.#failed.set(id, waiting);
    }
  }

  /** These have failed together once more: each is tried by itself next. */
  separate(chunk: readonly Waiting[]): void {
    for (const { id, entry } of chunk) {
      const now = this.#failed.get(id);
      if (now?.entry === entry) this.#failed.set(id, { ...now, alone: true });
    }
  }
}

const countOf = (part: ReadonlyMap<string, Waiting>): number =>
  [...part.values()].reduce((sum, { count }) => sum + count, 0);
