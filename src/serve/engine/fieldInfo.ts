/** What the items' fields hold, so that a person can choose filters. */
import type { Item, MetadataValue } from '../../catalog/item.js';
import type { FieldInfo } from '../http/schemas.js';

/** A field with more different values than this is not for choosing from a list. */
const MANY_VALUES = 50;
/** Nor is one with longer values. */
const LONG_VALUE = 60;

type Scalar = string | number | boolean;

class FieldCount {
  items = 0;
  #kinds = new Set<FieldInfo['kind']>();
  #values: Map<Scalar, number> | undefined = new Map();
  #least = Number.POSITIVE_INFINITY;
  #greatest = Number.NEGATIVE_INFINITY;

  add(value: MetadataValue | undefined): void {
    if (value === undefined || value === null) return;
    this.items++;
    this.#kinds.add(Array.isArray(value) ? 'list' : kindOf(value as Scalar));
    for (const one of Array.isArray(value) ? new Set(value) : [value as Scalar]) this.#count(one);
  }

  #count(value: Scalar): void {
    if (typeof value === 'number') {
      this.#least = Math.min(this.#least, value);
      this.#greatest = Math.max(this.#greatest, value);
    }
    if (typeof value === 'string' && value.length > LONG_VALUE) this.#values = undefined;
    this.#values?.set(value, (this.#values.get(value) ?? 0) + 1);
    if (this.#values && this.#values.size > MANY_VALUES) this.#values = undefined;
  }

  info(name: string): FieldInfo {
    const [first, ...others] = this.#kinds;
    const kind = others.length === 0 ? first : this.#kinds.has('list') ? 'list' : 'text';
    const values = [...(this.#values ?? [])].sort(([, a], [, b]) => b - a);
    return {
      name,
      kind,
      items: this.items,
      ...(values.length > 0 && { values: values.map(([value, items]) => ({ value, items })) }),
      ...(kind === 'number' && { range: [this.#least, this.#greatest] as [number, number] }),
    };
  }
}

const kindOf = (value: Scalar): FieldInfo['kind'] =>
  typeof value === 'string' ? 'text' : (typeof value as 'number' | 'boolean');

/** `category` and every metadata field that some item has, in the order they appear. */
export function fieldInfo(items: Iterable<Item>): FieldInfo[] {
  const counts = new Map<string, FieldCount>();
  const add = (name: string, value: MetadataValue | undefined) => {
    const count = counts.get(name) ?? new FieldCount();
    count.add(value);
    counts.set(name, count);
  };
  for (const { category, metadata } of items) {
    add('category', category);
    for (const name of Object.keys(metadata)) add(name, metadata[name]);
  }
  return [...counts].filter(([, { items }]) => items > 0).map(([name, count]) => count.info(name));
}
