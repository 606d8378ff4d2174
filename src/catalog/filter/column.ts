import { evenly } from '../../evenly.js';
import type { MetadataValue } from '../item.js';
import type { Scalar } from './filter.js';
import {
  type NumberFormat,
  type Numeric,
  numberFormat,
  PLAIN_FORMAT,
  readBoolean,
  readDate,
  readNumber,
} from './values.js';

/** What the values of a field are. */
export type FieldKind = 'number' | 'date' | 'boolean' | 'text';

/** A field is of numbers or dates if this share of its different values is; the others are compared as texts only. */
const TYPED_SHARE = 0.8;
/** Different values that are looked at to decide what a field is, evenly over the catalog. */
const SAMPLE = 10_000;
/** Longer texts are sentences, not lists or paths. */
const LONG_LIST = 1000;

/**
 * The values of one field over the catalog, each different one once, with what is read from it. Conditions look at the
 * different values, not at the items.
 */
export class Column {
  readonly kind: FieldKind;
  readonly format: NumberFormat;
  /** Whether some item has a list. */
  readonly isList: boolean;
  /** Items with a value. */
  readonly items: number;
  /** Every different value, of lists each member. */
  readonly values: readonly Scalar[];
  /** The value of each number as such, of a date as the millisecond it begins with, of a boolean 0 or 1; of texts none. */
  readonly typed: readonly (Numeric | undefined)[];
  /** For each row the number of its cell; -1 for none. */
  readonly #cellOf: Int32Array;
  /** For each different cell the places of its members in `values`. */
  readonly #cells: readonly (number | readonly number[])[];

  /** @param cells the field's value of each row */
  constructor(cells: Iterable<MetadataValue | undefined>, rows: number, { isText = false } = {}) {
    const builder = new CellBuilder(!isText);
    this.#cellOf = new Int32Array(rows);
    let row = 0;
    let items = 0;
    for (const value of cells) {
      const cell = builder.cell(value);
      this.#cellOf[row++] = cell;
      if (cell >= 0) items++;
    }
    this.items = items;
    this.isList = builder.isList;
    this.#cells = builder.cells;
    this.values = builder.values;
    const single = this.values.filter((_, i) => !builder.whole.has(i));
    const { kind, format } = isText ? TEXT : kindOf(evenly(single, SAMPLE));
    this.kind = kind;
    this.format = format;
    this.typed = kind === 'text' ? [] : this.values.map((value) => this.read(value));
  }

  /** A value as this field's are read: a number, the beginning of a date, 0 or 1 for a boolean; undefined if it is none. */
  read(value: Scalar): Numeric | undefined {
    switch (this.kind) {
      case 'boolean': {
        const boolean = typeof value === 'boolean' ? value : readBoolean(String(value));
        return boolean === undefined ? undefined : Number(boolean);
      }
      case 'date':
        return readDate(String(value))?.start;
      default:
        if (typeof value === 'number') return value;
        return typeof value === 'string' ? readNumber(value, this.format) : undefined;
    }
  }

  /** The first value that is of the field's kind. */
  get example(): Scalar | undefined {
    return this.examples(1)[0];
  }

  /** The first values that are of the field's kind. */
  examples(most: number): Scalar[] {
    const found: Scalar[] = [];
    for (let i = 0; i < this.values.length && found.length < most; i++)
      if (this.kind === 'text' || this.typed[i] !== undefined) found.push(this.values[i]);
    return found;
  }

