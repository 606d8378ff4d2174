/** Hybrid search: a lexical and a dense ranking become one. */
import { dot, row, type VectorTable } from '../matrix.js';
import type { Ranking } from '../ranking.js';

export interface ReciprocalRankOptions {
  /** How little the first ranks count more than later ones [60]. */
  readonly rankConstant?: number;
  /** One a ranking, not negative [1 each]. */
  readonly weights?: readonly number[];
  /** Items wanted [all]. */
  readonly k?: number;
}

/**
 * Reciprocal rank fusion: several rankings become one by their ranks alone, where their scores are unknown or on scales that do not
 * compare. An item scores the sum over rankings of weight / (rankConstant + its rank), ranks from 1; a ranking without the item adds
 * nothing (Cormack, Clarke & Buettcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114). The method `hybrid` fuses scores by a
 * weight, or so, whichever does better on validation queries.
 *
 * @param rankings rows of one catalog, best first, each once; -1 (an index's empty places) is passed over
 * @returns rows best first, of equal ones the lower row, with their fused scores
 *
 * @example
 * const { items } = reciprocalRankFusion([byWords, byVectors, byClicks], { k: 10 });
 */
export function reciprocalRankFusion(
  rankings: readonly ArrayLike<number>[],
  { rankConstant = 60, weights, k = Number.POSITIVE_INFINITY }: ReciprocalRankOptions = {},
): Ranking {
  const scores = new Map<number, number>();
  rankings.forEach((ranking, i) => {
    for (let r = 0; r < ranking.length; r++) {
      if (ranking[r] < 0) continue;
      scores.set(ranking[r], (scores.get(ranking[r]) ?? 0) + (weights?.[i] ?? 1) / (rankConstant + r + 1));
    }
  });
  return best([...scores.keys()], Float64Array.from(scores.values()), k);
}

/** Items that either side found, with the scores of both. */
export interface HybridCandidates {
  /** Rows, each once, [n]. */
  readonly items: Int32Array;
  /** Lexical scores, not negative, [n]. */
  readonly lexical: ArrayLike<number>;
  /** Cosines to the query, [n]. */
  readonly dense: ArrayLike<number>;
}

export interface WeightedFusionOptions {
  /** Share of the lexical score, 0 (dense only) to 1 (lexical only). */
  readonly weight: number;
  /** Items wanted [all]. */
  readonly k?: number;
}

/**
 * weight * lexical + (1 - weight) * dense, each scaled to 0 .. 1 by the least and largest of the candidates (as OpenSearch's min_max
 * normalisation and Weaviate's relativeScoreFusion do); a side on which all candidates are equal adds nothing.
 *
 * @returns rows best first, of equal ones the lower row, with their fused scores, 0 to 1
 */
export function weightedFusion(
  { items, lexical, dense }: HybridCandidates,
  { weight, k = Number.POSITIVE_INFINITY }: WeightedFusionOptions,
): Ranking {
  const [a, b] = [toUnitRange(lexical), toUnitRange(dense)];
  const scores = a.map((value, i) => weight * value + (1 - weight) * b[i]);
  return best(items, scores, k);
}

/**
 * The candidates of the weighted form. An item that only lexical search found gets its cosine computed, since a product is cheap; one
 * that only dense search found scores 0 on the lexical side, which is what it has without a term of the query. (Where the lexical
 * list was cut short, an item below the cut counts as one without a term.)
 *
 * @param lexical the head of lexical search
 * @param dense rows by dense search; -1 (an index's empty places) is passed over
 * @param query unit vector [d]
 * @param vectors unit vectors of the catalog [size, d]
 */
export function hybridCandidates(
  lexical: Ranking,
  dense: ArrayLike<number>,
  query: Float32Array,
  vectors: VectorTable,
): HybridCandidates {
  const score = new Map<number, number>();
  lexical.items.forEach((item, i) => {
    score.set(item, lexical.scores[i]);
  });
  for (let r = 0; r < dense.length; r++) if (dense[r] >= 0 && !score.has(dense[r])) score.set(dense[r], 0);
  const items = Int32Array.from(score.keys());
  return {
    items,
    lexical: Float64Array.from(score.values()),
    dense: Float64Array.from(items, (item) => dot(query, row(vectors, item))),
  };
}

function toUnitRange(values: ArrayLike<number>): Float64Array {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < least) least = values[i];
    if (values[i] > largest) largest = values[i];
  }
  const span = largest - least;
  return Float64Array.from(values, (value) => (span > 0 ? (value - least) / span : 0));
}

/** Of rows with a score each. */
function best(items: ArrayLike<number>, scores: Float64Array, k: number): Ranking {
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || items[a] - items[b]).slice(0, k);
  return {
    items: Int32Array.from(order, (i) => items[i]),
    scores: Float32Array.from(order, (i) => scores[i]),
  };
}
