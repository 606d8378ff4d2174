/** A compiled catalog that goes on changing: items added, replaced and deleted without compiling again. */
import type { Item } from '../../catalog/item.js';
import { RowsById } from '../../catalog/rowsById.js';
import type { RuntimeOptions } from '../../engine/index.js';
import { gatherRows, type Matrix, matrix, row, rowRange, type VectorTable } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import type { Workspace } from '../../run/workspace.js';
import type { Drift } from '../http/schemas.js';
import { LiveIndex } from './liveIndex.js';
import { LiveItems } from './liveItems.js';

/** One change, ready to be applied: an item with its unit vector [d], or the id of one to delete. */
export type AppliedChange =
  | { readonly item: Item; readonly vector: Float32Array }
  | { readonly delete: string };

/** Compiled items whose nearest neighbours say which distance is usual. */
const SAMPLE = 500;
/** A catalog has drifted when this share of it has changed, */
const DRIFTED_SHARE = 0.1;
/** or when at least so many items are new to it and lie so many times farther off than usual. */
const NOVEL_ITEMS = 10;
const NOVEL_FACTOR = 2;
/** Dead rows are cleared away when there are more than this many, and more than living ones that came later. */
const DEAD_ROWS = 1000;

/**
 * Compiled items keep their rows; what comes later gets rows after them. An item whose text stays the same is replaced in
 * its place; one with another text dies in its row and gets a new one. Not for concurrent use: await `apply` before the next
 * search.
 */
export class LiveCatalog {
  readonly #compiled: Workspace;
  readonly #index: LiveIndex;
  readonly #compiledRows: RowsById;
  /** The rows of ids that were changed; undefined where they were deleted. */
  readonly #changedRows = new Map<string, number | undefined>();
  readonly #items: LiveItems;
  #living: number;
  /** The items as of the last change: what is known of a list of items is remembered by the list. */
  #snapshot: readonly Item[];
  /** Of the rows that came later; has room for more than are used. */
  #added: Matrix;
  #alive: Uint8Array;
  /** Every id that was ever changed, with the item that was compiled under it. */
  readonly #changed = new Map<string, Item | undefined>();
  /** Compiled rows whose item was replaced by one of the same text. */
  readonly #outdated = new Set<number>();
  /** 1 - cosine of each later row to its nearest compiled item. */
  readonly #distances: number[] = [];
  #usualDistance: number | null | undefined;

  constructor(compiled: Workspace, runtime: RuntimeOptions = {}) {
    this.#compiled = compiled;
    this.#index = new LiveIndex(compiled.index, runtime);
    this.#items = new LiveItems(compiled.items);
    this.#snapshot = compiled.items;
    this.#added = matrix(0, compiled.vectors.cols);
    this.#alive = new Uint8Array(compiled.items.length).fill(1);
    this.#living = compiled.items.length;
    this.#compiledRows = RowsById.of(compiled.items);
  }

  /** Items when it was compiled. */
  get compiledSize(): number {
    return this.#compiled.items.length;
  }

  /** Items that can be found. */
  get size(): number {
    return this.#living;
  }

  /** What retrieval searches now, dead rows included; good until the next `apply`. */
  get workspace(): Workspace {
    return { ...this.#compiled, items: this.#snapshot, vectors: this.#usedVectors(), index: this.#index };
  }

  /** The item of an id. */
  item(id: string): Item | undefined {
    const at = this.rowOf(id);
    return at === undefined ? undefined : this.#items.at(at);
  }

  /** The row of an id that can be found. */
  rowOf(id: string): number | undefined {
    return this.#changedRows.has(id) ? this.#changedRows.get(id) : this.#compiledRows.get(id);
  }

  /** One byte a row, 0 = deleted or replaced; undefined where every row can be found. */
  get alive(): Uint8Array | undefined {
    const alive = this.#alive.subarray(0, this.#items.length);
    return alive.includes(0) ? alive : undefined;
  }

  /** Whether the item came from a change, not from the compiled catalog. */
  isChanged(id: string): boolean {
    return this.#changed.has(id);
  }

  /** Rows of the items that can be found. */
  livingRows(): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.#items.length; row++) if (this.#alive[row] === 1) rows.push(row);
    return rows;
  }

