import type { LabelledQueries } from '../environment.js';
import { rankingOf } from '../ranking.js';
import { nearestQueries } from './nearestQueries.js';

/**
 * Vote of the nearest training queries: the items of the reference sets of the `neighbours` training queries most like this one, each
 * vote weighing the cosine (negative ones nothing).
 *
 * @param query unit vector [d]
 * @returns rows by their votes, best first, of equal ones the first row
 */
export function rankByNeighbours(
  query: Float32Array,
  { vectors, references }: Pick<LabelledQueries, 'vectors' | 'references'>,
  neighbours: number,
): Int32Array {
  const { rows, cosines } = nearestQueries(query, vectors, neighbours);
  const votes = new Map<number, number>();
  for (const i of rows)
    for (const item of references[i]) votes.set(item, (votes.get(item) ?? 0) + Math.max(0, cosines[i]));
  return rankingOf(votes).items;
}
