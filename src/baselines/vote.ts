import type { Matrix } from '../matrix.js';
import { fillUp } from './fillUp.js';
import { nearestQueries } from './nearestQueries.js';

export interface TrainingMemory {
  /** Embeddings of the training queries, unit rows [n, d]. */
  readonly vectors: Matrix;
  /** Rows of each one's reference set. */
  readonly references: readonly (readonly number[])[];
}

/**
 * Vote of the nearest training queries: items are ranked by the votes of the reference sets of the `neighbours` training queries most
 * like this one, each vote weighing the cosine (negative ones nothing), of equal ones the first row; then come the nearest items of
 * plain search, so that the budget is used up.
 *
 * @param query unit vector [d]
 * @param plain rows by plain search, at least `budget` of them
 * @returns `budget` rows
 */
export function rankByNeighbours(
  query: Float32Array,
  { vectors, references }: TrainingMemory,
  plain: ArrayLike<number>,
  { neighbours, budget }: { readonly neighbours: number; readonly budget: number },
): Int32Array {
  const { rows, cosines } = nearestQueries(query, vectors, neighbours);
  const votes = new Map<number, number>();
  for (const i of rows)
    for (const item of references[i]) votes.set(item, (votes.get(item) ?? 0) + Math.max(0, cosines[i]));
  const ranked = [...votes].sort(([a, x], [b, y]) => y - x || a - b).map(([item]) => item);
  return fillUp(ranked, plain, budget);
}