  /** Applies changes in their order; deleting an id that nobody knows is no error. */
  async apply(changes: readonly AppliedChange[]): Promise<void> {
    for (const change of changes) {
      const id = 'item' in change ? change.item.id : change.delete;
      const at = this.rowOf(id);
      if (!this.#changed.has(id)) this.#changed.set(id, at === undefined ? undefined : this.#items.at(at));
      if ('item' in change && at !== undefined && this.#items.at(at).text === change.item.text) {
        this.#items.set(at, change.item);
        if (at < this.compiledSize) this.#outdated.add(at);
        continue;
      }
      if (at !== undefined) {
        this.#alive[at] = 0;
        this.#living--;
      }
      if ('item' in change) this.#append(change.item, change.vector);
      else this.#changedRows.set(id, undefined);
    }
    const fresh = rowRange(this.#added, this.#distances.length, this.#late);
    this.#distances.push(...(await this.#distancesTo(fresh, 0)));
    if (this.#clearDeadRows() || fresh.rows > 0) {
      await this.#index.setAdded(rowRange(this.#added, 0, this.#late));
    }
    this.#index.setOutdated([...this.#outdated]);
    this.#index.setAlive(this.#alive.subarray(0, this.#items.length));
    this.#snapshot = this.#items.snapshot();
  }

  /** How far the catalog has moved from what was compiled. */
  async drift(): Promise<Drift> {
    const counts = { added: 0, updated: 0, deleted: 0 };
    let moved = 0;
    for (const [id, before] of this.#changed) {
      const now = this.item(id);
      if (before && now) counts.updated++;
      else if (before) counts.deleted++;
      else if (now) counts.added++;
      if (before?.text !== now?.text) moved++;
    }
    const late = this.livingRows().filter((i) => i >= this.compiledSize);
    const total = late.reduce((sum, i) => sum + this.#distances[i - this.compiledSize], 0);
    const distance = late.length > 0 ? total / late.length : null;
    const usual = await this.#usual();
    const novel =
      late.length >= NOVEL_ITEMS && distance! > NOVEL_FACTOR * (usual ?? Number.POSITIVE_INFINITY);
    const share = moved / this.compiledSize;
    return {
      ...counts,
      share,
      distance,
      catalogDistance: usual,
      recompile: share >= DRIFTED_SHARE || novel,
    };
  }

  /** Rows that came later. */
  get #late(): number {
    return this.#items.length - this.compiledSize;
  }

  #usedVectors(): VectorTable {
    const { vectors } = this.#compiled;
    return this.#late === 0 ? vectors : stacked(vectors, rowRange(this.#added, 0, this.#late));
  }

  #append(item: Item, vector: Float32Array): void {
    if (this.#late === this.#added.rows) this.#grow();
    const at = this.#items.push(item);
    row(this.#added, at - this.compiledSize).set(vector);
    this.#alive[at] = 1;
    this.#living++;
    this.#changedRows.set(item.id, at);
  }

  #grow(): void {
    const { rows, cols } = this.#added;
    const grown = matrix(rows + Math.max(256, rows >> 2), cols);
    grown.data.set(this.#added.data);
    this.#added = grown;
    const alive = new Uint8Array(this.compiledSize + grown.rows);
    alive.set(this.#alive);
    this.#alive = alive;
  }

  /** Clears away later rows that are dead; the compiled ones are part of their index. Returns whether rows moved. */
  #clearDeadRows(): boolean {
    const first = this.compiledSize;
    const living = this.livingRows().filter((i) => i >= first);
    const dead = this.#items.length - first - living.length;
    if (dead <= DEAD_ROWS || dead <= living.length) return false;
    // Rows only move down, and in their order.
    living.forEach((from, i) => {
      const to = first + i;
      row(this.#added, i).set(row(this.#added, from - first));
      this.#items.set(to, this.#items.at(from));
      this.#distances[i] = this.#distances[from - first];
      this.#alive[to] = 1;
      this.#changedRows.set(this.#items.at(to).id, to);
    });
    this.#items.cut(first + living.length);
    this.#distances.length = living.length;
    return true;
  }

  /** 1 - cosine of each row to the nearest compiled item, leaving out the `skip` nearest. */
  async #distancesTo(vectors: Matrix, skip: 0 | 1): Promise<number[]> {
    if (vectors.rows === 0) return [];
    const { scores, k } = await this.#compiled.index.search(vectors, { k: skip + 1 });
    return Array.from({ length: vectors.rows }, (_, i) => Math.max(0, 1 - scores[i * k + skip]));
  }

  /** The usual distance between neighbours of the compiled catalog; null where there are none. */
  async #usual(): Promise<number | null> {
    if (this.#usualDistance !== undefined) return this.#usualDistance;
    if (this.compiledSize < 2) return null;
    const rows = new CounterRandom(0, 'serve/drift').permutation(this.compiledSize).subarray(0, SAMPLE);
    // An item's nearest is itself.
    const distances = await this.#distancesTo(gatherRows(this.#compiled.vectors, rows), 1);
    this.#usualDistance = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
    return this.#usualDistance;
  }
}

/** Two tables as one, the second after the first. */
function stacked(first: VectorTable, second: Matrix): VectorTable {
  const { rows, cols } = first;
  return {
    rows: rows + second.rows,
    cols,
    read(start, end) {
      if (end <= rows) return rowRange(first, start, end);
      if (start >= rows) return rowRange(second, start - rows, end - rows);
      const out = matrix(end - start, cols);
      out.data.set(rowRange(first, start, rows).data);
      out.data.set(rowRange(second, 0, end - rows).data, (rows - start) * cols);
      return out;
    },
  };
}
