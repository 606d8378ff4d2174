import { describe, expect, it } from 'vitest';
import { dot, row } from '../matrix.js';
import { RidgeSmoother, withConstant } from './ridgeSmoother.js';
import { ridgeCases } from './testing/ridgeCases.js';

describe('RidgeSmoother', () => {
  it.each(ridgeCases())('predicts what numpy does from $train.rows rows', (example) => {
    const { ridge, train, targets, queries, mapped } = example;
    const smoother = new RidgeSmoother(withConstant(train));
    const weights = smoother.weights(ridge);
    const whole = smoother.matrix(ridge);
    mapped.forEach((expected, q) => {
      const x = row(withConstant(queries), q);
      const own = weights(x);
      expected.forEach((value, j) => {
        let sum = 0;
        for (let i = 0; i < train.rows; i++) sum += own[i] * row(targets, i)[j];
        expect(sum).toBeCloseTo(value, 5);
      });
      for (let i = 0; i < train.rows; i++) expect(dot(row(whole, i), x)).toBeCloseTo(own[i], 5);
    });
  });

  it('refuses what has no answer', () => {
    const smoother = new RidgeSmoother(ridgeCases()[0].train);
    expect(() => smoother.matrix(0)).toThrow('larger than 0');
    expect(() => smoother.weights(1)(new Float32Array(9))).toThrow('expected a vector of 4 values, got 9');
  });
});
