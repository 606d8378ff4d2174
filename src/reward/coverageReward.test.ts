import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix, normalizeRows } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { softGains } from './coverageReward.js';

const unitRows = (rows: number, seed: number) =>
  normalizeRows(matrix(rows, 5, new CounterRandom(seed, 'test').fillNormal(new Float32Array(rows * 5))));

describe('softGains', () => {
  it('sum to the soft coverage of the whole set, whatever the order', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 6 }), (seed, k) => {
        const subQueryVectors = unitRows(k, seed);
        const referenceVectors = unitRows(4, seed + 1);
        const thresholds = new Float32Array(k).fill(0.3);
        const sum = (gains: readonly number[]) => gains.reduce((a, b) => a + b, 0);
        const gains = softGains({ subQueryVectors, thresholds, referenceVectors });
        expect(gains).toHaveLength(k);
        for (const gain of gains) expect(gain).toBeGreaterThanOrEqual(0);
        const reversed = normalizeRows(matrix(k, 5));
        for (let i = 0; i < k; i++)
          reversed.data.set(subQueryVectors.data.subarray((k - 1 - i) * 5, (k - i) * 5), i * 5);
        expect(sum(gains)).toBeCloseTo(
          sum(softGains({ subQueryVectors: reversed, thresholds, referenceVectors })),
          10,
        );
        expect(sum(gains)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('give nothing for a repetition, all for a hit, half at the threshold', () => {
    const axis = matrix(2, 2, Float32Array.of(1, 0, 1, 0));
    const found = softGains({
      subQueryVectors: axis,
      thresholds: Float32Array.of(0.2, 0.2),
      referenceVectors: matrix(1, 2, Float32Array.of(1, 0)),
    });
    expect(found[0]).toBeCloseTo(1, 5);
    expect(found[1]).toBe(0);
    const [half] = softGains({
      subQueryVectors: axis,
      thresholds: Float32Array.of(1, 1),
      referenceVectors: matrix(1, 2, Float32Array.of(1, 0)),
    });
    expect(half).toBeCloseTo(0.5, 6);
  });
});
