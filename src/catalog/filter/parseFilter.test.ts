import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../errors.js';
import type { FieldFilter, Filter } from './filter.js';
import { parseFilter } from './parseFilter.js';

const eq = (field: string, value: string) => ({ field, op: '=', value });

describe('parseFilter reads', () => {
  it.each<[string, unknown]>([
    ['category=shoes', eq('category', 'shoes')],
    [' price <= 20 ', { field: 'price', op: '<=', value: '20' }],
    ['color!=red|dark blue', { field: 'color', op: '!=', value: ['red', 'dark blue'] }],
    ['color = "red" | \'dark blue\'', { field: 'color', op: '=', value: ['red', 'dark blue'] }],
    ['size>=4', { field: 'size', op: '>=', value: '4' }],
    ['group=travel places', eq('group', 'travel places')],
    ['category~Home & Kitchen', { field: 'category', op: '~', value: 'Home & Kitchen' }],
    ['title~24" pan', { field: 'title', op: '~', value: '24" pan' }],
    ["title~men's (new)", { field: 'title', op: '~', value: "men's (new)" }],
    ['title=Wow!', eq('title', 'Wow!')],
    ['price<5,5', { field: 'price', op: '<', value: '5,5' }],
    ['title="a=b \\"c\\" \\\\"', eq('title', 'a=b "c" \\')],
    ['Price (EUR)<5', { field: 'Price (EUR)', op: '<', value: '5' }],
    ['"price<=list"=3', eq('price<=list', '3')],
    ['in-stock?=true', eq('in-stock?', 'true')],
    ['in=5', eq('in', '5')],
    ['color IN (red, "dark, blue")', { field: 'color', op: 'in', value: ['red', 'dark, blue'] }],
    ['color in(red|blue)', { field: 'color', op: 'in', value: ['red', 'blue'] }],
    ['color NOT IN (red)', { not: { field: 'color', op: 'in', value: ['red'] } }],
    ['price 10..20', { field: 'price', op: 'between', value: ['10', '20'] }],
    ['unit price 1.5 .. 2.5', { field: 'unit price', op: 'between', value: ['1.5', '2.5'] }],
    ['day 2024-01-01..2024-02-01', { field: 'day', op: 'between', value: ['2024-01-01', '2024-02-01'] }],
    ['price between 10 and 20', { field: 'price', op: 'between', value: ['10', '20'] }],
    ['brand IS MISSING', { field: 'brand', op: 'missing' }],
    ['brand is not missing', { not: { field: 'brand', op: 'missing' } }],
    ['NOT a=1', { not: eq('a', '1') }],
    [
      'price<=20 AND price>=10',
      {
        and: [
          { field: 'price', op: '<=', value: '20' },
          { field: 'price', op: '>=', value: '10' },
        ],
      },
    ],
    ['a=1 OR b=2 and c=3', { or: [eq('a', '1'), { and: [eq('b', '2'), eq('c', '3')] }] }],
    ['(a=1 OR b=2) AND c=3', { and: [{ or: [eq('a', '1'), eq('b', '2')] }, eq('c', '3')] }],
    ['NOT (a=1 OR NOT b=2)', { not: { or: [eq('a', '1'), { not: eq('b', '2') }] } }],
    ['a=x AND b="y AND z"', { and: [eq('a', 'x'), eq('b', 'y AND z')] }],
  ])('%s', (source, filter) => {
    expect(parseFilter(source)).toEqual(filter);
  });
});

