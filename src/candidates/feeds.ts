import type { Tensor } from '../engine/session.js';
import type { Matrix } from '../matrix.js';
import type { ReadQueries } from './reader.js';

/** The candidates of some queries as a model's input tensors. */
export interface CandidateFeeds {
  /** Their vectors, [queries, candidates, d]. */
  readonly items: Tensor;
  /** What the sources say of them, [queries, candidates, sources]. */
  readonly sources: Tensor;
}

/**
 * @param rows which of the queries, in order; one may be there several times
 * @param catalog content embeddings, unit rows [items, d]
 */
export function candidateFeeds(
  { size, items, scores }: Omit<ReadQueries, 'vectors'>,
  rows: ArrayLike<number>,
  catalog: Matrix,
): CandidateFeeds {
  const d = catalog.cols;
  const sources = items.length > 0 ? scores.length / items.length : 0;
  const own = new Float32Array(rows.length * size * d);
  const said = new Float32Array(rows.length * size * sources);
  for (let n = 0; n < rows.length; n++) {
    const q = rows[n];
    said.set(scores.subarray(q * size * sources, (q + 1) * size * sources), n * size * sources);
    for (let i = 0; i < size; i++) {
      const item = items[q * size + i];
      own.set(catalog.data.subarray(item * d, (item + 1) * d), (n * size + i) * d);
    }
  }
  return {
    items: { data: own, dims: [rows.length, size, d] },
    sources: { data: said, dims: [rows.length, size, sources] },
  };
}
