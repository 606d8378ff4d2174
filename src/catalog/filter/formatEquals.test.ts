import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatEquals } from './formatEquals.js';
import { parseFilter } from './parseFilter.js';

it('quotes only what needs it', () => {
  expect(formatEquals('color', 'dark blue')).toBe('color=dark blue');
  expect(formatEquals('category', 'Home > Garden')).toBe('category="Home > Garden"');
  expect(formatEquals('Price (EUR)', 5)).toBe('"Price (EUR)"=5');
});

it('is read back whatever field and value are', () => {
  const piece = fc.constantFrom(
    'a',
    ' ',
    'and',
    'OR',
    'in',
    '"',
    "'",
    '\\',
    '>',
    '!=',
    '..',
    '|',
    ',',
    '(',
    '\n',
    'é',
  );
  const text = fc.oneof(
    fc.string({ minLength: 1, unit: 'grapheme' }),
    fc.array(piece, { minLength: 1 }).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, text, (field, value) => {
      expect(parseFilter(formatEquals(field, value))).toEqual({ field, op: '=', value });
    }),
    { numRuns: 1000 },
  );
});
