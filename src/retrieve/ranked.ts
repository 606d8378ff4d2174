/** From rankings of the catalog to sets. */

import type { EmbeddedQueries } from '../environment.js';
import { dot, row, rowRange } from '../matrix.js';
import { type Assignment, GroupCount } from './assign.js';
import type { FindOptions, Rank, RetrievedSet, SearchSpace } from './method.js';

/**
 * The first `k` of each ranking after `offset`, at most as many of a group as may be. Where groups are limited the ranking is
 * followed as far as it takes.
 */
export async function rankedSets(
  { index, vectors }: SearchSpace,
  rank: Rank,
  queries: EmbeddedQueries,
  { k, offset = 0, mask, groups, budget = 0, steps, seed, signal }: FindOptions,
): Promise<RetrievedSet[]> {
  const wanted = offset + k;
  let depth = Math.min(index.size, Math.max(groups ? 4 * wanted : wanted, budget));
  for (;;) {
    const rankings = await rank(queries, { depth, k, mask, steps, seed, signal });
    const chosen = rankings.map((ranking) => firstOf(ranking, wanted, new GroupCount(groups)));
    const short = chosen.some((places, q) => places.length < wanted && rankings[q].length >= depth);
    if (groups && short && depth < index.size) {
      depth = Math.min(index.size, 4 * depth);
      continue;
    }
    return rankings.map((ranking, q) => {
      const query = row(queries.vectors, q);
      const assigned = chosen[q].slice(offset).map(
        (place): Assignment => ({
          direction: 0,
          item: ranking[place],
          score: dot(query, row(vectors, ranking[place])),
          rank: place + 1,
        }),
      );
      const directions = rowRange(queries.vectors, q, q + 1);
      return { directions, assigned, ...(budget > 0 && { retrieved: ranking.subarray(0, budget) }) };
    });
  }
}

/** Places of at most `wanted` items of a ranking whose groups are not full. */
function firstOf(ranking: Int32Array, wanted: number, counts: GroupCount): number[] {
  const places: number[] = [];
  for (let place = 0; place < ranking.length && places.length < wanted; place++) {
    if (counts.isFull(ranking[place])) continue;
    counts.add(ranking[place]);
    places.push(place);
  }
  return places;
}
