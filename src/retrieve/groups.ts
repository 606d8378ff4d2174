/** The groups that items fall into by the value of a field. */
import { cellsOf } from '../catalog/filter/filterTable.js';
import type { Item } from '../catalog/item.js';

/**
 * A number for each value of a field, and for each catalog row that of its value; -1 where the item has none. Items with several
 * values are grouped by all of them together.
 *
 * @param field `category`, a field of the metadata, or another part of an item; one that no item has makes no groups
 */
export function groupsOf(items: readonly Item[], field: string): Int32Array {
  const fields = known.get(items) ?? new Map<string, Int32Array>();
  known.set(items, fields);
  const groups = fields.get(field) ?? makeGroups(items, field);
  fields.set(field, groups);
  return groups;
}

const known = new WeakMap<readonly Item[], Map<string, Int32Array>>();

function makeGroups(items: readonly Item[], field: string): Int32Array {
  const numbers = new Map<string, number>();
  const groups = new Int32Array(items.length).fill(-1);
  let row = 0;
  for (const value of field === 'category' ? categoriesOf(items) : cellsOf(items, field)) {
    const at = row++;
    if (value === undefined || value === null || value === '') continue;
    const key = JSON.stringify(value);
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    groups[at] = number;
  }
  return groups;
}

function* categoriesOf(items: readonly Item[]): Generator<string | undefined> {
  for (const { category } of items) yield category;
}
