import { expect, it } from 'vitest';
import { fillUp } from './fillUp.js';

it('fillUp goes on where a ranking ends, without repeating', () => {
  expect([...fillUp([3, 1], [1, -1, 5, 3, 2, 9], 4)]).toEqual([3, 1, 5, 2]);
  expect([...fillUp([3, 1, 2], [7], 2)]).toEqual([3, 1]);
  expect([...fillUp([], [4, 4], 5)]).toEqual([4]);
});
