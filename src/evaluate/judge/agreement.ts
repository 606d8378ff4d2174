import { mean } from '../../averages.js';

/** How far two judges who rated the same things agree. */
export interface Agreement {
  /** Things both have rated. */
  readonly n: number;
  /** Share of equal scores. */
  readonly exact: number;
  /** Cohen's kappa with quadratic weights; 1 for equal scores, 0 for what chance gives. NaN if neither varies. */
  readonly kappa: number;
  /** Spearman's rank correlation. NaN if one of them does not vary. */
  readonly spearman: number;
  /** Krippendorff's alpha with the ordinal metric. NaN if all scores are the same. */
  readonly alpha: number;
}

/**
 * @param a scores of one judge
 * @param b scores of the other, of the same things in the same order
 * @throws RangeError if they do not pair or there are none
 */
export function agreement(a: readonly number[], b: readonly number[]): Agreement {
  if (a.length !== b.length) throw new RangeError(`cannot pair ${a.length} scores with ${b.length}`);
  if (a.length === 0) throw new RangeError('agreement needs at least one pair of scores');
  return {
    n: a.length,
    exact: mean(a.map((x, i) => (x === b[i] ? 1 : 0))),
    kappa: quadraticKappa(a, b),
    spearman: spearman(a, b),
    alpha: krippendorffAlpha(a, b),
  };
}

/**
 * Cohen's kappa with the weights (x - y)^2 (Cohen 1968). The weights make observed and expected disagreement mean
 * squared differences, of the pairs and of all combinations, so no table of categories is needed.
 */
function quadraticKappa(a: readonly number[], b: readonly number[]): number {
  const observed = mean(a.map((x, i) => (x - b[i]) ** 2));
  const expected = variance(a) + variance(b) + (mean(a) - mean(b)) ** 2;
  return 1 - observed / expected;
}

/**
 * Krippendorff's alpha for two complete raters (Krippendorff 2004, chapter 11). The ordinal distance of two scores is
 * how many of all scores given lie between them, the two's own counted half: the difference of their mid-ranks.
 */
function krippendorffAlpha(a: readonly number[], b: readonly number[]): number {
  const all = [...a, ...b];
  const rank = midRanks(all);
  const ranked = all.map((x) => rank.get(x) as number);
  const observed = mean(a.map((_, i) => (ranked[i] - ranked[a.length + i]) ** 2));
  // Over all ordered pairs of different places the mean squared difference is twice the unbiased variance.
  const expected = (2 * variance(ranked) * all.length) / (all.length - 1);
  return 1 - observed / expected;
}

function spearman(a: readonly number[], b: readonly number[]): number {
  const [rankA, rankB] = [midRanks(a), midRanks(b)];
  return correlation(
    a.map((x) => rankA.get(x) as number),
    b.map((x) => rankB.get(x) as number),
  );
}

/** The rank of each value, up to a constant; equal values share the mean of theirs. */
function midRanks(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const x of values) counts.set(x, (counts.get(x) ?? 0) + 1);
  let below = 0;
  const ranks = new Map<number, number>();
  for (const [x, count] of [...counts].sort(([x], [y]) => x - y)) {
    ranks.set(x, below + count / 2);
    below += count;
  }
  return ranks;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((x, i) => (x - meanA) * (b[i] - meanB)));
  return covariance / Math.sqrt(variance(a) * variance(b));
}

function variance(values: readonly number[]): number {
  const center = mean(values);
  return mean(values.map((x) => (x - center) ** 2));
}
