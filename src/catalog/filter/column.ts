import type { MetadataValue } from '../item.js';
import { normalizeKey } from '../normalizeKey.js';
import { type FieldKind, kindOf, TEXT } from './fieldKind.js';
import type { Scalar } from './filter.js';
import { membersOf, type Separator, separatorOf, stepsOf, withPlainSteps } from './parts.js';
import { type NumberFormat, type Numeric, readBoolean, readDate, readNumber } from './values.js';

/** So many different values are few, however many items there are. */
const FEW = 50;

/** A part of the item itself, which is a text whatever it looks like, or a field of the metadata. */
export type ColumnRole = 'id' | 'text' | 'category' | 'metadata';

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
  /** Every different value: of lists each member, of paths each step, and of those written as text also the whole. */
  readonly values: readonly Scalar[];
  /** The value of each number as such, of a date as the millisecond it begins with, of a boolean 0 or 1; of texts none. */
  readonly typed: readonly (Numeric | undefined)[];
  /** Whether the values come again and again, such as colors, and not each item has its own: others are mistakes. */
  readonly isEnumerated: boolean;
  /** For each row the number of its cell; -1 for none. */
  readonly #cellOf: Int32Array;
  /** For each different cell the places of its members in `values`. */
  readonly #cells: readonly (number | readonly number[])[];
  readonly #isExact: boolean;
  /** Values that were taken apart, such as `a|b`: they can be asked for, but are not what the field holds. */
  readonly #lists: ReadonlySet<number>;
  #keys: readonly string[] | undefined;

  /** @param cells the field's value of each row */
  constructor(
    cells: Iterable<MetadataValue | undefined>,
    rows: number,
    { role = 'metadata' }: { readonly role?: ColumnRole } = {},
  ) {
    const distinct = new DistinctCells();
    this.#cellOf = new Int32Array(rows);
    let row = 0;
    let items = 0;
    for (const value of cells) {
      const cell = distinct.place(value);
      this.#cellOf[row++] = cell;
      if (cell >= 0) items++;
    }
    this.items = items;
    const isText = role === 'id' || role === 'text';
    const members = new Members(distinct.cells, { splits: !isText });
    this.isList = members.isList;
    this.#cells = members.cells;
    this.values = members.values;
    this.#lists = members.lists;
    const { kind, format } = isText ? TEXT : kindOf(members.singles);
    this.kind = kind;
    this.format = format;
    this.typed = kind === 'text' ? [] : this.values.map((value) => this.read(value));
    this.#isExact = role === 'id';
    this.isEnumerated =
      kind === 'text' &&
      !isText &&
      (role === 'category' || this.values.length <= Math.max(FEW, this.#memberships() / 2));
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

  /** What equal texts have in common: see `keyOf`. */
  get keys(): readonly string[] {
    this.#keys ??= this.values.map((value) => this.keyOf(value));
    return this.#keys;
  }

  /** Texts are equal whatever their capitals, white space, composition of letters and signs between steps; ids are not. */
  keyOf(value: Scalar): string {
    const text = String(value);
    return this.#isExact ? text : normalizeKey(withPlainSteps(text.normalize()));
  }

  /** The first value that is of the field's kind. */
  get example(): Scalar | undefined {
    return this.examples(1)[0];
  }

  /** The first values that are of the field's kind. */
  examples(most: number): Scalar[] {
    const found: Scalar[] = [];
    for (let i = 0; i < this.values.length && found.length < most; i++)
      if (!this.#lists.has(i) && (this.kind === 'text' || this.typed[i] !== undefined))
        found.push(this.values[i]);
    return found;
  }

  /** The values that the field holds, each with the items that have it; of a list each member counts once. */
  counts(): { readonly value: Scalar; readonly items: number }[] {
    const cells = this.#itemsOfCells();
    const counts = new Float64Array(this.values.length);
    for (const [i, members] of this.#cells.entries())
      for (const member of new Set([members].flat())) counts[member] += cells[i];
    return this.values.map((value, i) => ({ value, items: counts[i] })).filter((_, i) => !this.#lists.has(i));
  }

  /** Places in `values` of what a row holds. */
  placesAt(row: number): readonly number[] {
    const cell = this.#cellOf[row];
    return cell < 0 ? [] : [this.#cells[cell]].flat();
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

  #itemsOfCells(): Float64Array {
    const cells = new Float64Array(this.#cells.length);
    for (const cell of this.#cellOf) if (cell >= 0) cells[cell]++;
    return cells;
  }

  /** Values that items have, equal ones counted as often as they come. */
  #memberships(): number {
    const cells = this.#itemsOfCells();
    return this.#cells.reduce<number>(
      (sum, members, i) => sum + cells[i] * (typeof members === 'number' ? 1 : members.length),
      0,
    );
  }
}

/** Gives equal cells one number. */
class DistinctCells {
  readonly cells: (Scalar | readonly Scalar[])[] = [];
  readonly #scalars = new Map<Scalar, number>();
  readonly #lists = new Map<string, number>();

  /** @returns -1 for a cell without a value */
  place(value: MetadataValue | undefined): number {
    if (value === undefined || value === null || value === '' || value === '[]') return -1;
    if (typeof value !== 'object') return this.#place(this.#scalars, value, value);
    const members = value.filter((member) => member !== '' && member !== null);
    return members.length === 0 ? -1 : this.#place(this.#lists, JSON.stringify(members), members);
  }

  #place<K>(known: Map<K, number>, key: K, cell: Scalar | readonly Scalar[]): number {
    const place = known.get(key) ?? this.cells.push(cell) - 1;
    known.set(key, place);
    return place;
  }
}

/** What the cells of a field are made of. */
class Members {
  readonly values: Scalar[] = [];
  readonly cells: (number | readonly number[])[];
  /** Places of texts that are lists or paths; of the lists alone. */
  readonly #wholes = new Set<number>();
  readonly lists = new Set<number>();
  isList = false;
  readonly #places = new Map<Scalar, number>();
  readonly #separator: Separator | undefined;

  constructor(
    cells: readonly (Scalar | readonly Scalar[])[],
    private readonly options: { readonly splits: boolean },
  ) {
    const scalars = cells.filter((cell): cell is Scalar => typeof cell !== 'object');
    this.#separator = options.splits && kindOf(scalars).kind === 'text' ? separatorOf(scalars) : undefined;
    this.cells = cells.map((cell) => (typeof cell === 'object' ? this.#list(cell) : this.#scalar(cell)));
  }

  /** The values that were not taken apart. */
  get singles(): Scalar[] {
    return this.values.filter((_, i) => !this.#wholes.has(i));
  }

  #list(members: readonly Scalar[]): readonly number[] {
    this.isList = true;
    return [...new Set(members.flatMap((member) => this.#withSteps(member)))];
  }

  #scalar(value: Scalar): number | readonly number[] {
    const members =
      this.options.splits && typeof value === 'string' ? membersOf(value, this.#separator) : undefined;
    if (members === undefined) {
      const places = this.#withSteps(value);
      return places.length === 1 ? places[0] : [...new Set(places)];
    }
    this.isList = true;
    const whole = this.#place(value);
    const parts = members.flatMap((member) => this.#withSteps(member)).filter((part) => part !== whole);
    this.#wholes.add(whole);
    if (parts.length > 0) this.lists.add(whole);
    return [...new Set([whole, ...parts])];
  }

  /** A value, and where it is a path also its steps. */
  #withSteps(value: Scalar): number[] {
    const place = this.#place(value);
    const steps = this.options.splits && typeof value === 'string' ? stepsOf(value) : [];
    if (steps.length > 0) this.#wholes.add(place);
    return [place, ...steps.map((step) => this.#place(step))];
  }

  #place(value: Scalar): number {
    const known = this.#places.get(value);
    if (known !== undefined) return known;
    this.#places.set(value, this.values.length);
    return this.values.push(value) - 1;
  }
}
