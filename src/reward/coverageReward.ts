import { R4tError } from '../errors.js';
import { dot, row } from '../matrix.js';
import { takeTurns } from '../vectorIndex/retrieveBudget.js';
import { coverage } from './objectives.js';
import type { FanOut, RewardFunction } from './reward.js';

/**
 * The reward of weakly supervised retrieval (docs/paper.md, Rewards): the share of the query's reference set among
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
export function softGains({
  subQueryVectors,
  referenceVectors,
  ...retrieved
}: Pick<FanOut, 'subQueryVectors' | 'hits' | 'withinBudget' | 'referenceVectors'>): number[] {
  const cosines = Array.from({ length: subQueryVectors.rows }, (_, i) =>
    Float64Array.from({ length: referenceVectors.rows }, (_, item) =>
      dot(row(subQueryVectors, i), row(referenceVectors, item)),
    ),
  );
  const all = softCoverage(cosines, retrieved);
  return cosines.map((_, i) => all - softCoverage(cosines, retrieved, i));
}

/** Mean over the reference set, of all sub-queries or of all but one. `cosines` has one row a sub-query, [k][|Y|]. */
function softCoverage(
  cosines: readonly Float64Array[],
  { hits, withinBudget }: Pick<FanOut, 'hits' | 'withinBudget'>,
  without?: number,
): number {
  const turns = { start: 0, count: cosines.length, wanted: withinBudget.length, without };
  const { ranks } = takeTurns(hits, turns);
  const covered = new Float64Array(cosines[0].length);
  cosines.forEach((toItems, i) => {
    if (i === without) return;
    const threshold = hits.scores[i * hits.k + ranks - 1];
    const slope = Math.max(LEAST_SLOPE, SLOPE * threshold);
    toItems.forEach((cosine, item) => {
      covered[item] = Math.max(covered[item], 1 / (1 + Math.exp((threshold - cosine) / slope)));
    });
  });
  return covered.reduce((sum, x) => sum + x, 0) / covered.length;
}
