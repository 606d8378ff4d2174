import { expect, it } from 'vitest';
import { matrix } from '../../matrix.js';
import { referencesOf } from './references.js';

const titles = ['cake', 'balloon', 'Cake', 'tent'];
const items = titles.map((title, i) => ({ id: `i${i}`, title, text: title, metadata: {} }));
/** Cake twice, in the same place. */
const vectors = matrix(4, 2, Float32Array.of(1, 0, 0, 1, 1, 0, 0.6, 0.8));
const queries = [
  { query: 'Birthday  party', items: [1, 2], split: 'test' as const },
  { query: 'camping', items: [], split: 'train' as const },
];

it('knows the sets of the own queries, in any capitals, as the items that searches return', () => {
  const of = referencesOf({ queries, items, vectors });
  expect(of('birthday party')).toEqual({ split: 'test', items: ['i1', 'i0'] });
});

it('knows nothing of other queries, nor of those without a set', () => {
  const of = referencesOf({ queries, items, vectors });
  expect(of('birthday')).toBeUndefined();
  expect(of('camping')).toBeUndefined();
  expect(referencesOf({ queries: [], items, vectors })('camping')).toBeUndefined();
});
