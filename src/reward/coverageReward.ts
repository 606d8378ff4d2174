import { R4tError } from '../errors.js';
import { takeTurns } from '../index/retrieveBudget.js';
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
 * What each sub-query adds to the soft coverage of the others, [k]: the coverage of all less that of the others, which without it have
 * its share of the budget (a difference reward: Wolpert & Tumer 2002). It is negative where the others would have used the
 * share better. Soft: a reference item counts sigmoid((cosine - threshold) / slope) of the sub-query that is nearest to retrieving it, the
 * threshold being the last cosine within the budget. Whole items alone are too rare to learn from: of ten sub-queries, nine retrieve none.
 */
export function softGains(
  fanOut: Pick<FanOut, 'subQueryVectors' | 'hits' | 'withinBudget' | 'referenceVectors'>,
): number[] {
  const all = softCoverage(fanOut);
  return Array.from({ length: fanOut.subQueryVectors.rows }, (_, i) => all - softCoverage(fanOut, i));
}

/** Mean over the reference set, of all sub-queries or of all but one. */
function softCoverage(
  {
    subQueryVectors,
    hits,
    withinBudget,
    referenceVectors,
  }: Pick<FanOut, 'subQueryVectors' | 'hits' | 'withinBudget' | 'referenceVectors'>,
  without?: number,
): number {
  const k = subQueryVectors.rows;
  const { ranks } = takeTurns(hits, { start: 0, count: k, wanted: withinBudget.length, without });
  let sum = 0;
  for (let item = 0; item < referenceVectors.rows; item++) {
    let most = 0;
    for (let i = 0; i < k; i++) {
      if (i === without) continue;
      const threshold = hits.scores[i * hits.k + ranks - 1];
      const slope = Math.max(LEAST_SLOPE, SLOPE * threshold);
      const cosine = dot(row(subQueryVectors, i), row(referenceVectors, item));
      most = Math.max(most, 1 / (1 + Math.exp((threshold - cosine) / slope)));
    }
    sum += most;
  }
  return sum / referenceVectors.rows;
}
