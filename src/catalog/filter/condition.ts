/** One condition over the different values of a field. */
import { InputError } from '../../errors.js';
import type { Column, FieldKind } from './column.js';
import type { FieldFilter, FilterOperator, Scalar } from './filter.js';
import { type Numeric, PLAIN_FORMAT, readDate, readNumber } from './values.js';

/** Whether a value, by its place in the column, passes. */
export type ValueTest = (place: number) => boolean;

const KINDS: Readonly<Record<FieldKind, string>> = {
  number: 'numbers',
  date: 'dates',
  boolean: 'true or false',
  text: 'text',
};

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
    if (from.bound > to.bound) {
      throw new InputError(`is never from ${least} to ${greatest}; write the smaller one first`, { field });
    }
    return (place) => from.test(place) && to.test(place);
  }
  const wanted: readonly Scalar[] = typeof filter.value === 'object' ? filter.value : [filter.value];
  const tests = wanted.map((value): ValueTest => {
    if (op === '~') return contains(column, String(value));
    if (op === '=' || op === '!=' || op === 'in') return equals(column, field, value);
    return comparison(column, field, op, value).test;
  });
  return tests.length === 1 ? tests[0] : (place) => tests.some((test) => test(place));
}

function contains({ values }: Column, text: string): ValueTest {
  const wanted = text.toLowerCase();
  return (place) => String(values[place]).toLowerCase().includes(wanted);
}

function equals(column: Column, field: string, value: Scalar): ValueTest {
  const { kind, values, typed } = column;
  const exact = String(value);
  const isExact = (place: number): boolean => String(values[place]) === exact;
  if (kind === 'text') return isExact;
  const span = readBound(column, value);
  if (span) return (place) => isWithin(typed[place], span) || isExact(place);
  // Besides numbers a field may hold words such as "unknown"; these can be asked for, others cannot be there.
  if (values.some((_, place) => isExact(place))) return isExact;
  throw impossible(column, field, value);
}

interface Comparison {
  readonly test: ValueTest;
  /** What is compared with, for putting two in order. */
  readonly bound: Numeric | string;
}

function comparison(
  column: Column,
  field: string,
  op: Exclude<FilterOperator, '=' | '!=' | '~'>,
  value: Scalar,
): Comparison {
  const { kind, values } = column;
  if (kind === 'boolean') {
    throw new InputError(`holds true or false, and neither is more; write e.g. ${shownName(field)}=true`, {
      field,
    });
  }
  if (kind !== 'text') {
    const span = readBound(column, value);
    if (!span) throw impossible(column, field, value);
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
    if (typed.every((found) => found === undefined)) throw impossible(column, field, value);
    return { test: compare(typed, op, span), bound: span.start };
  }
  const test: Record<typeof op, ValueTest> = {
    '<': (place) => String(values[place]) < text,
    '<=': (place) => String(values[place]) <= text,
    '>': (place) => String(values[place]) > text,
    '>=': (place) => String(values[place]) >= text,
  };
  return { test: test[op], bound: text };
}

const DAY = 86_400_000;

/** A number or boolean, or the time from `start` to before `end`. */
interface Bound {
  readonly start: Numeric;
  readonly end?: number;
}

const PLAIN_NUMBER = /^[+-]?\d*\.?\d+$/;

function readBound(column: Column, value: Scalar): Bound | undefined {
  if (column.kind === 'date') return readDate(String(value));
  // A single point is a decimal point, however the catalog writes its numbers.
  const isPlain = column.kind === 'number' && typeof value === 'string' && PLAIN_NUMBER.test(value);
  const start = isPlain ? readNumber(value, PLAIN_FORMAT) : column.read(value);
  return start === undefined ? undefined : { start };
}

function isWithin(found: Numeric | undefined, { start, end }: Bound): boolean {
  if (found === undefined) return false;
  return end === undefined ? !(found < start || found > start) : found >= start && found < end;
}

function compare(
  typed: readonly (Numeric | undefined)[],
  op: '<' | '<=' | '>' | '>=',
  { start, end }: Bound,
): ValueTest {
  // "Later than 2024" is said of what came in 2024; later than a day is not the same day.
  const after = end !== undefined && end - Number(start) <= DAY ? end : undefined;
  const test: Record<typeof op, (found: Numeric) => boolean> = {
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

/** The error for a value that the field's values cannot be compared with. */
function impossible(column: Column, field: string, value: Scalar): InputError {
  const { kind, values } = column;
  if (values.length === 0)
    return new InputError('has no value in any item, so no filter on it passes', { field });
  const examples = column
    .examples(2)
    .map((example) => JSON.stringify(example).slice(0, 60))
    .join(' and ');
  const wanted = JSON.stringify(value);
  const remedy =
    kind === 'text'
      ? `which cannot be compared with ${wanted}; use = or ~, or make them numbers or dates (2024-01-31) in the catalog`
      : `got ${wanted}; write e.g. ${shownName(field)}=${column.example}${advice(kind, value)}`;
  const such = kind === 'boolean' ? '' : ` such as ${examples}`;
  return new InputError(`holds ${KINDS[kind]}${such}, ${remedy}`, { field });
}

function advice(kind: FieldKind, value: Scalar): string {
  if (kind === 'number' && /^\d+,\d+$/.test(String(value))) {
    return `, with a decimal point: ${String(value).replace(',', '.')}`;
  }
  return '';
}

const shownName = (field: string): string => (/[\s=<>~()|]/.test(field) ? JSON.stringify(field) : field);