  /** Items by how many have each value; of a list each member counts once. */
  counts(): Float64Array {
    const cells = new Float64Array(this.#cells.length);
    for (const cell of this.#cellOf) if (cell >= 0) cells[cell]++;
    const counts = new Float64Array(this.values.length);
    for (const [i, members] of this.#cells.entries())
      for (const member of new Set([members].flat())) counts[member] += cells[i];
    return counts;
  }

  /** 1 for each row of which some value passes. */
  mask(passes: (value: number) => boolean): Uint8Array {
    const cells = Uint8Array.from(this.#cells, (members) =>
      Number(typeof members === 'number' ? passes(members) : members.some(passes)),
    );
    const mask = new Uint8Array(this.#cellOf.length);
    for (let row = 0; row < mask.length; row++) {
      const cell = this.#cellOf[row];
      if (cell >= 0) mask[row] = cells[cell];
    }
    return mask;
  }
}

const TEXT = { kind: 'text', format: PLAIN_FORMAT } as const;

function kindOf(values: readonly Scalar[]): { kind: FieldKind; format: NumberFormat } {
  if (values.length === 0) return TEXT;
  const texts = values.filter((value) => typeof value === 'string');
  const numbers = values.filter((value) => typeof value === 'number').length;
  const enough = TYPED_SHARE * values.length;
  const { format, count } = numberFormat(texts);
  if (numbers + count >= enough) return { kind: 'number', format };
  if (texts.filter((text) => readDate(text) !== undefined).length >= enough)
    return { kind: 'date', format: PLAIN_FORMAT };
  if (values.every((value) => typeof value === 'boolean' || readBoolean(String(value)) !== undefined))
    return { kind: 'boolean', format: PLAIN_FORMAT };
  return TEXT;
}

/** Gives equal cells one number. */
class CellBuilder {
  readonly values: Scalar[] = [];
  readonly cells: (number | readonly number[])[] = [];
  /** Values that were taken apart, such as `a|b`: they can be asked for, but are not what the field holds. */
  readonly whole = new Set<number>();
  isList = false;
  readonly #values = new Map<Scalar, number>();
  readonly #scalars = new Map<Scalar, number>();
  readonly #lists = new Map<string, number>();

  constructor(private readonly splits: boolean) {}

  cell(value: MetadataValue | undefined): number {
    if (value === undefined || value === null || value === '') return -1;
    if (typeof value === 'object') {
      const members = value.filter((member) => member !== '');
      if (members.length === 0) return -1;
      this.isList = true;
      return this.#list(JSON.stringify(members), members);
    }
    const known = this.#scalars.get(value);
    if (known !== undefined) return known;
    const cell = this.#scalar(value);
    this.#scalars.set(value, cell);
    return cell;
  }

  #scalar(value: Scalar): number {
    const parts = typeof value === 'string' && this.splits ? partsOf(value) : [];
    if (parts.length === 0) return this.cells.push(this.#value(value)) - 1;
    const whole = this.#value(value);
    this.whole.add(whole);
    this.isList ||= !isPath(String(value));
    return this.cells.push([whole, ...parts.map((part) => this.#value(part))]) - 1;
  }

  #list(key: string, members: readonly Scalar[]): number {
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const all = members.flatMap((member) => [
      member,
      ...(this.splits && typeof member === 'string' ? pathParts(member) : []),
    ]);
    const cell = this.cells.push([...new Set(all.map((member) => this.#value(member)))]) - 1;
    this.#lists.set(key, cell);
    return cell;
  }

  #value(value: Scalar): number {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    this.#values.set(value, this.values.length);
    return this.values.push(value) - 1;
  }
}

const PATH = /\s+(?:>{1,2}|›|»)\s+/;
const isPath = (text: string): boolean => PATH.test(text);
const pathParts = (text: string): string[] =>
  text.length <= LONG_LIST && isPath(text) ? text.split(PATH).map((part) => part.trim()) : [];

/** The members of a list that is written as text, `a|b` or `["a", "b"]`, and the steps of a path `a > b`; none for other texts. */
function partsOf(text: string): Scalar[] {
  if (text.length > LONG_LIST) return [];
  const members = text.startsWith('[') ? listIn(text) : text.includes('|') ? text.split('|') : undefined;
  if (members === undefined) return pathParts(text);
  return members
    .map((member) => (typeof member === 'string' ? member.trim() : member))
    .filter((member) => member !== '')
    .flatMap((member) => [member, ...(typeof member === 'string' ? pathParts(member) : [])]);
}

function listIn(text: string): Scalar[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value)
      ? value.filter((member) => ['string', 'number', 'boolean'].includes(typeof member))
      : undefined;
  } catch {
    return undefined;
  }
}
