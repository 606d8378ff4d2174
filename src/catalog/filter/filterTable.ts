import { InputError } from '../../errors.js';
import { nearest } from '../../run/nearest.js';
import type { Item, MetadataValue } from '../item.js';
import { checkFilter } from './checkFilter.js';
import { Column, type FieldKind } from './column.js';
import { valueTest } from './condition.js';
import { type FilterInput, type Filters, MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH } from './filter.js';
import { parseFilter } from './parseFilter.js';

/** What a field holds. */
export interface FieldType {
  readonly name: string;
  /** Of a list: what its members are. */
  readonly kind: FieldKind;
  /** Whether some items have several values. */
  readonly isList: boolean;
  /** Items with a value. */
  readonly items: number;
  /** A value as the catalog writes it; absent where no item has one. */
  readonly example?: string | number | boolean;
}

const ITEM_FIELDS = ['id', 'title', 'text', 'category', 'image'] as const;
/** Fields that are texts, whatever they look like. */
const TEXT_FIELDS: readonly string[] = ['id', 'title', 'text', 'image'];
/** Most fields named in an error. */
const NAMED = 20;

/**
 * Answers filters over a catalog: what each field is, and which items pass. A field is read when it is first asked for,
 * once: a filter over a million items then takes a few milliseconds.
 */
export class FilterTable {
  readonly #columns = new Map<string, Column>();
  #names: readonly string[] | undefined;
  /** Of the filter at work. */
  #conditions = 0;

  /**
   * @param items undefined in rows that hold none: these have no values
   * @param aliases further names of fields, see `ownNames`
   */
  constructor(
    private readonly items: readonly (Item | undefined)[],
    private readonly aliases: ReadonlyMap<string, string> = new Map(),
  ) {}

  /** Every field that a filter may name, in the order in which they appear. */
  get names(): readonly string[] {
    if (this.#names) return this.#names;
    const names = new Set<string>();
    for (const name of ITEM_FIELDS)
      if (this.items.some((item) => item?.[name] !== undefined)) names.add(name);
    for (const item of this.items) for (const name in item?.metadata) names.add(name);
    this.#names = [...names];
    return this.#names;
  }

  /** What each field is, or each of those named. */
  types(names: readonly string[] = this.names): FieldType[] {
    return names.map((name) => {
      const { kind, isList, items, example } = this.#isText(name) ? this.#textType(name) : this.column(name);
      return { name, kind, isList, items, ...(example !== undefined && { example }) };
    });
  }

  /** The values of a field that is one of `names`. */
  column(name: string): Column {
    let column = this.#columns.get(name);
    if (!column) {
      const { items } = this;
      column = new Column(cellsOf(items, name), items.length, { isText: this.#isText(name) });
      this.#columns.set(name, column);
    }
    return column;
  }

  /** Whether it is a part of the item, and not a metadata field of the same name. */
  #isText(name: string): boolean {
    return TEXT_FIELDS.includes(name) && !this.items.some((item) => item && hasOwn(item, name));
  }

  /** What a column would say, without making one: these differ from item to item. */
  #textType(name: string): Omit<FieldType, 'name'> {
    let items = 0;
    let example: FieldType['example'];
    for (const value of cellsOf(this.items, name)) {
      if (value === undefined) continue;
      items++;
      example ??= String(value);
    }
    return { kind: 'text', isList: false, items, example };
  }

  /**
   * Which items pass one filter, or all of several.
   *
   * @returns one byte an item, 1 = passes; what `SearchOptions.mask` of an index takes
   * @throws InputError for a malformed filter, a field that no item has, or a value that nothing of its field can equal
   */
  mask(filters: Filters): Uint8Array {
    const list = (Array.isArray(filters) ? filters : [filters]) as readonly FilterInput[];
    this.#conditions = 0;
    return this.#all(list, 0);
  }

  #all(filters: readonly FilterInput[], depth: number): Uint8Array {
    const all = new Uint8Array(this.items.length).fill(1);
    for (const filter of filters) {
      const mask = this.#mask(filter, depth);
      for (let row = 0; row < all.length; row++) all[row] &= mask[row];
    }
    return all;
  }

  #any(filters: readonly FilterInput[], depth: number): Uint8Array {
    const any = new Uint8Array(this.items.length);
    for (const filter of filters) {
      const mask = this.#mask(filter, depth);
      for (let row = 0; row < any.length; row++) any[row] |= mask[row];
    }
    return any;
  }

  #mask(input: FilterInput, depth: number): Uint8Array {
    if (depth > MAX_FILTER_DEPTH) {
      throw new InputError(`is nested more than ${MAX_FILTER_DEPTH} levels deep`, { field: 'filter' });
    }
    const filter = typeof input === 'string' ? parseFilter(input) : checkFilter(input);
    if ('and' in filter) return this.#all(filter.and, depth + 1);
    if ('or' in filter) return this.#any(filter.or, depth + 1);
    if ('not' in filter) return inverse(this.#mask(filter.not, depth + 1));
    if (++this.#conditions > MAX_FILTER_CONDITIONS) {
      throw new InputError(
        `has more than ${MAX_FILTER_CONDITIONS} conditions; write a list, such as id IN (a, b)`,
        {
          field: 'filter',
        },
      );
    }
    const column = this.column(this.#resolve(filter.field));
    if (filter.op === 'missing') return inverse(column.mask(() => true));
    const mask = column.mask(valueTest(column, filter));
    return filter.op === '!=' ? inverse(mask) : mask;
  }

  /** A field by its name, in other capitals if that leaves no doubt. */
  #resolve(field: string): string {
    const { names } = this;
    if (names.includes(field)) return field;
    const named = this.aliases.get(field);
    if (named !== undefined && names.includes(named)) return named;
    const alike = names.filter((name) => name.toLowerCase() === field.toLowerCase());
    if (alike.length === 1) return alike[0];
    if (alike.length > 1)
      throw new InputError(`could be ${alike.join(' or ')}; write it like that`, { field });
    const near = nearest(field, names);
    const guess = near === undefined ? ' the' : ` did you mean ${near}? The`;
    const others = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
    throw new InputError(`no item has it;${guess} fields are ${names.slice(0, NAMED).join(', ')}${others}`, {
      field,
    });
  }
}

/** `FilterTable.mask` for a catalog that is asked once. */
export function compileMask(items: readonly Item[], filters: Filters): Uint8Array {
  return new FilterTable(items).mask(filters);
}

/** What each field of the items is, as filters see it. */
export function fieldTypes(items: readonly Item[]): FieldType[] {
  return new FilterTable(items).types();
}

const hasOwn = ({ metadata }: Item, name: string): boolean => Object.hasOwn(metadata, name);

function* cellsOf(items: readonly (Item | undefined)[], name: string): Generator<MetadataValue | undefined> {
  const own = (ITEM_FIELDS as readonly string[]).includes(name)
    ? (name as (typeof ITEM_FIELDS)[number])
    : undefined;
  for (const item of items) {
    if (item === undefined) yield undefined;
    else yield hasOwn(item, name) ? item.metadata[name] : own && item[own];
  }
}

function inverse(mask: Uint8Array): Uint8Array {
  for (let row = 0; row < mask.length; row++) mask[row] ^= 1;
  return mask;
}
