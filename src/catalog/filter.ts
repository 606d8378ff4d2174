import { InputError } from '../errors.js';
import type { Item, MetadataValue } from './item.js';

export const FILTER_OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '~'] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];
type Scalar = string | number | boolean;

/**
 * One condition on an item:
 * - `=` equals one of the values, `!=` none of them (an item without the field is not equal)
 * - `<` `<=` `>` `>=` compare numbers; where the filter's value is no number, texts (so ISO dates work)
 * - `~` contains one of the values, whatever the case
 *
 * A list field matches `=`, `~` and the comparisons if any of its elements does.
 */
export interface Filter {
  /** `id`, `title`, `text`, `category`, `image` or a metadata field. */
  readonly field: string;
  readonly op: FilterOperator;
  readonly value: Scalar | readonly Scalar[];
}

/**
 * Parses `field op value`, where the value may be a list `a|b`.
 *
 * @throws InputError if there is no field, operator or value
 *
 * @example
 * parseFilter('color=red|blue'); // { field: 'color', op: '=', value: ['red', 'blue'] }
 */
export function parseFilter(source: string): Filter {
  const match = /^\s*([^=!<>~]+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*$/s.exec(source);
  const values = match?.[3].split('|').map((value) => value.trim()) ?? [];
  if (match === null || values.includes('')) {
    throw new InputError(
      `"${source}" is not a filter; write field, operator (${FILTER_OPERATORS.join(' ')}) and value, e.g. category=shoes|boots or price<50`,
      { field: 'filter' },
    );
  }
  return { field: match[1], op: match[2] as FilterOperator, value: values.length === 1 ? values[0] : values };
}

/**
 * Which items pass every filter.
 *
 * @returns one byte an item, 1 = passes; what `SearchOptions.mask` takes
 * @throws InputError for a field no item has (it lists those there are) or an unknown operator
 */
export function compileMask(
  items: readonly Item[],
  filter: string | Filter | readonly (string | Filter)[],
): Uint8Array {
  const mask = new Uint8Array(items.length).fill(1);
  for (const source of [filter].flat()) {
    const filter = typeof source === 'string' ? parseFilter(source) : source;
    const matches = compileFilter(filter);
    let known = false;
    for (const [row, item] of items.entries()) {
      const value = fieldOf(item, filter.field);
      known ||= value !== undefined;
      if (mask[row] === 1 && !matches(value)) mask[row] = 0;
    }
    if (!known) {
      throw new InputError(`no item has it; the fields are ${knownFields(items).join(', ')}`, {
        field: filter.field,
      });
    }
  }
  return mask;
}

/** Every field a filter on these items may name. */
export function knownFields(items: readonly Item[]): string[] {
  const names = new Set<string>();
  for (const name of ITEM_FIELDS) if (items.some((item) => item[name] !== undefined)) names.add(name);
  for (const { metadata } of items) for (const name in metadata) names.add(name);
  return [...names];
}

const ITEM_FIELDS = ['id', 'title', 'text', 'category', 'image'] as const;

function fieldOf(item: Item, field: string): MetadataValue | undefined {
  if (Object.hasOwn(item.metadata, field)) return item.metadata[field];
  return (ITEM_FIELDS as readonly string[]).includes(field)
    ? item[field as (typeof ITEM_FIELDS)[number]]
    : undefined;
}

type Test = (value: MetadataValue | undefined) => boolean;

function compileFilter({ field, op, value }: Filter): Test {
  const wanted: readonly Scalar[] = Array.isArray(value) ? value : [value as Scalar];
  const any =
    (test: (element: Scalar, wanted: Scalar) => boolean): Test =>
    (found) => {
      if (found === undefined || found === null) return false;
      const elements = Array.isArray(found) ? found : [found as Scalar];
      return elements.some((element) => wanted.some((w) => test(element, w)));
    };
  const equal = any(isEqual);
  switch (op) {
    case '=':
      return equal;
    case '!=':
      return (found) => !equal(found);
    case '<':
      return any((a, b) => compare(a, b) < 0);
    case '<=':
      return any((a, b) => compare(a, b) <= 0);
    case '>':
      return any((a, b) => compare(a, b) > 0);
    case '>=':
      return any((a, b) => compare(a, b) >= 0);
    case '~':
      return any((a, b) => String(a).toLowerCase().includes(String(b).toLowerCase()));
    default:
      throw new InputError(`has the unknown operator "${op}"; use one of ${FILTER_OPERATORS.join(' ')}`, {
        field,
      });
  }
}

/** Equal as texts, or as numbers: a filter typed on a command line and a CSV value are texts. */
function isEqual(a: Scalar, b: Scalar): boolean {
  return String(a) === String(b) || toNumber(a) === toNumber(b);
}

/** Negative, zero or positive; NaN, which passes no comparison, where a number meets another text. */
function compare(found: Scalar, wanted: Scalar): number {
  const bound = toNumber(wanted);
  if (!Number.isNaN(bound)) return toNumber(found) - bound;
  const [a, b] = [String(found), String(wanted)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function toNumber(value: Scalar): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}
