import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { commonDirections } from './commonDirections.js';

const group = (rows: number, seed: number, dim = 12) => {
  const m = matrix(rows, dim);
  new CounterRandom(seed, 'common directions test').fillNormal(m.data);
  return normalizeRows(m);
};

describe('commonDirections', () => {
  it('are an orthonormal basis of what the means span', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (sizes, seed) => {
          const groups = sizes.map((rows, i) => group(rows, seed + i));
          const basis = commonDirections(groups);
          for (let i = 0; i < basis.rows; i++) {
            for (let j = 0; j <= i; j++)
              expect(dot(row(basis, i), row(basis, j))).toBeCloseTo(i === j ? 1 : 0, 5);
          }
          for (const { rows, cols, data } of groups) {
            const mean = Float64Array.from({ length: cols }, (_, j) => {
              let sum = 0;
              for (let i = 0; i < rows; i++) sum += data[i * cols + j] / rows;
              return sum;
            });
            for (let i = 0; i < basis.rows; i++) {
              const along = dot(mean, row(basis, i));
              for (let j = 0; j < cols; j++) mean[j] -= along * basis.data[i * cols + j];
            }
            expect(Math.sqrt(dot(mean, mean))).toBeLessThan(2e-4);
          }
        },
      ),
    );
  });

  it('are fewer where means are the same, or there are none', () => {
    expect(commonDirections([group(5, 1), group(5, 1)]).rows).toBe(1);
    expect(commonDirections([group(5, 1), matrix(0, 12)]).rows).toBe(1);
    expect(commonDirections([matrix(0, 12)])).toEqual(matrix(0, 12));
    const opposite = matrix(2, 2, Float32Array.of(1, 0, -1, 0));
    expect(commonDirections([opposite]).rows).toBe(0);
  });
});
