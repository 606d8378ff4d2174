/** Which rows of the catalog a search may return. */
import type { Item } from '../catalog/item.js';
import { rowsOfSameText, rowsWithIds, textKeys } from '../catalog/itemKeys.js';
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
  const out = mask ? mask.slice() : new Uint8Array(items.length).fill(1);
  if (ids.size > 0) {
    // Who does not want an item does not want its text again, though another picture may be with it.
    const keys = textKeys(items);
    const excluded = new Set(rowsWithIds(items, ids).map((row) => keys[row]));
    for (let i = 0; i < out.length; i++) if (excluded.has(keys[i])) out[i] = 0;
  }
  forEachRepeat({ items, vectors }, out, (i) => {
    out[i] = 0;
  });
  return out;
}

const distinct = new WeakMap<readonly Item[], { readonly mask?: Uint8Array }>();

function distinctItems(content: CatalogContent): Uint8Array | undefined {
  const { items } = content;
  const known = distinct.get(items);
  if (known) return known.mask;
  let mask: Uint8Array | undefined;
  forEachRepeat(content, undefined, (i) => {
    mask ??= new Uint8Array(items.length).fill(1);
    mask[i] = 0;
  });
  distinct.set(items, { mask });
  return mask;
}

/** For each row the first row with the same text and vector: [items]. */
export function firstOfSame(content: CatalogContent): Int32Array {
  const firsts = Int32Array.from({ length: content.items.length }, (_, i) => i);
  forEachRepeat(content, undefined, (i, first) => {
    firsts[i] = first;
  });
  return firsts;
}

/** Tells of each passing row that is the same as an earlier one, and of the first of those. */
function forEachRepeat(
  { items, vectors }: CatalogContent,
  mask: Uint8Array | undefined,
  tell: (row: number, first: number) => void,
): void {
  for (const rows of rowsOfSameText(items)) {
    const different: number[] = [];
    for (const i of rows) {
      if (mask?.[i] === 0) continue;
      const vector = row(vectors, i);
      const first = different.find((other) => dot(row(vectors, other), vector) >= SAME);
      if (first === undefined) different.push(i);
      else tell(i, first);
    }
  }
}
