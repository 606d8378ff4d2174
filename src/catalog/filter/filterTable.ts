import { InputError } from '../../errors.js';
import { nearest } from '../../run/nearest.js';
import type { Item, MetadataValue } from '../item.js';
import { checkFilter } from './checkFilter.js';
import { Column, type ColumnRole } from './column.js';
import { valueTest } from './condition.js';
import type { FieldKind } from './fieldKind.js';
import {
  type FieldFilter,
  type FilterInput,
  type Filters,
  MAX_FILTER_CONDITIONS,
  MAX_FILTER_DEPTH,
} from './filter.js';
import { conditionPlan, type FilterPlan, termOf } from './filterPlan.js';
import { parseFilter } from './parseFilter.js';
import { unknownValue, valueless } from './refusals.js';

/** What a field holds. */
export interface FieldType {
  readonly name: string;
  /** Of a list: what its members are. */
  readonly kind: FieldKind;
  /** Whether some items have several values. */
  readonly isList: boolean;
  /** Currency or percent sign of its numbers, where they have one: `USD`, `€`, `%`. */
  readonly unit?: string;
  /** Items with a value. */
  readonly items: number;
  /** A value as the catalog writes it; absent where no item has one. */
  readonly example?: string | number | boolean;
}

const ITEM_FIELDS = ['id', 'title', 'text', 'category', 'image'] as const;
const ROLES: Readonly<Record<string, ColumnRole>> = {
  id: 'id',
  title: 'text',
  text: 'text',
  image: 'text',
  category: 'category',
};
/** Most fields named in an error. */
const NAMED = 20;

/**
 * Answers filters over a catalog: what each field is, and which items pass. A field is read when it is first asked for,
 * once: a filter over a million items then takes a few milliseconds.
 */
export class FilterTable {
  readonly #columns = new Map<string, Column>();
  #names: readonly string[] | undefined;
  #past: FilterTable | undefined;

  /**
   * @param items undefined in rows that hold none: these have no values
   * @param aliases further names of fields, see `ownNames`
   * @param gone items that were there: what was theirs may be asked for, and finds nothing
   */
  constructor(
    private readonly items: readonly (Item | undefined)[],
    private readonly aliases: ReadonlyMap<string, string> = new Map(),
    private readonly gone: readonly Item[] = [],
  ) {}

