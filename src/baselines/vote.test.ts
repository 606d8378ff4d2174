import { describe, expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { fillUp } from './fillUp.js';
import { rankByNeighbours } from './vote.js';

describe('rankByNeighbours', () => {
  const vectors = matrix(3, 2, Float32Array.of(1, 0, 0.8, 0.6, 0, 1));
  const memory = { vectors, references: [[7, 5], [5, 6], [9]] };
  const query = Float32Array.of(1, 0);

  it('ranks by the weighted votes of the nearest', () => {
    expect([...rankByNeighbours(query, memory, 2)]).toEqual([5, 7, 6]);
    expect([...rankByNeighbours(query, memory, 1)]).toEqual([5, 7]);
  });

  it('leaves room that plain search fills', () => {
    const plain = Int32Array.of(1, 5, 2, 3, 4);
    expect([...fillUp(rankByNeighbours(query, memory, 2), plain, 5)]).toEqual([5, 7, 6, 1, 2]);
    expect([...fillUp(rankByNeighbours(query, memory, 1), plain, 2)]).toEqual([5, 7]);
  });
});
