import { R4tError } from '../errors.js';
import { coverage } from './objectives.js';
import type { RewardFunction } from './reward.js';

/**
 * The reward of weakly supervised retrieval (PAPER section 2, WSCR): the share of the query's reference set among
 * the top `depth` hits of all sub-queries.
 */
export function coverageReward(): RewardFunction {
  return ({ query, hits, depth, reference }) => {
    if (reference.length === 0) {
      throw new R4tError(
        `the coverage reward needs a reference set, and query "${query}" has none; ` +
          'use the composite reward for open-ended queries',
      );
    }
    const raw = coverage(hits, reference);
    const gains = marginalCoverage(hits, depth, reference);
    return { reward: raw, components: { coverage: { raw, normalized: raw } }, gains };
  };
}

/**
 * The share of the reference set that each sub-query is the first to retrieve, [hits.length / depth]; the sum is the
 * coverage. Coverage is submodular, so a policy which is greedy in these gains is within 1 - 1/e of the best set.
 */
export function marginalCoverage(
  hits: ArrayLike<number>,
  depth: number,
  reference: readonly number[],
): number[] {
  const missing = new Set(reference);
  const share = 1 / missing.size;
  return Array.from({ length: hits.length / depth }, (_, subQuery) => {
    let gain = 0;
    for (let i = subQuery * depth; i < (subQuery + 1) * depth; i++)
      if (missing.delete(hits[i])) gain += share;
    return gain;
  });
}
