import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { ExactIndex } from './exactIndex.js';
import { retrieveBudget } from './retrieveBudget.js';

const unitRows = (rows: number, seed: number): Matrix =>
  normalizeRows(matrix(rows, 6, new CounterRandom(seed, 'test').fillNormal(new Float32Array(rows * 6))));

const items = unitRows(40, 1);
const index = await ExactIndex.create({ vectors: items, threads: 1 });

/** Every direction's whole ranking, by sorting. */
function rankings(directions: Matrix): number[][] {
  return Array.from({ length: directions.rows }, (_, d) => {
    const score = (i: number) => row(items, i).reduce((s, x, j) => s + x * row(directions, d)[j], 0);
    return Array.from({ length: items.rows }, (_, i) => i).sort((a, b) => score(b) - score(a));
  });
}

describe('retrieveBudget', () => {
  it('takes items in turn from every direction, each once, up to the budget', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(1000),
        fc.boolean(),
        async (perQuery, budget, seed, equal) => {
          const directions = unitRows(3 * perQuery, seed);
          // Equal directions overlap wholly, which takes deeper searches.
          if (equal) for (let i = 1; i < perQuery; i++) row(directions, i).set(row(directions, 0));
          const found = await retrieveBudget(index, { directions, perQuery, budget });
          found.forEach((retrieved, q) => {
            const ranked = rankings(rowRange(directions, q * perQuery, (q + 1) * perQuery));
            const expected = new Set<number>();
            for (let r = 0; r < items.rows; r++)
              for (const list of ranked) if (expected.size < budget) expected.add(list[r]);
            expect([...retrieved]).toEqual([...expected]);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is plain search for one direction', async () => {
    const queries = unitRows(4, 9);
    const found = await retrieveBudget(index, { directions: queries, perQuery: 1, budget: 7 });
    const { indices } = await index.search(queries, { k: 7 });
    expect(found.flatMap((r) => [...r])).toEqual([...indices]);
  });
});
