/** Lays candidates and sets out as the pointer's input tensors. */
import { sourcesFeed } from '../../candidates/feeds.js';
import type { ReadQueries } from '../../candidates/reader.js';
import type { Feeds } from '../../engine/index.js';
import type { PointerConfig } from './model.js';

/** The query's side of the given rows of queries. */
export const queryFeeds = (read: ReadQueries, rows: readonly number[]): Feeds => ({
  sources: sourcesFeed(read, rows),
});

/**
 * Sets of the given queries, equally many of each, one query's after another's: `taken`, `place`, `targets`, and `weights`, 1 where a
 * set has an item, each over [queries, places] with k places a set.
 *
 * @param sets places of the items among their query's candidates, at most k each
 * @param size candidates a query
 */
export function setFeeds(
  sets: readonly ArrayLike<number>[],
  queries: number,
  size: number,
  { k }: PointerConfig,
): Feeds {
  const places = (sets.length / queries) * k;
  const taken = new Float32Array(queries * places * size);
  const place = new Float32Array(queries * places * k);
  const targets = new Int32Array(queries * places);
  const weights = new Float32Array(queries * places);
  sets.forEach((set, s) => {
    for (let t = 0; t < k; t++) {
      const at = s * k + t;
      place[at * k + t] = 1;
      if (t >= set.length) continue;
      for (let j = 0; j < t; j++) taken[at * size + set[j]] = 1;
      targets[at] = set[t];
      weights[at] = 1;
    }
  });
  return {
    taken: { data: taken, dims: [queries, places, size] },
    place: { data: place, dims: [queries, places, k] },
    targets: { data: targets, dims: [queries, places, 1] },
    weights: { data: weights, dims: [queries, places] },
  };
}
