/** Which rows of the catalog a search may return. */
import type { Item } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import { dot, type Matrix, row } from '../matrix.js';

/** What is known of each row. */
export interface CatalogContent {
  readonly items: readonly Item[];
  /** Unit rows [items, d]. */
  readonly vectors: Matrix;
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
  // Who does not want an item does not want its text again, though another picture may be with it.
  const excluded = new Set(items.flatMap(({ id, text }) => (ids.has(id) ? [normalizeKey(text)] : [])));
  const out = mask ? mask.slice() : new Uint8Array(items.length).fill(1);
  const firsts = new FirstRows(vectors);
  for (const [i, { text }] of items.entries()) {
    if (out[i] === 0) continue;
    const key = normalizeKey(text);
    if (excluded.has(key) || firsts.of(key, i) !== i) out[i] = 0;
  }
  return out;
}

const distinct = new WeakMap<readonly Item[], { readonly mask?: Uint8Array }>();

function distinctItems(content: CatalogContent): Uint8Array | undefined {
  const known = distinct.get(content.items);
  if (known) return known.mask;
  const first = firstOfSame(content);
  const mask = first.some((other, i) => other !== i)
    ? Uint8Array.from(first, (other, i) => Number(other === i))
    : undefined;
  distinct.set(content.items, { mask });
  return mask;
}

/** For each row the first row with the same text and vector: [items]. */
export function firstOfSame({ items, vectors }: CatalogContent): Int32Array {
  const firsts = new FirstRows(vectors);
  return Int32Array.from(items, ({ text }, i) => firsts.of(normalizeKey(text), i));
}

/** The first row of each text; several where their vectors differ. */
class FirstRows {
  readonly #rows = new Map<string, number[]>();

  constructor(private readonly vectors: Matrix) {}

  of(key: string, i: number): number {
    const rows = this.#rows.get(key);
    if (!rows) {
      this.#rows.set(key, [i]);
      return i;
    }
    const vector = row(this.vectors, i);
    const same = rows.find((other) => dot(row(this.vectors, other), vector) >= SAME);
    if (same === undefined) rows.push(i);
    return same ?? i;
  }
}
