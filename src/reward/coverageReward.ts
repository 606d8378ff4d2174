import { R4tError } from '../errors.js';
import { dot, row } from '../matrix.js';
import { coverage } from './objectives.js';
import type { FanOut, RewardFunction } from './reward.js';

/**
 * The reward of weakly supervised retrieval (PAPER section 2, WSCR): the share of the query's reference set among
 * the items that all sub-queries retrieve together within the budget.
 */
export function coverageReward(): RewardFunction {
  return (fanOut) => {
    const { query, withinBudget, reference } = fanOut;
    if (reference.length === 0) {
      throw new R4tError(
        `the coverage reward needs a reference set, and query "${query}" has none; ` +
          'use the composite reward for open-ended queries',
      );
    }
    const raw = coverage(withinBudget, reference);
    return { reward: raw, components: { coverage: { raw, normalized: raw } }, gains: softGains(fanOut) };
  };
}

/**
 * Width of the slope around a sub-query's threshold, as a share of it. Random items have cosines around 0, so the threshold is their
 * distance from being retrieved.
 */
const SLOPE = 0.12;
/** Least width: a threshold at or below 0 retrieves most of the catalog. */
const LEAST_SLOPE = 0.02;

/**
 * What each sub-query adds to the coverage given those before it, [k], with a slope in place of the step: an item counts
 * sigmoid((cosine - threshold) / slope), so a sub-query that nearly retrieves an item is told apart from one that is far off.
 * Whole items alone are too rare to learn from: of ten sub-queries, nine retrieve none. Coverage is submodular, so a
 * policy which is greedy in these gains is within 1 - 1/e of the best set.
 */
export function softGains({
  subQueryVectors,
  thresholds,
  referenceVectors,
}: Pick<FanOut, 'subQueryVectors' | 'thresholds' | 'referenceVectors'>): number[] {
  const covered = new Float64Array(referenceVectors.rows);
  return Array.from(thresholds, (threshold, i) => {
    const subQuery = row(subQueryVectors, i);
    const slope = Math.max(LEAST_SLOPE, SLOPE * threshold);
    let gain = 0;
    for (let item = 0; item < covered.length; item++) {
      const cosine = dot(subQuery, row(referenceVectors, item));
      const soft = 1 / (1 + Math.exp((threshold - cosine) / slope));
      gain += Math.max(0, soft - covered[item]) / covered.length;
      covered[item] = Math.max(covered[item], soft);
    }
    return gain;
  });
}
