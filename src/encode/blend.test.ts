import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, matrix, row } from '../matrix.js';
import { blend } from './blend.js';

describe('blend', () => {
  it('mixes every row of one matrix with a row of the other, or with its only one', () => {
    const directions = matrix(2, 2, Float32Array.of(0, 1, -0.6, 0.8));
    const query = matrix(1, 2, Float32Array.of(1, 0));
    const mixed = blend(directions, query, 0.25);
    const expected = [
      [0.25, 0.75],
      [0.25 - 0.45, 0.6],
    ];
    expected.forEach(([x, y], i) => {
      expect(row(mixed, i)[0]).toBeCloseTo(x / Math.hypot(x, y), 6);
      expect(row(mixed, i)[1]).toBeCloseTo(y / Math.hypot(x, y), 6);
    });
    expect(blend(directions, matrix(2, 2, Float32Array.of(1, 0, 1, 0)), 0.25)).toEqual(mixed);
    expect(blend(directions, query, 0)).toEqual(directions);
  });

  it('gives unit rows, never further from what is mixed in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 359 }), { minLength: 4, maxLength: 4 }),
        fc.double({ min: 0.01, max: 0.49, noNaN: true }),
        (degrees, share) => {
          const radians = degrees.map((degree) => (degree * Math.PI) / 180);
          const values = radians.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
          const directions = matrix(4, 2, Float32Array.from(values));
          const query = Float32Array.of(1, 0);
          const mixed = blend(directions, matrix(1, 2, query), share);
          for (let i = 0; i < 4; i++) {
            expect(Math.hypot(...row(mixed, i))).toBeCloseTo(1, 5);
            expect(dot(row(mixed, i), query)).toBeGreaterThanOrEqual(dot(row(directions, i), query) - 1e-6);
          }
        },
      ),
    );
  });
});
