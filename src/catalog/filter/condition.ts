/** One condition over the different values of a field. */
import type { Column } from './column.js';
import type { FieldFilter, FilterOperator, Scalar } from './filter.js';
import { withPlainSteps } from './parts.js';
import { ambiguous, backwards, type Condition, impossible, rounded, unordered } from './refusals.js';
import { type Numeric, PLAIN_FORMAT, readDate, readNumber } from './values.js';

/** Whether a value, by its place in the column, passes. */
export type ValueTest = (place: number) => boolean;

/**
 * The test of `=`, `in`, the comparisons, `between` and `~`; for `!=` that of `=`, whose rows are those that do not pass.
 *
 * @throws InputError if no value of the field's kind could pass
 */
export function valueTest(column: Column, filter: Exclude<FieldFilter, { op: 'missing' }>): ValueTest {
  const { field, op } = filter;
  if (op === 'between') {
    const [least, greatest] = filter.value;
    const from = comparison(column, field, '>=', least);
    const to = comparison(column, field, '<=', greatest);
    if (from.bound > to.bound) throw backwards(field, least, greatest);
    return (place) => from.test(place) && to.test(place);
  }
  const wanted: readonly Scalar[] = typeof filter.value === 'object' ? filter.value : [filter.value];
  if (op === '~') return anyOf(wanted.map((value) => contains(column, value)));
  if (op === '=' || op === '!=' || op === 'in') {
    if (column.kind === 'text') return equalsText(column, field, wanted);
    return anyOf(wanted.map((value) => equals(column, { field, op: op === 'in' ? '=' : op, value })));
  }
  return anyOf(wanted.map((value) => comparison(column, field, op, value).test));
}

const anyOf = (tests: readonly ValueTest[]): ValueTest =>
  tests.length === 1 ? tests[0] : (place) => tests.some((test) => test(place));

function contains(column: Column, value: Scalar): ValueTest {
  const wanted = withPlainSteps(String(value).normalize()).replace(/\s+/g, ' ').toLowerCase();
  const { keys } = column;
  return (place) => keys[place].toLowerCase().includes(wanted);
}

/** The same text, or a piece of a path: `Home > Garden` of `Home > Garden > Pots`. */
function equalsText(column: Column, field: string, wanted: readonly Scalar[]): ValueTest {
  const keys = wanted.map((value) => column.keyOf(value));
  const whole = new Set(keys);
  const pieces = keys.filter((key) => key.includes(' > ')).map((key) => ` > ${key} > `);
  const found = column.keys;
  const test: ValueTest = (place) =>
    whole.has(found[place]) ||
    (pieces.length > 0 && pieces.some((piece) => ` > ${found[place]} > `.includes(piece)));
  // Where no text is a date, a date was meant to be compared with dates.
  const date = wanted.find((value) => /\d-\d/.test(String(value)) && readDate(String(value)) !== undefined);
  const isNone = date !== undefined && !found.some((_, place) => test(place));
  if (isNone && !column.values.some((value) => readDate(String(value)) !== undefined))
    throw impossible(column, { field, op: '=', value: date });
  return test;
}

function equals(column: Column, condition: Condition): ValueTest {
  const { field, value } = condition;
  const { keys, typed } = column;
  const key = column.keyOf(value);
  const isSame: ValueTest = (place) => keys[place] === key;
  const span = readBound(column, field, value);
  if (span) return (place) => isWithin(typed[place], span) || isSame(place);
  // Besides numbers a field may hold words such as "unknown"; these can be asked for, others cannot be there.
  if (keys.includes(key)) return isSame;
  throw impossible(column, condition);
}

type Comparator = Exclude<FilterOperator, '=' | '!=' | '~'>;

interface Comparison {
  readonly test: ValueTest;
  /** What is compared with, for putting two in order. */
  readonly bound: Numeric | string;
}

function comparison(column: Column, field: string, op: Comparator, value: Scalar): Comparison {
  const { kind, values } = column;
  if (kind === 'boolean') throw unordered(field);
  if (kind !== 'text') {
    const span = readBound(column, field, value);
    if (!span) throw impossible(column, { field, op, value });
    return { test: compare(column.typed, op, span), bound: span.start };
  }
  const text = String(value);
  const number = typeof value === 'number' ? value : readNumber(text, PLAIN_FORMAT);
  const span: Bound | undefined = number === undefined ? readDate(text) : { start: number };
  if (span) {
    // Texts among which are numbers, or dates: only these are compared.
    const typed = values.map((found) =>
      number === undefined
        ? readDate(String(found))?.start
        : typeof found === 'number'
          ? found
          : readNumber(String(found), PLAIN_FORMAT),
    );
    if (typed.every((found) => found === undefined)) throw impossible(column, { field, op, value });
    return { test: compare(typed, op, span), bound: span.start };
  }
  const { keys } = column;
  const key = column.keyOf(value);
  const test: Record<Comparator, ValueTest> = {
    '<': (place) => keys[place] < key,
    '<=': (place) => keys[place] <= key,
    '>': (place) => keys[place] > key,
    '>=': (place) => keys[place] >= key,
  };
  return { test: test[op], bound: key };
}

const DAY = 86_400_000;

/** A number or boolean, or the time from `start` to before `end`. */
interface Bound {
  readonly start: Numeric;
  readonly end?: number;
}

/** A single point, which is a decimal point however the catalog writes its numbers. */
const POINTED = /^[+-]?\d*\.?\d+$/;
/** `1.299` where points are between groups, and `1,299` where commas are not. */
const GROUP_OR_DECIMALS = { '.': /^[+-]?[1-9]\d{0,2},\d{3}$/, ',': /^[+-]?[1-9]\d{0,2}\.\d{3}$/ } as const;

function readBound(column: Column, field: string, value: Scalar): Bound | undefined {
  if (column.kind === 'date') return readDate(String(value));
  let start = column.read(value);
  if (column.kind === 'number' && typeof value === 'string') {
    const { decimal, group } = column.format;
    const isGrouped = decimal === '.' && group === ',';
    if (!isGrouped && GROUP_OR_DECIMALS[decimal].test(value)) throw ambiguous(column, field, value);
    if (POINTED.test(value)) start = readNumber(value, PLAIN_FORMAT);
  }
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    if (column.typed.some((found) => typeof found === 'bigint')) throw rounded(field, value);
  }
  return start === undefined ? undefined : { start };
}

function isWithin(found: Numeric | undefined, { start, end }: Bound): boolean {
  if (found === undefined) return false;
  return end === undefined ? !(found < start || found > start) : found >= start && found < end;
}

function compare(typed: readonly (Numeric | undefined)[], op: Comparator, { start, end }: Bound): ValueTest {
  // "Later than 2024" is said of what came in 2024; later than a day is not the same day.
  const after = end !== undefined && end - Number(start) <= DAY ? end : undefined;
  const test: Record<Comparator, (found: Numeric) => boolean> = {
    '<': (found) => found < start,
    '>=': (found) => found >= start,
    '<=': (found) => (end === undefined ? found <= start : found < end),
    '>': (found) => (after === undefined ? found > start : found >= after),
  };
  const passes = test[op];
  return (place) => {
    const found = typed[place];
    return found !== undefined && passes(found);
  };
}
