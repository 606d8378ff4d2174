import { describe, expect, it } from 'vitest';
import { matrix, row } from '../matrix.js';
import { queryConditions } from './conditions.js';

/** Every text as [its number of words, its length]. */
const encoder = {
  async encode(texts: readonly string[]) {
    return matrix(texts.length, 2, Float32Array.from(texts.flatMap(shapeOf)));
  },
};
const shapeOf = (text: string) => [text.split(' ').length, text.length];

const queries = { texts: ['a red tent', 'the', 'red red blue tiny'] };

describe('queryConditions', () => {
  const vectors = matrix(3, 2, Float32Array.of(1, 2, 3, 4, 5, 6));

  it('are the embeddings alone without words', async () => {
    expect(await queryConditions({ ...queries, vectors }, 0, encoder)).toBe(vectors);
  });

  it('add the first distinct content words, each written three times, zeros where there are fewer', async () => {
    const conditions = await queryConditions({ ...queries, vectors }, 2, encoder);
    expect(conditions.cols).toBe(6);
    const meaning = (word: string) => shapeOf(`${word} ${word} ${word}`);
    expect([...row(conditions, 0)]).toEqual([1, 2, ...meaning('red'), ...meaning('tent')]);
    expect([...row(conditions, 1)]).toEqual([3, 4, 0, 0, 0, 0]);
    expect([...row(conditions, 2)]).toEqual([5, 6, ...meaning('red'), ...meaning('blue')]);
  });
});
