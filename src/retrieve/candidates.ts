/** Which rows of the catalog a search may return. */
import type { Item } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';

export interface CandidateOptions {
  /** One byte a row, 1 = may be returned (all). */
  readonly mask?: Uint8Array;
  /** Ids of items that are not wanted. */
  readonly exclude?: Iterable<string>;
}

/**
 * The rows that may be returned, one byte each: those that pass the mask and are not excluded, and of items with the same text
 * (but for case and white space) the first, as they are one thing to whoever searches. Undefined where every row may be.
 */
export function candidateMask(
  items: readonly Item[],
  { mask, exclude = [] }: CandidateOptions = {},
): Uint8Array | undefined {
  const ids = new Set(exclude);
  if (!mask && ids.size === 0) return distinctTexts(items);
  // An excluded item's equals are not wanted either.
  const excluded = new Set(items.flatMap(({ id, text }) => (ids.has(id) ? [normalizeKey(text)] : [])));
  const out = mask ? mask.slice() : new Uint8Array(items.length).fill(1);
  const seen = new Set<string>();
  for (const [row, { text }] of items.entries()) {
    if (out[row] === 0) continue;
    const key = normalizeKey(text);
    if (seen.has(key) || excluded.has(key)) out[row] = 0;
    seen.add(key);
  }
  return out;
}

const distinct = new WeakMap<readonly Item[], { readonly mask?: Uint8Array }>();

function distinctTexts(items: readonly Item[]): Uint8Array | undefined {
  const known = distinct.get(items);
  if (known) return known.mask;
  const first = firstOfText(items);
  const mask = first.some((other, row) => other !== row)
    ? Uint8Array.from(first, (other, row) => Number(other === row))
    : undefined;
  distinct.set(items, { mask });
  return mask;
}

/** For each row the first row with the same text, but for case and white space: [items]. */
export function firstOfText(items: readonly Item[]): Int32Array {
  const first = new Map<string, number>();
  return Int32Array.from(items, ({ text }, row) => {
    const key = normalizeKey(text);
    const known = first.get(key);
    if (known === undefined) first.set(key, row);
    return known ?? row;
  });
}
