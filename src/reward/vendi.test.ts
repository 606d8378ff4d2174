import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatherRows, type Matrix, matrix, normalizeRows } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { normalizedVendi, normalizeVendi, prefixVendi, vendi } from './vendi.js';

const rows = (...values: number[][]): Matrix =>
  matrix(values.length, values[0].length, new Float32Array(values.flat()));

const randomSets = fc
  .record({ k: fc.integer({ min: 1, max: 14 }), d: fc.integer({ min: 1, max: 20 }), seed: fc.nat() })
  .map(({ k, d, seed }) => {
    const m = matrix(k, d);
    new CounterRandom(seed).fillNormal(m.data);
    return normalizeRows(m);
  });

describe('prefixVendi', () => {
  it('is the Vendi score of every beginning of the set', () => {
    fc.assert(
      fc.property(randomSets, (set) => {
        prefixVendi(set).forEach((score, i) => {
          const first = gatherRows(
            set,
            Array.from({ length: i + 1 }, (_, j) => j),
          );
          expect(score).toBeCloseTo(vendi(first), 6);
        });
      }),
    );
  });
});

describe('vendi', () => {
  it('is k for orthonormal items and 1 for identical ones', () => {
    expect(vendi(rows([1, 0, 0], [0, 1, 0], [0, 0, 1]))).toBeCloseTo(3, 12);
    expect(vendi(rows([0.6, 0.8], [0.6, 0.8], [0.6, 0.8]))).toBeCloseTo(1, 6);
    expect(vendi(rows([1, 0]))).toBe(1);
    expect(vendi(matrix(0, 3))).toBe(0);
  });

  it('counts duplicates as shares: two pairs of orthogonal items are two items', () => {
    expect(vendi(rows([1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]))).toBeCloseTo(2, 12);
  });

  it('has the closed form of eigenvalues (1 + c) / 2 and (1 - c) / 2 for two items of cosine c', () => {
    for (const c of [-0.9, -0.5, 0, 0.25, 0.6, 0.99]) {
      const [a, b] = [(1 + c) / 2, (1 - c) / 2];
      const expected = Math.exp(-a * Math.log(a) - b * Math.log(b));
      expect(vendi(rows([1, 0, 0], [c, Math.sqrt(1 - c * c), 0]))).toBeCloseTo(expected, 6);
    }
  });

  it('agrees with numpy', () => {
    // numpy 2.4: eigvalsh(X X^T / k) of the same clustered sets.
    const figures: [k: number, d: number, seed: number, expected: number][] = [
      [2, 3, 1, 1.0637869899601724],
      [5, 4, 2, 2.6212433130907753],
      [10, 16, 3, 4.387149375238001],
      [10, 128, 4, 4.569628121812294],
      [12, 3, 5, 2.227433805682429],
      [40, 64, 6, 11.733651503659216],
    ];
    for (const [k, d, seed, expected] of figures) {
      expect(vendi(clusteredSet(k, d, seed))).toBeCloseTo(expected, 5);
    }
  });

  it('lies between 1 and min(k, d), whatever the order of the items', () => {
    fc.assert(
      fc.property(randomSets, fc.nat(), (set, seed) => {
        const score = vendi(set);
        expect(score).toBeGreaterThanOrEqual(1 - 1e-6);
        expect(score).toBeLessThanOrEqual(Math.min(set.rows, set.cols) * (1 + 1e-6));
        const shuffled = gatherRows(set, new CounterRandom(seed).permutation(set.rows));
        expect(vendi(shuffled)).toBeCloseTo(score, 9);
      }),
    );
  });

  it('does not hide a vector which is not finite', () => {
    expect(vendi(rows([1, 0], [Number.NaN, 0]))).toBeNaN();
  });
});

describe('normalizedVendi', () => {
  it('maps [1, k] to [0, 1]', () => {
    expect(normalizedVendi(rows([1, 0], [0, 1]))).toBeCloseTo(1, 12);
    expect(normalizedVendi(rows([1, 0], [1, 0]))).toBeCloseTo(0, 6);
    expect(normalizeVendi(5.5, 10)).toBe(0.5);
  });

  it('is 0 for a single item, and stays in [0, 1] under rounding', () => {
    expect(normalizedVendi(rows([1, 0]))).toBe(0);
    fc.assert(
      fc.property(randomSets, (set) => {
        const score = normalizedVendi(set);
        expect(score >= 0 && score <= 1).toBe(true);
      }),
    );
  });
});

/** Uniform rows of Park & Miller's generator, every second one pulled to the first: repeated exactly in numpy. */
function clusteredSet(k: number, d: number, seed: number): Matrix {
  let x = seed;
  const values = Float64Array.from({ length: k * d }, () => {
    x = (x * 16807) % 2147483647;
    return x / 2147483647 - 0.5;
  });
  for (let i = 1; i < k; i += 2) {
    for (let c = 0; c < d; c++) values[i * d + c] += 2 * values[c];
  }
  return normalizeRows(matrix(k, d, new Float32Array(values)));
}
