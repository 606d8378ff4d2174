import { describe, expect, test, vi } from 'vitest';
import { Bm25 } from '../lexical/bm25.js';
import { concatRows, gatherRows, matrix } from '../matrix.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { compareInt8, isWorthIt } from './precision.js';

const K = 2;
const QUERIES = 10;
/** Items are the axes of a space. */
const vectors = matrix(6, 6);
for (let i = 0; i < 6; i++) vectors.data[7 * i] = 1;

/** Compares models that answer each query with directions at so many items, after so many milliseconds. */
async function compare(
  answers: (int8: boolean, query: number) => readonly number[],
  ms: (int8: boolean) => number = () => 1,
) {
  const index = await ExactIndex.create({ vectors, threads: 1 });
  const queries = Array.from({ length: QUERIES }, (_, q) => q);
  const released: boolean[] = [];
  const asked: number[][] = [];
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
  try {
    const found = await compareInt8({
      queries: { texts: queries.map(String), vectors: matrix(QUERIES, 1, Float32Array.from(queries)) },
      space: { index, vectors, lexicon: () => Bm25.of([]) },
      k: K,
      seed: 1,
      open: async (int8) => ({
        async sample({ conditions }) {
          asked.push([...conditions.data]);
          now += ms(int8);
          return concatRows([...conditions.data].map((query) => gatherRows(vectors, answers(int8, query))));
        },
        async release() {
          released.push(int8);
        },
      }),
    }).catch((error: Error) => error);
    return { found, released, asked };
  } finally {
    clock.mockRestore();
    await index.release();
  }
}

describe('compareInt8', () => {
  test('sets of the same items are the same in any order', async () => {
    const { found, released } = await compare((int8) => (int8 ? [3, 1] : [1, 3]));
    expect(found).toMatchObject({ queries: QUERIES, same: 1 });
    expect(released).toEqual([false, true]);
  });

  test('each item that another has taken the place of counts', async () => {
    const { found } = await compare((int8, query) => [0, int8 && query === 9 ? 2 : 1]);
    expect(found).toMatchObject({ same: 1 - 1 / (QUERIES * K) });
  });

  test('both are asked the same by turns, and times are compared batch by batch', async () => {
    const { found, asked } = await compare(
      () => [0, 1],
      (int8) => (int8 ? 2 : 7),
    );
    expect(found).toMatchObject({ timesAsQuick: 3.5 });
    const [first, rest] = [
      [0, 1, 2, 3, 4, 5, 6, 7],
      [8, 9],
    ];
    expect(asked).toEqual([first, first, first, first, rest, rest]);
  });

  test('a model that fails is released, and the other one', async () => {
    const { found, released } = await compare((int8) => {
      if (int8) throw new Error('out of memory');
      return [0, 1];
    });
    expect(found).toEqual(new Error('out of memory'));
    expect(released).toEqual([false, true]);
  });
});

test.each([
  [0.99, 1.5, true],
  [0.989, 1.5, false],
  [1, 0.98, false],
])('same %s, %s times as quick: %s', (same, timesAsQuick, worth) => {
  expect(isWorthIt({ queries: 200, same, timesAsQuick })).toBe(worth);
});
