import { describe, expect, it } from 'vitest';
import { InputError } from '../errors.js';
import { type Matrix, matrix } from '../matrix.js';
import { composite } from './composite.js';
import type { FanOut, RewardResult } from './reward.js';

function fanOut(subQueryVectors: Matrix, retrievedVectors: Matrix): FanOut {
  return {
    query: 'camping gear',
    queryVector: Float32Array.of(1, 0),
    subQueries: [],
    subQueryVectors,
    hits: {
      indices: new Int32Array(subQueryVectors.rows),
      scores: new Float32Array(subQueryVectors.rows),
      k: 1,
    },
    referenceVectors: matrix(0, subQueryVectors.cols),
    retrieved: new Int32Array(subQueryVectors.rows),
    retrievedVectors,
    withinBudget: new Int32Array(0),
    reference: [],
    items: [],
  };
}

const pair = (...values: number[]) => matrix(2, 2, new Float32Array(values));

describe('composite', () => {
  it('weighs the normalised components 6:2:2 and reports the raw ones', () => {
    const { reward, components } = composite()(
      fanOut(pair(1, 0, 0, 1), pair(1, 0, 0.6, 0.8)),
    ) as RewardResult;
    const distance = Math.hypot(0.6, 0.2);
    expect(components.groundedness.raw).toBeCloseTo(1 - distance / 2, 6);
    // Two items of cosine 0.6: eigenvalues 0.8 and 0.2.
    const score = Math.exp(-0.8 * Math.log(0.8) - 0.2 * Math.log(0.2));
    expect(components.diversity.raw).toBeCloseTo(score, 6);
    expect(components.diversity.normalized).toBeCloseTo(score - 1, 6);
    expect(components.alignment).toEqual({ raw: 0.5, normalized: 0.5 });
    expect(reward).toBeCloseTo(0.6 * (1 - distance / 2) + 0.2 * (score - 1) + 0.2 * 0.5, 6);
  });

  it('shares itself out among the sub-queries', () => {
    const { reward, gains } = composite()(fanOut(pair(1, 0, 0.8, 0.6), pair(1, 0, 0.6, 0.8))) as RewardResult;
    expect(gains?.reduce((sum, gain) => sum + gain, 0)).toBeCloseTo(reward, 6);
    // The first is grounded and aligned, but adds no diversity.
    expect(gains?.[0]).toBeCloseTo(0.3 + 0.1, 6);
  });

  it('gives 1 when every weighted objective is at its best', () => {
    const weights = { groundedness: 0.6, diversity: 0.4, alignment: 0 };
    const { reward } = composite({ weights })(fanOut(pair(1, 0, 0, 1), pair(1, 0, 0, 1))) as RewardResult;
    expect(reward).toBeCloseTo(1, 6);
  });

  it('clamps negative groundedness and alignment to 0 and keeps their raw values', () => {
    const { reward, components } = composite()(fanOut(pair(-1, 0, -1, 0), pair(1, 0, 1, 0))) as RewardResult;
    expect(components.groundedness).toEqual({ raw: -1, normalized: 0 });
    expect(components.alignment).toEqual({ raw: -1, normalized: 0 });
    expect(reward).toBeCloseTo(0, 6);
  });

  it('measures an objective of weight 0 all the same', () => {
    const weights = { groundedness: 1, diversity: 0, alignment: 0 };
    const result = composite({ weights })(fanOut(pair(1, 0, 1, 0), pair(1, 0, 1, 0))) as RewardResult;
    expect(result.reward).toBeCloseTo(1, 6);
    expect(Object.keys(result.components)).toEqual(['groundedness', 'diversity', 'alignment']);
  });

  it('rejects weights which make no sense', () => {
    const weights = { groundedness: 0.6, diversity: -1, alignment: Number.NaN };
    expect(() => composite({ weights })).toThrow(InputError);
    expect(() => composite({ weights })).toThrow(
      'field "weights.diversity": must be a finite number >= 0, got -1',
    );
  });
});
