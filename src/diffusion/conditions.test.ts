import { describe, expect, it } from 'vitest';
import { matrix, row } from '../matrix.js';
import { queryConditions } from './conditions.js';

/** Every text as [its number of words, its length]. */
const encoder = {
  async encode(texts: readonly string[]) {
    return matrix(
      texts.length,
      2,
      Float32Array.from(texts.flatMap((text) => [text.split(' ').length, text.length])),
    );
  },
};
const queries = { texts: ['a red tent', 'the', 'red red blue tiny'] };

describe('queryConditions', () => {
  const vectors = matrix(3, 2, Float32Array.of(1, 2, 3, 4, 5, 6));

  it('are the embeddings alone without words', async () => {
    expect(await queryConditions({ ...queries, vectors }, 0, encoder)).toBe(vectors);
  });

  it('add the first distinct content words, each encoded as a repetition, and zeros', async () => {
    const conditions = await queryConditions({ ...queries, vectors }, 2, encoder);
    expect(conditions.cols).toBe(6);
    expect([...row(conditions, 0)]).toEqual([1, 2, 3, 'red red red'.length, 3, 'tent tent tent'.length]);
    expect([...row(conditions, 1)]).toEqual([3, 4, 0, 0, 0, 0]);
    expect([...row(conditions, 2)]).toEqual([5, 6, 3, 'red red red'.length, 3, 'blue blue blue'.length]);
  });
});
