import { expect, it } from 'vitest';
import { itemSets, rankByWeights } from './itemSets.js';

it('rankByWeights adds up the weights of the sets that have an item', () => {
  const sets = itemSets([[9, 4], [4, 4, 7], [], [2]]);
  const { items, scores } = rankByWeights(sets, [1, 2, 5, -1]);
  expect([...items]).toEqual([4, 7, 9, 2]);
  expect([...scores]).toEqual([3, 2, 1, -1]);
  expect([...rankByWeights(sets, [1, 1, 1, 1], 3).items]).toEqual([4, 2, 7]);
  expect(rankByWeights(itemSets([]), []).items).toHaveLength(0);
});