  /** Every field that a filter may name, in the order in which they appear. */
  get names(): readonly string[] {
    if (this.#names) return this.#names;
    const names = new Set<string>();
    for (const items of [this.items, this.gone]) {
      for (const name of ITEM_FIELDS) if (items.some((item) => item?.[name] !== undefined)) names.add(name);
      for (const item of items) for (const name in item?.metadata) names.add(name);
    }
    this.#names = [...names];
    return this.#names;
  }

  /** What each field is, or each of those named. */
  types(names: readonly string[] = this.names): FieldType[] {
    return names.map((name) => {
      const role = this.#roleOf(name);
      if (role === 'id' || role === 'text') return this.#textType(name);
      const { kind, isList, format, items, example } = this.column(name);
      const unit = kind === 'number' && format.unit !== '' ? { unit: format.unit } : {};
      return { name, kind, isList, ...unit, items, ...(example !== undefined && { example }) };
    });
  }

  /** The values of a field that is one of `names`. */
  column(name: string): Column {
    let column = this.#columns.get(name);
    if (!column) {
      const { items } = this;
      column = new Column(cellsOf(items, name), items.length, { role: this.#roleOf(name) });
      this.#columns.set(name, column);
    }
    return column;
  }

  /** Whether it is a part of the item, and not a metadata field of the same name. */
  #roleOf(name: string): ColumnRole {
    const role = Object.hasOwn(ROLES, name) ? ROLES[name] : 'metadata';
    return this.items.some((item) => item && hasOwn(item, name)) ? 'metadata' : role;
  }

  /** What a column would say, without making one: these differ from item to item. */
  #textType(name: string): FieldType {
    let items = 0;
    let example: FieldType['example'];
    for (const value of cellsOf(this.items, name)) {
      if (value === undefined) continue;
      items++;
      example ??= String(value);
    }
    return { name, kind: 'text', isList: false, items, ...(example !== undefined && { example }) };
  }

  /**
   * Which items pass one filter, or all of several.
   *
   * @returns one byte an item, 1 = passes; what `SearchOptions.mask` of an index takes
   * @throws InputError for a malformed filter, a field that no item has, a value that is not of its field's kind; and
   *   where nothing passes, for a value that its field never has
   */
  mask(filters: Filters): Uint8Array {
    const list = (Array.isArray(filters) ? filters : [filters]) as readonly FilterInput[];
    const reading: Reading = { conditions: 0 };
    const mask = this.#all(list, { reading, depth: 0, isNegated: false });
    if (reading.mistake && !mask.includes(1)) throw reading.mistake();
    return mask;
  }

  /** What `mask` passes, for an engine that holds these items as `termOf` names them; ask it of filters that `mask` takes. */
  plan(filters: Filters): FilterPlan {
    const list = (Array.isArray(filters) ? filters : [filters]) as readonly FilterInput[];
    return { op: 'and', of: list.map((filter) => this.#plan(filter)) };
  }

  #plan(input: FilterInput): FilterPlan {
    const filter = typeof input === 'string' ? parseFilter(input) : checkFilter(input);
    if ('and' in filter) return { op: 'and', of: filter.and.map((part) => this.#plan(part)) };
    if ('or' in filter) return { op: 'or', of: filter.or.map((part) => this.#plan(part)) };
    if ('not' in filter) return { op: 'not', of: this.#plan(filter.not) };
    const name = this.nameOf(filter.field);
    if (filter.op === 'missing') return { op: 'not', of: { op: 'any', terms: [termOf(name)] } };
    const column = this.column(name);
    const plan: FilterPlan =
      column.items === 0 ? { op: 'any', terms: [] } : conditionPlan(name, column, valueTest(column, filter));
    return filter.op === '!=' ? { op: 'not', of: plan } : plan;
  }

  #all(filters: readonly FilterInput[], place: Place): Uint8Array {
    const all = new Uint8Array(this.items.length).fill(1);
    for (const filter of filters) {
      const mask = this.#mask(filter, place);
      for (let row = 0; row < all.length; row++) all[row] &= mask[row];
    }
    return all;
  }

  #any(filters: readonly FilterInput[], place: Place): Uint8Array {
    const any = new Uint8Array(this.items.length);
    for (const filter of filters) {
      const mask = this.#mask(filter, place);
      for (let row = 0; row < any.length; row++) any[row] |= mask[row];
    }
    return any;
  }

  #mask(input: FilterInput, place: Place): Uint8Array {
    const { reading, isNegated } = place;
    if (place.depth > MAX_FILTER_DEPTH) {
      throw new InputError(`is nested more than ${MAX_FILTER_DEPTH} levels deep`, { field: 'filter' });
    }
    const filter = typeof input === 'string' ? parseFilter(input) : checkFilter(input);
    const inside = { ...place, depth: place.depth + 1 };
    if ('and' in filter) return this.#all(filter.and, inside);
    if ('or' in filter) return this.#any(filter.or, inside);
    if ('not' in filter) return inverse(this.#mask(filter.not, { ...inside, isNegated: !isNegated }));
    if (++reading.conditions > MAX_FILTER_CONDITIONS) {
      throw new InputError(
        `has more than ${MAX_FILTER_CONDITIONS} conditions; write a list, such as id IN (a, b)`,
        {
          field: 'filter',
        },
      );
    }
    const name = this.nameOf(filter.field);
    const column = this.column(name);
    if (filter.op === 'missing') return inverse(column.mask(() => true));
    const mask =
      column.items === 0 ? new Uint8Array(this.items.length) : column.mask(valueTest(column, filter));
    const isUnequal = filter.op === '!=';
    if (isNegated === isUnequal && !mask.includes(1) && !this.#wasThere(name, filter))
      reading.mistake ??= mistakeOf(column, filter);
    return isUnequal ? inverse(mask) : mask;
  }

  /** Whether an item that is gone would pass. */
  #wasThere(name: string, filter: ValueFilter): boolean {
    if (this.gone.length === 0) return false;
    this.#past ??= new FilterTable(this.gone);
    const column = this.#past.column(name);
    try {
      return column.mask(valueTest(column, filter)).includes(1);
    } catch (error) {
      if (error instanceof InputError) return false;
      throw error;
    }
  }

  /**
   * A field's name as items have it: from that, from the catalog's own, or from either in other capitals if that leaves no doubt.
   *
   * @throws InputError for a field that no item has
   */
  nameOf(field: string): string {
    const { names } = this;
    if (names.includes(field)) return field;
    const own = new Map([...this.aliases].filter(([, name]) => names.includes(name)));
    for (const name of names) own.set(name, name);
    const named = own.get(field);
    if (named !== undefined) return named;
    const wanted = folded(field);
    const alike = [...own.keys()].filter((name) => folded(name) === wanted);
    if (new Set(alike.map((name) => own.get(name))).size === 1) return own.get(alike[0])!;
    if (alike.length > 1)
      throw new InputError(`could be ${alike.join(' or ')}; write it like that`, { field });
    const near = nearest(field, own.keys());
    const guess = near === undefined ? ' the' : ` did you mean ${near}? The`;
    const others = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
    throw new InputError(`no item has it;${guess} fields are ${names.slice(0, NAMED).join(', ')}${others}`, {
      field,
    });
  }
}

/** What is noted while a filter is read. */
interface Reading {
  conditions: number;
  /** The error for the first condition that nothing of its field satisfies; it matters if nothing passes the whole. */
  mistake?: () => InputError;
}

/** Where in a filter. */
interface Place {
  readonly reading: Reading;
  readonly depth: number;
  /** Whether it stands in an odd number of NOTs: what nothing satisfies then excludes nothing. */
  readonly isNegated: boolean;
}

type ValueFilter = Exclude<FieldFilter, { op: 'missing' }>;

/** The error for a condition that no item passes, where that is no accident. */
function mistakeOf(column: Column, { field, op, value }: ValueFilter): (() => InputError) | undefined {
  if (column.items === 0) return () => valueless(field);
  if (!column.isEnumerated || !['=', '!=', 'in', '~'].includes(op)) return undefined;
  const [first] = [value].flat();
  return () => unknownValue(column, { field, op: op === '~' ? '~' : '=', value: first });
}

const folded = (name: string): string => name.normalize().toLowerCase();

/** `FilterTable.mask` for a catalog that is asked once. */
export function compileMask(items: readonly Item[], filters: Filters): Uint8Array {
  return new FilterTable(items).mask(filters);
}

/** What each field of the items is, as filters see it. */
export function fieldTypes(items: readonly Item[]): FieldType[] {
  // One column at a time: each is as large as its values are different.
  return new FilterTable(items).names.flatMap((name) => new FilterTable(items).types([name]));
}

const hasOwn = ({ metadata }: Item, name: string): boolean => Object.hasOwn(metadata, name);

/** What each item has in a field, as filters see it: metadata before a part of the item. */
export function* cellsOf(
  items: readonly (Item | undefined)[],
  name: string,
): Generator<MetadataValue | undefined> {
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
