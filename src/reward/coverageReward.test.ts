import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, gatherRows, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { takeTurns } from '../vectorIndex/retrieveBudget.js';
import { softGains } from './coverageReward.js';

const unitRows = (rows: number, seed: number) =>
  normalizeRows(matrix(rows, 5, new CounterRandom(seed, 'test').fillNormal(new Float32Array(rows * 5))));

/** All of the catalog, ranked for each sub-query. */
function rankedHits(subQueries: Matrix, catalog: Matrix) {
  const k = catalog.rows;
  const indices = new Int32Array(subQueries.rows * k);
  const scores = new Float32Array(subQueries.rows * k);
  for (let i = 0; i < subQueries.rows; i++) {
    const cosines = Array.from({ length: k }, (_, item) => dot(row(subQueries, i), row(catalog, item)));
    const order = [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a]);
    indices.set(order, i * k);
    scores.set(
      order.map((item) => cosines[item]),
      i * k,
    );
  }
  return { indices, scores, k };
}

function fanOut(subQueryVectors: Matrix, catalog: Matrix, reference: readonly number[], budget: number) {
  const hits = rankedHits(subQueryVectors, catalog);
  const { items } = takeTurns(hits, { start: 0, count: subQueryVectors.rows, wanted: budget });
  return { subQueryVectors, hits, withinBudget: items, referenceVectors: gatherRows(catalog, reference) };
}

describe('softGains', () => {
  it('sum to the same coverage in whatever order sub-queries are taken away', () => {
    const catalog = unitRows(30, 1);
    const reference = [0, 7, 21];
    const arbitrary = fc.record({
      seed: fc.nat(1000),
      order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
      budget: fc.integer({ min: 5, max: 20 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ seed, order, budget }) => {
        const all = unitRows(5, seed + 2);
        const takenAway = (sequence: readonly number[]) => {
          let left = [0, 1, 2, 3, 4];
          let total = 0;
          for (const i of sequence) {
            const gains = softGains(fanOut(gatherRows(all, left), catalog, reference, budget));
            total += gains[left.indexOf(i)];
            left = left.filter((j) => j !== i);
          }
          return total;
        };
        const coverage = takenAway([0, 1, 2, 3, 4]);
        expect(takenAway(order)).toBeCloseTo(coverage, 9);
        expect(coverage).toBeGreaterThan(0);
        expect(coverage).toBeLessThanOrEqual(1);
      }),
    );
  });

  // Forty items around each axis, ever farther from it, up to a right angle.
  const axis = (j: number) => Array.from({ length: 4 }, (_, i) => (i === j ? 1 : 0));
  const rows = (vectors: readonly number[][]) => matrix(vectors.length, 4, Float32Array.from(vectors.flat()));
  const catalog = rows(
    [0, 1, 2].flatMap((j) =>
      Array.from({ length: 40 }, (_, i) => {
        const angle = (i * Math.PI) / 82;
        return axis(j).map((value, at) => (at === 3 ? Math.sin(angle) : value * Math.cos(angle)));
      }),
    ),
  );
  const gainsOf = (axes: readonly number[], reference: readonly number[]) =>
    softGains(fanOut(rows(axes.map(axis)), catalog, reference, 40));

  it('give a hit that no other finds to the one that finds it', () => {
    const [found, other] = gainsOf([0, 1], [0]);
    expect(found).toBeGreaterThan(0.9);
    expect(Math.abs(other)).toBeLessThan(0.06);
  });

  it('give little to each of two that find the same', () => {
    for (const gain of gainsOf([0, 0], [0])) expect(Math.abs(gain)).toBeLessThan(0.06);
  });

  it('are negative where the others would have used its share of the budget better', () => {
    // Both items wanted lie within the whole budget around the first axis, but not within half of it.
    const [useful, harmful] = gainsOf([0, 1], [30, 31]);
    expect(Math.abs(useful)).toBeLessThan(0.06);
    expect(harmful).toBeLessThan(-0.9);
  });
});
