import { describe, expect, it } from 'vitest';
import { labelMetrics } from '../evaluate/labelMetrics.js';
import { labelReward } from './labelReward.js';
import type { FanOut, RewardResult } from './reward.js';

const fanOut = (retrieved: readonly number[], reference: readonly number[]) =>
  ({ query: 'party', retrieved: Int32Array.from(retrieved), reference }) as unknown as FanOut;
const aspectOf = (item: number) => item % 2;

describe('labelReward', () => {
  const result = labelReward(aspectOf)(fanOut([4, 7, 6, 2], [2, 4, 9])) as RewardResult;

  it('is alpha-nDCG at the size of the set', () => {
    const expected = labelMetrics({ retrieved: [4, 7, 6, 2], reference: [2, 4, 9], k: 4, aspectOf });
    expect(result.reward).toBe(expected.alphaNdcgAtK);
    expect(result.components.recall.raw).toBe(expected.recallAtK);
  });

  it('gives every item what it adds, and nothing to one that does not belong', () => {
    expect(result.gains?.reduce((sum, gain) => sum + gain, 0)).toBeCloseTo(result.reward, 12);
    expect(result.gains?.slice(1, 3)).toEqual([0, 0]);
    // The second of an aspect, and later: less than half.
    expect(result.gains?.[3]).toBeLessThan((result.gains?.[0] ?? 0) / 2);
  });

  it('refuses a query without a reference set', () => {
    expect(() => labelReward()(fanOut([1], []))).toThrow('query "party" has none');
  });
});