describe('parseFilter says what it expected, and where', () => {
  it.each([
    ['', 1, 'expected a field, found the end'],
    ['category', 9, 'after the field "category" one of = != < <= > >= ~, IN, IS MISSING or a range'],
    ['=x', 1, 'expected a field, found "=x"'],
    ['a=', 3, 'expected a value (without one is written IS MISSING), found the end'],
    ['a=x||y', 5, 'expected a value (conditions are joined with OR), found "|y"'],
    ['a==x', 3, 'expected a value (equal is written =)'],
    ['a<>x', 3, 'expected a value (not equal is written !=)'],
    ['a>5 && b<7', 8, 'expected AND or OR before the next condition'],
    ['10<a<20', 5, 'expected AND, OR or the end'],
    ['price>=10 price<=20', 11, 'expected AND or OR before the next condition'],
    ['title~a=b', 8, 'a value with an operator in it goes in quotes'],
    ['category=Home and Garden', 25, 'values with AND or OR in them go in quotes'],
    ['color="red" blue', 13, 'expected AND, OR or the end, found "blue"'],
    ['color="red', 11, 'a closing quote for the one at column 7'],
    ['(a=1 OR b=2', 12, 'expected AND, OR or ")"'],
    ['a=1)', 4, 'expected AND, OR or the end, found ")"'],
    ['color IN red', 10, 'expected a list such as (red, blue)'],
    ['color IN (red, )', 16, 'expected a value'],
    ['color=(red, blue)', 7, 'expected a value'],
    ['brand IS empty', 10, 'expected MISSING or NOT MISSING'],
    ['a=1 AND', 8, 'expected a field'],
    ['price between 1 and', 20, 'expected a value'],
    [`${'('.repeat(200)}a=1`, 101, 'at most 100 levels'],
    ['x'.repeat(20_000), 10_001, 'at most 10000 are read'],
  ])('%s', (source, column, message) => {
    const error = problem(source);
    expect(error.message).toContain(message);
    expect(error).toMatchObject({ field: 'filter', column });
  });
});

function problem(source: string): InputError {
  try {
    parseFilter(source);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error(`no error for ${source}`);
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
const text = fc.string({ minLength: 1, unit: 'grapheme' });

/** The filter as text, with as many parentheses and quotes as can be. */
function print(filter: Filter): string {
  if ('and' in filter) return `(${filter.and.map((f) => print(f as Filter)).join(' AND ')})`;
  if ('or' in filter) return `((${filter.or.map((f) => print(f as Filter)).join(') or (')}))`;
  if ('not' in filter) return `NOT (${print(filter.not as Filter)})`;
  const field = quoted(filter.field);
  if (filter.op === 'missing') return `${field} IS MISSING`;
  if (filter.op === 'between')
    return `${field} BETWEEN ${filter.value.map((v) => quoted(String(v))).join(' AND ')}`;
  if (filter.op === 'in') return `${field} IN (${filter.value.map((v) => quoted(String(v))).join(',')})`;
  return `${field}${filter.op}${[filter.value]
    .flat()
    .map((v) => quoted(String(v)))
    .join('|')}`;
}

const condition: fc.Arbitrary<FieldFilter> = fc.oneof(
  fc.record({ field: text, op: fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '~'), value: text }),
  fc.record({ field: text, op: fc.constant('='), value: fc.array(text, { minLength: 2, maxLength: 3 }) }),
  fc.record({ field: text, op: fc.constant('in'), value: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  fc.record({ field: text, op: fc.constant('between'), value: fc.tuple(text, text) }),
  fc.record({ field: text, op: fc.constant('missing') }),
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    condition,
    fc.record({ and: fc.array(tie('filter'), { minLength: 2, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('filter'), { minLength: 2, maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
}));

it('every filter that is written out is read back', () => {
  fc.assert(
    fc.property(filter, (expected) => {
      expect(parseFilter(print(expected))).toEqual(expected);
    }),
  );
});

it('throws nothing but an InputError with a column in the text', () => {
  const pieces = fc.constantFrom(
    ...[
      'a',
      'price',
      '10..20',
      '..',
      '=',
      '!=',
      '<',
      '>=',
      '~',
      '!',
      '|',
      ',',
      '(',
      ')',
      '"',
      "'",
      '\\',
      ' ',
      'AND',
      'or',
      'NOT',
      'in',
      'IS',
      'MISSING',
      'between',
      '5,5',
      'é',
      '\n',
      '\0',
    ],
  );
  const source = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(' ')),
    filter.map(print).chain((whole) => fc.nat(whole.length).map((end) => whole.slice(0, end))),
  );
  fc.assert(
    fc.property(source, (tried) => {
      try {
        expect(parseFilter(tried)).toBeTypeOf('object');
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        const { column } = error as InputError;
        expect(column).toBeGreaterThanOrEqual(1);
        expect(column).toBeLessThanOrEqual(tried.length + 1);
      }
    }),
    { numRuns: 1000 },
  );
});
