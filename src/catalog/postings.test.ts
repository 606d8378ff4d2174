import { expect, it } from 'vitest';
import { Postings, postingsOf } from './postings.js';

const items = ['red pleated skirt', 'blue denim jacket', 'red leather red bag', 'the denim'].map(
  (text, i) => ({
    id: String(i),
    text,
    title: text,
    metadata: {},
  }),
);

it('finds the items of every word that says something', () => {
  const postings = new Postings(items);
  expect([...postings.get('red')]).toEqual([0, 2]);
  expect([...postings.get('denim')]).toEqual([1, 3]);
  expect([...postings.get('bag')]).toEqual([2]);
  expect([...postings.get('the')]).toEqual([]);
});

it('reads a catalog once', () => {
  expect(postingsOf(items)).toBe(postingsOf(items));
});
