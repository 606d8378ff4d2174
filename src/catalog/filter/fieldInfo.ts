/** What the items' fields hold, so that a person can choose filters. */
import type { Scalar } from './filter.js';
import type { FieldType, FilterTable } from './filterTable.js';

/** What a field is, and what it holds. */
export interface FieldInfo extends FieldType {
  /** The most frequent values, where few enough differ to choose from. */
  readonly values?: { value: Scalar; items: number }[];
  /** Least and greatest number or date. */
  readonly range?: [number, number] | [string, string];
}

/** A field with more different values than this is not for choosing from a list. */
const MANY_VALUES = 50;
/** Nor is one with longer values. */
const LONG_VALUE = 60;
/** Fields that every item has for itself. */
const OWN = new Set(['id', 'title', 'text', 'image']);

/** `category` and every metadata field that some item has, in the order they appear. */
export function fieldInfo(table: FilterTable): FieldInfo[] {
  const types = table.types(table.names.filter((name) => !OWN.has(name)));
  return types
    .filter(({ items }) => items > 0)
    .map((type) => ({ ...type, ...frequent(table, type), ...range(table, type) }));
}

function frequent(table: FilterTable, { name }: FieldType): Pick<FieldInfo, 'values'> {
  const values = table.column(name).counts();
  const isLong = ({ value }: { value: Scalar }) => typeof value === 'string' && value.length > LONG_VALUE;
  if (values.length > MANY_VALUES || values.some(isLong)) return {};
  return { values: values.sort((a, b) => b.items - a.items) };
}

function range(table: FilterTable, { name, kind }: FieldType): Pick<FieldInfo, 'range'> {
  if (kind !== 'number' && kind !== 'date') return {};
  const { typed, values } = table.column(name);
  let [least, greatest] = [-1, -1];
  for (const [place, value] of typed.entries()) {
    if (value === undefined) continue;
    if (least < 0 || value < typed[least]!) least = place;
    if (greatest < 0 || value > typed[greatest]!) greatest = place;
  }
  if (least < 0) return {};
  if (kind === 'date') return { range: [String(values[least]), String(values[greatest])] };
  return { range: [Number(typed[least]), Number(typed[greatest])] };
}
