/** A linear classifier of items: which of them belong to a query's set, learnt from training sets in closed form. */
import { dot, type Matrix, row } from '../matrix.js';
import { bestOf, type Ranking } from '../ranking.js';
import { fillUp } from './fillUp.js';

/** Plain data. */
export interface Classifier {
  /** From a query's vector and a constant 1 to the weights of the training queries, [n, d + 1]. */
  readonly smoother: Matrix;
  /** Rows of each training query's reference set. */
  readonly references: readonly (readonly number[])[];
}

/**
 * All items of training sets, best first, with their scores: x W, where x is the query's vector and a constant 1, and W
 * [d + 1, items] is the ridge regression from training queries to their sets as 0/1 vectors. W is never made: a score is the sum of
 * the weights of the training queries whose sets have the item.
 *
 * @param query unit vector [d]
 */
export function classify({ smoother, references }: Classifier, query: Float32Array): Ranking {
  const x = Float32Array.of(...query, 1);
  return rankByWeights(
    Float64Array.from({ length: smoother.rows }, (_, i) => dot(row(smoother, i), x)),
    references,
  );
}

/**
 * The classifier's items, then those of plain search that were in no training set.
 *
 * @param plain rows by plain search, at least `budget` of them
 * @returns `budget` rows
 */
export const rankByClassifier = (
  classifier: Classifier,
  query: Float32Array,
  plain: ArrayLike<number>,
  budget: number,
): Int32Array => fillUp(classify(classifier, query).items.subarray(0, budget), plain, budget);

/** Items of the sets by the sum of the weights of the sets that have them. */
export function rankByWeights(
  weights: ArrayLike<number>,
  references: readonly (readonly number[])[],
): Ranking {
  const sums = new Map<number, number>();
  references.forEach((reference, i) => {
    for (const item of new Set(reference)) sums.set(item, (sums.get(item) ?? 0) + weights[i]);
  });
  // In the order of rows, so that equal scores are ordered by row.
  const items = Int32Array.from(sums.keys()).sort();
  const { items: order, scores } = bestOf(
    [...items.keys()],
    Float32Array.from(items, (item) => sums.get(item)!),
    items.length,
  );
  return { items: order.map((i) => items[i]), scores };
}
