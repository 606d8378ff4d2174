import { expect, it } from 'vitest';
import { popularItems } from './popular.js';

it('popularItems counts sets, not mentions', () => {
  const { items, scores } = popularItems([[4, 2], [2, 2, 2], [0, 4], [2]]);
  expect([...items]).toEqual([2, 4, 0]);
  expect([...scores]).toEqual([3, 2, 1]);
  expect(popularItems([]).items).toHaveLength(0);
});
