import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, gatherRows, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { vsOfDirections } from './directionDiversity.js';

const rows = (...values: number[][]): Matrix =>
  matrix(values.length, values[0].length, new Float32Array(values.flat()));
const randomRows = (k: number, d: number, seed: number): Matrix =>
  normalizeRows(matrix(k, d, new CounterRandom(seed).fillNormal(new Float32Array(k * d))));

/** The Vendi score of two directions, in closed form: eigenvalues (1 + c) / 2 and (1 - c) / 2. */
function vendiOfTwo(pair: Matrix): number {
  const c = Math.min(1, Math.max(-1, dot(row(pair, 0), row(pair, 1))));
  const shares = [(1 + c) / 2, (1 - c) / 2].filter((p) => p > 0);
  return Math.exp(-shares.reduce((sum, p) => sum + p * Math.log(p), 0));
}

describe('vsOfDirections', () => {
  it('is 100 for orthogonal directions, 100 / k for equal ones, and the mean of several runs', () => {
    const different = rows([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]);
    const same = gatherRows(different, [2, 2, 2, 2]);
    expect(vsOfDirections([different], 4)).toBeCloseTo(100, 6);
    expect(vsOfDirections([same], 4)).toBeCloseTo(25, 6);
    expect(vsOfDirections([different, same, same], 4)).toBeCloseTo((100 + 25 + 25) / 3, 6);
  });

  it('counts directions that a method does not make as missing', () => {
    expect(vsOfDirections([rows([1, 0])], 10)).toBeCloseTo(10, 6);
    expect(vsOfDirections([rows([1, 0], [0, 1])], 10)).toBeCloseTo(20, 6);
  });

  it('agrees with the closed form of two directions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 2, max: 9 }),
        (seeds, d) => {
          const runs = seeds.map((seed) => randomRows(2, d, seed));
          const expected = runs.reduce((sum, pair) => sum + vendiOfTwo(pair), 0) / runs.length;
          expect(vsOfDirections(runs, 2)).toBeCloseTo(50 * expected, 4);
        },
      ),
    );
  });

  it('depends on the order of neither runs nor directions', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, count) => {
        const runs = Array.from({ length: count }, (_, i) => randomRows(6, 8, seed + i));
        const random = new CounterRandom(seed, 'order');
        const shuffled = random.shuffle(runs.map((run) => gatherRows(run, random.permutation(6))));
        expect(vsOfDirections(shuffled, 6)).toBeCloseTo(vsOfDirections(runs, 6), 6);
      }),
    );
  });

  it('refuses no runs, empty runs and more directions than k', () => {
    expect(() => vsOfDirections([], 3)).toThrow(RangeError);
    expect(() => vsOfDirections([matrix(0, 4)], 3)).toThrow(/got \[0\]/);
    expect(() => vsOfDirections([randomRows(4, 4, 1)], 3)).toThrow(/1 to 3 directions, got \[4\]/);
  });
});
