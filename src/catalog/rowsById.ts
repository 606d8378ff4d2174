import { hashText } from './hash.js';
import { HashTable } from './hashTable.js';
import type { Item } from './item.js';

/** Where the item of an id is. */
export interface RowOf {
  get(id: string): number | undefined;
  has(id: string): boolean;
  /** All ids, in the order of the catalog. */
  keys(): Iterable<string>;
  /** Ids with their rows. */
  [Symbol.iterator](): Iterator<[string, number]>;
}

/**
 * Row numbers by item id, and by the ids of an item's variants. The ids themselves are not kept a second time: an id is looked up in
 * the items, of which only those are read whose id has the same hash.
 */
export class RowsById implements RowOf {
  readonly #table = new HashTable();
  /** The row of each entry, where there are more entries than items; else the entry itself. */
  #rows: number[] | undefined;

  /**
   * @param items grows with what is added
   * @param idsOf the ids of an item and its variants
   */
  constructor(
    private readonly items: { readonly length: number; at(row: number): Item | undefined },
    private readonly idsOf: (item: Item) => readonly string[] = ({ id }) => [id],
  ) {}

  /** Of all items, each with an id of its own. */
  static of(items: readonly Item[]): RowsById {
    const rows = new RowsById(items);
    let row = 0;
    for (const { id } of items) rows.add(id, row++);
    return rows;
  }

  /** Ids come with their items, row by row. */
  add(id: string, row: number): void {
    const entry = this.#table.add(hashText(id));
    if (entry !== row) this.#rows ??= Array.from({ length: entry }, (_, i) => i);
    this.#rows?.push(row);
  }

  get(id: string): number | undefined {
    const entry = this.#table.find(hashText(id), (at) =>
      this.idsOf(this.items.at(this.#rowAt(at))!).includes(id),
    );
    return entry < 0 ? undefined : this.#rowAt(entry);
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  *keys(): Generator<string> {
    for (const [id] of this) yield id;
  }

  /** Ids with their rows. */
  *[Symbol.iterator](): Generator<[string, number]> {
    for (let row = 0; row < this.items.length; row++)
      for (const id of new Set(this.idsOf(this.items.at(row)!))) if (this.get(id) === row) yield [id, row];
  }

  #rowAt(entry: number): number {
    return this.#rows ? this.#rows[entry] : entry;
  }
}
