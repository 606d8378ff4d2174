import type { Item } from '../../catalog/item.js';
import { type LazyList, lazyArray, lazyListOf } from '../../lazyArray.js';

/** Compiled items with changes laid over them. */
export class LiveItems {
  readonly #compiled: readonly Item[];
  readonly #replaced = new Map<number, Item>();
  readonly #added: Item[] = [];

  constructor(compiled: readonly Item[]) {
    this.#compiled = compiled;
  }

  get length(): number {
    return this.#compiled.length + this.#added.length;
  }

  at(row: number): Item {
    const late = row - this.#compiled.length;
    return late >= 0 ? this.#added[late] : (this.#replaced.get(row) ?? this.#compiled[row]);
  }

  set(row: number, item: Item): void {
    const late = row - this.#compiled.length;
    if (late >= 0) this.#added[late] = item;
    else this.#replaced.set(row, item);
  }

  /** @returns its row */
  push(item: Item): number {
    return this.#compiled.length + this.#added.push(item) - 1;
  }

  /** Leaves out all from a row on that is not a compiled one. */
  cut(length: number): void {
    this.#added.length = length - this.#compiled.length;
  }

  /** The items as they are now; compiled ones that are not in memory stay where they are. */
  snapshot(): readonly Item[] {
    const added = this.#added.slice();
    const list = lazyListOf(this.#compiled);
    if (list) return lazyArray(overlaid(list, new Map(this.#replaced), added));
    const all = [...this.#compiled, ...added];
    for (const [row, item] of this.#replaced) all[row] = item;
    return all;
  }
}

function overlaid(
  compiled: LazyList<Item>,
  replaced: ReadonlyMap<number, Item>,
  added: readonly Item[],
): LazyList<Item> {
  return {
    length: compiled.length + added.length,
    at: (row) =>
      row < compiled.length ? (replaced.get(row) ?? compiled.at(row)) : added[row - compiled.length],
    *all() {
      let row = 0;
      for (const item of { [Symbol.iterator]: () => compiled.all() }) yield replaced.get(row++) ?? item;
      yield* added;
    },
    source: (row) =>
      row < compiled.length ? (replaced.get(row) ?? compiled.source?.(row)) : added[row - compiled.length],
  };
}
