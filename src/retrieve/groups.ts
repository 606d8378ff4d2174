/** The groups that items fall into by the value of a field. */
import type { Item } from '../catalog/item.js';
import { InputError } from '../errors.js';

/**
 * A number for each value of a field, and for each catalog row that of its value; -1 where the item has none. Items with several
 * values are grouped by all of them together.
 *
 * @param field `category`, or a field of the metadata
 * @throws InputError for a field that no item has
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
  const groups = Int32Array.from(items, ({ category, metadata }) => {
    const value =
      field === 'category' ? category : Object.hasOwn(metadata, field) ? metadata[field] : undefined;
    if (value === undefined || value === null || value === '') return -1;
    const key = JSON.stringify(value);
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
  if (numbers.size > 0) return groups;
  throw new InputError(`is "${field}", which no item has; use category or a field of the metadata`, {
    field: 'distinct',
  });
}
