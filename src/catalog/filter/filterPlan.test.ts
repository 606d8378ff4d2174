import { expect, it } from 'vitest';
import type { Item } from '../item.js';
import { termOf } from './filterPlan.js';
import { FilterTable } from './filterTable.js';

const items = ['5', '10', '20', '30'].map(
  (price, i): Item => ({
    id: `${i}`,
    text: `text ${i}`,
    title: `title ${i}`,
    metadata: { price: `${price}.00 USD`, color: ['red', 'Dark  Blue'][i % 2] },
  }),
);
const table = new FilterTable(items);

it('names values so that no two fields or values share a name', () => {
  expect(termOf('color', 'red')).toBe('color=red');
  expect(termOf('a', 'b=c')).not.toBe(termOf('a=b', 'c'));
  expect(termOf('a\\', 'b')).not.toBe(termOf('a', '\\b'));
  expect(termOf('a=b')).not.toBe(termOf('a', 'b'));
  const long = (end: string) => termOf('text', 'x'.repeat(5000) + end);
  expect(long('a').length).toBeLessThan(250);
  expect(long('a')).not.toBe(long('b'));
  expect(long('a')).toBe(long('a'));
});

it('works out what a filter says of money and of texts', () => {
  const range = (from: number, to: number) => ({
    op: 'and',
    of: [{ op: 'range', field: 'price', from, to }],
  });
  expect(table.plan('price<=20')).toEqual(range(5, 20));
  expect(table.plan('price>5 USD')).toEqual(range(10, 30));
  expect(table.plan('color=DARK BLUE')).toEqual({
    op: 'and',
    of: [{ op: 'any', terms: ['color=dark blue'] }],
  });
  expect(table.plan(['color!=red', 'price IS MISSING'])).toEqual({
    op: 'and',
    of: [
      { op: 'not', of: { op: 'any', terms: ['color=red'] } },
      { op: 'not', of: { op: 'any', terms: ['price'] } },
    ],
  });
});
