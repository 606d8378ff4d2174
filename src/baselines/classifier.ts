/** A linear classifier of items: which of them belong to a query's set, learnt from training sets in closed form. */
import { dot, type Matrix, row } from '../matrix.js';
import type { Ranking } from '../ranking.js';
import { type ItemSets, rankByWeights } from './itemSets.js';

/** Plain data. */
export interface Classifier {
  /** From a query's vector and a constant 1 to the weights of the training queries, [n, d + 1]. */
  readonly smoother: Matrix;
  /** Each training query's reference set. */
  readonly sets: ItemSets;
}

/**
 * The items of training sets, best first, with their scores: x W, where x is the query's vector and a constant 1, and W
 * [d + 1, items] is the ridge regression from training queries to their sets as 0/1 vectors. W is never made: a score is the sum of
 * the weights of the training queries whose sets have the item.
 *
 * @param query unit vector [d]
 * @param k items wanted [all]
 */
export function classify(classifier: Classifier, query: Float32Array, k?: number): Ranking {
  return rankByWeights(classifier.sets, setWeights(classifier, query), k);
}

/** What each training query's set weighs for a query, [n]. */
function setWeights({ smoother }: Pick<Classifier, 'smoother'>, query: Float32Array): Float64Array {
  const x = Float32Array.of(...query, 1);
  return Float64Array.from({ length: smoother.rows }, (_, i) => dot(row(smoother, i), x));
}
