/** Hashes of items, so that who looks for some of them need not read all: 8 bytes an item, made when they are first asked for. */
import { oncePer } from '../oncePer.js';
import { hashText } from './hash.js';
import type { Item } from './item.js';
import { normalizeKey } from './normalizeKey.js';

const keysBy = (nameOf: (item: Item) => string) =>
  oncePer((items: readonly Item[]) => {
    const keys = new Float64Array(items.length);
    let row = 0;
    for (const item of items) keys[row++] = hashText(nameOf(item));
    return keys;
  });

const idKeys = keysBy(({ id }) => id);

/** Of each text, but for case and white space, [items]. */
export const textKeys = keysBy(({ text }) => normalizeKey(text));

/** The rows of each text that several items have, but for case and white space, ascending. */
export const rowsOfSameText = oncePer((items: readonly Item[]): readonly (readonly number[])[] => {
  const keys = textKeys(items);
  const sorted = keys.toSorted();
  const rows = new Map<number, number[]>();
  sorted.forEach((key, i) => {
    if (key === sorted[i + 1]) rows.set(key, []);
  });
  keys.forEach((key, row) => {
    rows.get(key)?.push(row);
  });
  return [...rows.values()];
});

/** Rows of the items that have one of the ids, ascending; of a list that changes there may be several of one. */
export function rowsWithIds(items: readonly Item[], wanted: Iterable<string>): number[] {
  const names = new Set(wanted);
  if (names.size === 0) return [];
  const hashes = new Set(Array.from(names, hashText));
  const rows: number[] = [];
  idKeys(items).forEach((key, row) => {
    if (hashes.has(key) && names.has(items[row].id)) rows.push(row);
  });
  return rows;
}
