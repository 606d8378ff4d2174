/** Lays sets out as the pointer's input tensors. */
import type { Feeds } from '../../engine/index.js';
import { gatherRows, type Matrix } from '../../matrix.js';
import type { PointerConfig } from './model.js';

/** Queries with what the sources say of every item. */
export interface ReadQueries {
  /** Unit rows [n, d]. */
  readonly vectors: Matrix;
  /** Standardised, [n, items * sources]. */
  readonly sources: Matrix;
}

/** The query's side of the given rows. */
export function queryFeeds(
  { vectors, sources }: ReadQueries,
  rows: readonly number[],
  { items, dimension, sources: size }: PointerConfig,
): Feeds {
  return {
    sources: { data: gatherRows(sources, rows).data, dims: [rows.length, items, size] },
    query: { data: gatherRows(vectors, rows).data, dims: [rows.length, dimension] },
  };
}

/**
 * Sets of the given queries, equally many of each, one query's after another's: `taken`, `place`, `targets`, and `weights`, 1 where a
 * set has an item, each over [queries, places] with k places a set.
 *
 * @param sets rows of the catalog, at most k each
 */
export function setFeeds(
  sets: readonly ArrayLike<number>[],
  queries: number,
  { items, k }: PointerConfig,
): Feeds {
  const places = (sets.length / queries) * k;
  const taken = new Float32Array(queries * places * items);
  const place = new Float32Array(queries * places * k);
  const targets = new Int32Array(queries * places);
  const weights = new Float32Array(queries * places);
  sets.forEach((set, s) => {
    for (let t = 0; t < k; t++) {
      const at = s * k + t;
      place[at * k + t] = 1;
      if (t >= set.length) continue;
      for (let j = 0; j < t; j++) taken[at * items + set[j]] = 1;
      targets[at] = set[t];
      weights[at] = 1;
    }
  });
  return {
    taken: { data: taken, dims: [queries, places, items] },
    place: { data: place, dims: [queries, places, k] },
    targets: { data: targets, dims: [queries, places, 1] },
    weights: { data: weights, dims: [queries, places] },
  };
}
