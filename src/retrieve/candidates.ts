/** Which rows of the catalog a search may return. */
import { HashTable } from '../catalog/hashTable.js';
import type { Item } from '../catalog/item.js';
import { rowsWithIds, textKeys } from '../catalog/itemKeys.js';
import { dot, row, type VectorTable } from '../matrix.js';

/** What is known of each row. */
export interface CatalogContent {
  readonly items: readonly Item[];
  /** Unit rows [items, d]. */
  readonly vectors: VectorTable;
}

export interface CandidateOptions {
  /** One byte a row, 1 = may be returned (all). */
  readonly mask?: Uint8Array;
  /** Ids of items that are not wanted. */
  readonly exclude?: Iterable<string>;
}

/** Vectors of the same text differ by no more than rounding; those of different pictures do. */
const SAME = 1 - 1e-5;

/**
 * The rows that may be returned, one byte each: those that pass the mask and are not excluded, and of items that are the same to
 * whoever searches, by their text (but for case and white space) and their vector, the first. Undefined where every row may be.
 */
export function candidateMask(
  { items, vectors }: CatalogContent,
  { mask, exclude = [] }: CandidateOptions = {},
): Uint8Array | undefined {
  const ids = new Set(exclude);
  if (!mask && ids.size === 0) return distinctItems({ items, vectors });
  const keys = textKeys(items);
  const out = mask ? mask.slice() : new Uint8Array(items.length).fill(1);
  // Who does not want an item does not want its text again, though another picture may be with it.
  const excluded = new Set(rowsWithIds(items, ids).map((row) => keys[row]));
  const firsts = new FirstRows(keys, vectors);
  for (let i = 0; i < out.length; i++)
    if (out[i] !== 0 && (excluded.has(keys[i]) || firsts.of(i) !== i)) out[i] = 0;
  return out;
}

const distinct = new WeakMap<readonly Item[], { readonly mask?: Uint8Array }>();

function distinctItems(content: CatalogContent): Uint8Array | undefined {
  const known = distinct.get(content.items);
  if (known) return known.mask;
  const first = firstOfSame(content);
  const mask = first.some((other, i) => other !== i) ? new Uint8Array(first.length) : undefined;
  mask?.forEach((_, i) => {
    mask[i] = Number(first[i] === i);
  });
  distinct.set(content.items, { mask });
  return mask;
}

/** For each row the first row with the same text and vector: [items]. */
export function firstOfSame({ items, vectors }: CatalogContent): Int32Array {
  const firsts = new FirstRows(textKeys(items), vectors);
  return Int32Array.from({ length: items.length }, (_, i) => firsts.of(i));
}

/** The first row of each text; several where their vectors differ. */
class FirstRows {
  readonly #table = new HashTable();
  readonly #rows: number[] = [];

  constructor(
    private readonly keys: Float64Array,
    private readonly vectors: VectorTable,
  ) {}

  of(i: number): number {
    const key = this.keys[i];
    let vector: Float32Array | undefined;
    const entry = this.#table.find(key, (at) => {
      vector ??= row(this.vectors, i);
      return dot(row(this.vectors, this.#rows[at]), vector) >= SAME;
    });
    if (entry >= 0) return this.#rows[entry];
    this.#table.add(key);
    this.#rows.push(i);
    return i;
  }
}
