import { describe, expect, it } from 'vitest';
import { matrix, row } from '../matrix.js';
import { queryConditions } from './conditions.js';

/** Every text as the direction of [its number of words, its length]. */
const encoder = {
  async encode(texts: readonly string[]) {
    return matrix(texts.length, 2, Float32Array.from(texts.flatMap(directionOf)));
  },
};
const directionOf = (text: string) => unit(text.split(' ').length, text.length);
const unit = (x: number, y: number) => [x / Math.hypot(x, y), y / Math.hypot(x, y)];

const queries = { texts: ['a red tent', 'the', 'red red blue tiny'] };
const items = ['red lamp', 'red boot', 'tent'].map((text, i) => ({
  id: String(i),
  text,
  title: text,
  metadata: {},
}));
const world = { items, vectors: matrix(3, 2, Float32Array.of(1, 0, 0, 1, -1, 0)), encoder };

describe('queryConditions', () => {
  const vectors = matrix(3, 2, Float32Array.of(1, 2, 3, 4, 5, 6));

  it('are the embeddings alone without words', async () => {
    expect(await queryConditions({ ...queries, vectors }, 0, world)).toBe(vectors);
  });

  it('add the first distinct content words, zeros where there are fewer', async () => {
    const conditions = await queryConditions({ ...queries, vectors }, 2, world);
    const close = (at: number, expected: number[]) =>
      expected.forEach((x, j) => {
        expect(row(conditions, at)[j]).toBeCloseTo(x, 5);
      });
    expect(conditions.cols).toBe(6);
    const meaning = (word: string, [x, y]: number[] = [0, 0]) => {
      const [a, b] = directionOf(`${word} ${word} ${word}`);
      return unit(a + x, b + y);
    };
    close(0, [1, 2, ...meaning('red', unit(1, 1)), ...meaning('tent', [-1, 0])]);
    close(1, [3, 4, 0, 0, 0, 0]);
    // No item is blue: its embedding is all there is.
    close(2, [5, 6, ...meaning('red', unit(1, 1)), ...meaning('blue')]);
  });
});
