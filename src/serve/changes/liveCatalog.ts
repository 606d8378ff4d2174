/** A compiled catalog that goes on changing: items added, replaced and deleted without compiling again. */
import type { Item } from '../../catalog/item.js';
import type { RuntimeOptions } from '../../engine/index.js';
import { gatherRows, type Matrix, matrix, row, rowRange } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import type { Workspace } from '../../run/workspace.js';
import type { Drift } from '../http/schemas.js';
import { LiveIndex } from './liveIndex.js';

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
  readonly #rowOf: Map<string, number>;
  readonly #items: Item[];
  /** The items as of the last change: what is known of a list of items is remembered by the list. */
  #snapshot: readonly Item[];
  /** Has room for more rows than are used. */
  #vectors: Matrix;
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
    this.#items = compiled.items.slice();
    this.#snapshot = compiled.items;
    this.#vectors = compiled.vectors;
    this.#alive = new Uint8Array(compiled.items.length).fill(1);
    this.#rowOf = new Map(compiled.items.map(({ id }, i) => [id, i]));
  }

  /** Items when it was compiled. */
  get compiledSize(): number {
    return this.#compiled.items.length;
  }

  /** Items that can be found. */
  get size(): number {
    return this.#rowOf.size;
  }

  /** What retrieval searches now, dead rows included; good until the next `apply`. */
  get workspace(): Workspace {
    return { ...this.#compiled, items: this.#snapshot, vectors: this.#usedVectors(), index: this.#index };
  }

  /** The item of an id. */
  item(id: string): Item | undefined {
    const at = this.#rowOf.get(id);
    return at === undefined ? undefined : this.#items[at];
  }

  /** The row of an id that can be found. */
  rowOf(id: string): number | undefined {
    return this.#rowOf.get(id);
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
    return [...this.#rowOf.values()].sort((a, b) => a - b);
  }

  /** Applies changes in their order; deleting an id that nobody knows is no error. */
  async apply(changes: readonly AppliedChange[]): Promise<void> {
    for (const change of changes) {
      const id = 'item' in change ? change.item.id : change.delete;
      const at = this.#rowOf.get(id);
      if (!this.#changed.has(id)) this.#changed.set(id, at === undefined ? undefined : this.#items[at]);
      if ('item' in change && at !== undefined && this.#items[at].text === change.item.text) {
        this.#items[at] = change.item;
        if (at < this.compiledSize) this.#outdated.add(at);
        continue;
      }
      if (at !== undefined) this.#alive[at] = 0;
      if ('item' in change) this.#append(change.item, change.vector);
      else this.#rowOf.delete(id);
    }
    const first = this.compiledSize + this.#distances.length;
    const fresh = rowRange(this.#vectors, first, this.#items.length);
    this.#distances.push(...(await this.#distancesTo(fresh, 0)));
    if (this.#clearDeadRows() || fresh.rows > 0) {
      await this.#index.setAdded(rowRange(this.#vectors, this.compiledSize, this.#items.length));
    }
    this.#index.setOutdated([...this.#outdated]);
    this.#index.setAlive(this.#alive.subarray(0, this.#items.length));
    this.#snapshot = this.#items.slice();
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

  #usedVectors(): Matrix {
    return rowRange(this.#vectors, 0, this.#items.length);
  }

  #append(item: Item, vector: Float32Array): void {
    const at = this.#items.length;
    if (at === this.#vectors.rows) this.#grow();
    row(this.#vectors, at).set(vector);
    this.#alive[at] = 1;
    this.#items.push(item);
    this.#rowOf.set(item.id, at);
  }

  #grow(): void {
    const { rows, cols } = this.#vectors;
    const grown = matrix(rows + Math.max(256, rows >> 2), cols);
    grown.data.set(this.#vectors.data);
    this.#vectors = grown;
    const alive = new Uint8Array(grown.rows);
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
      row(this.#vectors, to).set(row(this.#vectors, from));
      this.#items[to] = this.#items[from];
      this.#distances[to - first] = this.#distances[from - first];
      this.#alive[to] = 1;
      this.#rowOf.set(this.#items[to].id, to);
    });
    this.#items.length = first + living.length;
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
