import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix, rowRange } from '../matrix.js';
import { composite } from '../reward/composite.js';
import type { FanOut, RewardResult } from '../reward/reward.js';
import { bestSet } from './bestSet.js';
import { unitRows } from './testing/models.js';

const [K, D] = [4, 6];
const only = (name: 'groundedness' | 'diversity' | 'alignment') => ({
  groundedness: 0,
  diversity: 0,
  alignment: 0,
  [name]: 1,
});
const query = unitRows(1, D, 9).data;

describe('bestSet', () => {
  it('is what the reward would choose where every row is an item', () => {
    const weight = fc.integer({ min: 0, max: 10 }).map((n) => n / 10);
    const weights = fc.record({ groundedness: weight, diversity: weight, alignment: weight });
    fc.assert(
      fc.property(fc.nat(1000), weights, (seed, weights) => {
        const samples = unitRows(5 * K, D, seed);
        const reward = composite({ weights });
        const rewards = Array.from({ length: 5 }, (_, set) => {
          const part = rowRange(samples, set * K, (set + 1) * K);
          const vectors = { subQueryVectors: part, retrievedVectors: part, queryVector: query };
          return reward(vectors as FanOut) as RewardResult;
        });
        // The reward clamps an alignment below 0, which says nothing about which is best.
        fc.pre(rewards.every((r) => r.components.alignment.raw > 0));
        const chosen = bestSet({ samples, rows: K, query, weights });
        expect(rewards[chosen].reward).toBeCloseTo(Math.max(...rewards.map((r) => r.reward)), 5);
      }),
    );
  });

  it('prefers rows that are sure of their item', () => {
    const sure = unitRows(K, D, 1);
    // Halves: exact, so that both sets have the very same directions.
    const unsure = matrix(
      K,
      D,
      sure.data.map((x) => x / 2),
    );
    const samples = matrix(2 * K, D, Float32Array.of(...unsure.data, ...sure.data));
    expect(bestSet({ samples, rows: K, query, weights: only('groundedness') })).toBe(1);
    // The first of equal ones.
    for (const name of ['alignment', 'diversity'] as const)
      expect(bestSet({ samples, rows: K, query, weights: only(name) }), name).toBe(0);
  });
});
