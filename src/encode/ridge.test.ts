import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix, row } from '../matrix.js';
import { ridgeInverse } from './ridge.js';

describe('ridgeInverse', () => {
  it('times what it inverts is the identity, also where rows are fewer than columns', () => {
    const x = fc.double({ min: -1, max: 1, noNaN: true });
    const rows = fc.array(fc.array(x, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(rows, fc.double({ min: 0.05, max: 2, noNaN: true }), (values, ridge) => {
        const vectors = matrix(values.length, 5, Float32Array.from(values.flat()));
        const inverse = ridgeInverse(vectors, [...values.keys()], ridge);
        for (let p = 0; p < 5; p++) {
          for (let q = 0; q < 5; q++) {
            let sum = ridge * row(inverse, p)[q];
            for (let i = 0; i < vectors.rows; i++) {
              const v = row(vectors, i);
              let along = 0;
              for (let j = 0; j < 5; j++) along += v[j] * row(inverse, j)[q];
              sum += (v[p] * along) / vectors.rows;
            }
            expect(sum).toBeCloseTo(p === q ? 1 : 0, 3);
          }
        }
      }),
    );
  });

  it('looks at the rows it is given only', () => {
    const vectors = matrix(3, 2, Float32Array.of(1, 0, 0, 1, 5, 5));
    const inverse = ridgeInverse(vectors, [0, 1], 0.5);
    expect([...inverse.data]).toEqual([1, 0, 0, 1]);
  });
});
