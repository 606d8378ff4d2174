/** The groups that items fall into by the value of a field. */
import { cellsOf } from '../catalog/filter/filterTable.js';
import type { Item } from '../catalog/item.js';
import { numbered } from '../numbered.js';
import { oncePer } from '../oncePer.js';

/**
 * A number for each value of a field, and for each catalog row that of its value; -1 where the item has none. Items with several
 * values are grouped by all of them together.
 *
 * @param field `category`, a field of the metadata, or another part of an item; one that no item has makes no groups
 */
export function groupsOf(items: readonly Item[], field: string): Int32Array {
  const fields = known(items);
  const groups = fields.get(field) ?? makeGroups(items, field);
  fields.set(field, groups);
  return groups;
}

const known = oncePer((_: readonly Item[]) => new Map<string, Int32Array>());

function makeGroups(items: readonly Item[], field: string): Int32Array {
  const { numbers } =
    field === 'category'
      ? numbered(items, items.length, ({ category }) => category || undefined)
      : numbered(cellsOf(items, field), items.length, keyOf);
  return numbers;
}

const keyOf = (value: unknown): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : JSON.stringify(value);
