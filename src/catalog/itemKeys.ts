/** Hashes of items, so that who looks for some of them need not read all: 8 bytes an item, made when they are first asked for. */
import { hashText } from './hash.js';
import type { Item } from './item.js';
import { normalizeKey } from './normalizeKey.js';

type Keys = WeakMap<readonly Item[], Float64Array>;
const [ids, texts]: [Keys, Keys] = [new WeakMap(), new WeakMap()];

/** Of each text, but for case and white space, [items]. */
export const textKeys = (items: readonly Item[]): Float64Array =>
  keysOf(items, texts, ({ text }) => normalizeKey(text));

/** Rows of the items that have one of the ids, ascending; of a list that changes there may be several of one. */
export function rowsWithIds(items: readonly Item[], wanted: Iterable<string>): number[] {
  const names = new Set(wanted);
  if (names.size === 0) return [];
  const hashes = new Set(Array.from(names, hashText));
  const rows: number[] = [];
  keysOf(items, ids, ({ id }) => id).forEach((key, row) => {
    if (hashes.has(key) && names.has(items[row].id)) rows.push(row);
  });
  return rows;
}

function keysOf(items: readonly Item[], known: Keys, nameOf: (item: Item) => string): Float64Array {
  let keys = known.get(items);
  if (!keys) {
    keys = new Float64Array(items.length);
    let row = 0;
    for (const item of items) keys[row++] = hashText(nameOf(item));
    known.set(items, keys);
  }
  return keys;
}
