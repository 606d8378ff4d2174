import { expect, it } from 'vitest';
import { buildPostings, postingsOf } from './postings.js';

const items = ['red pleated skirt', 'blue denim jacket', 'red leather red bag', 'the denim'].map(
  (text, i) => ({
    id: String(i),
    text,
    title: text,
    metadata: {},
  }),
);

it('finds the items of every word that says something', () => {
  const postings = buildPostings(items);
  expect(postings.get('red')).toEqual([0, 2]);
  expect(postings.get('denim')).toEqual([1, 3]);
  expect(postings.has('the')).toBe(false);
});

it('looks at some items only, if asked', () => {
  expect(buildPostings(items, [1, 2]).get('red')).toEqual([2]);
});

it('reads a catalog once', () => {
  expect(postingsOf(items)).toBe(postingsOf(items));
  expect(postingsOf(items)).toEqual(buildPostings(items));
});
