import { describe, expect, it } from 'vitest';
import { dot, matrix, normalizeRows, row } from '../matrix.js';
import { applyAdapter } from './adapter.js';
import { RidgeSmoother, withConstant } from './ridgeSmoother.js';
import { ridgeCases } from './testing/ridgeCases.js';

describe('applyAdapter', () => {
  it.each(ridgeCases())(
    'maps as numpy does, and mixes in the query',
    ({ ridge, train, targets, queries, mapped }) => {
      const smoother = new RidgeSmoother(withConstant(train)).matrix(ridge);
      const weights = matrix(smoother.cols, targets.cols);
      for (let p = 0; p < smoother.cols; p++)
        for (let j = 0; j < targets.cols; j++)
          for (let i = 0; i < train.rows; i++) row(weights, p)[j] += row(smoother, i)[p] * row(targets, i)[j];
      const expected = normalizeRows(matrix(queries.rows, queries.cols, Float32Array.from(mapped.flat())));
      const whole = applyAdapter({ weights, strength: 1 }, queries);
      const half = applyAdapter({ weights, strength: 0.5 }, queries);
      for (let q = 0; q < queries.rows; q++) {
        expect(dot(row(whole, q), row(expected, q))).toBeCloseTo(1, 5);
        // Halfway between two unit vectors both angles are the same.
        expect(dot(row(half, q), row(expected, q))).toBeCloseTo(dot(row(half, q), row(queries, q)), 5);
      }
      expect(
        applyAdapter({ weights, strength: 0 }, queries).data.every(
          (x, i) => Math.abs(x - queries.data[i]) < 1e-6,
        ),
      ).toBe(true);
    },
  );
});
