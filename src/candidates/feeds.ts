/** Candidates of some queries as a model's input tensors. */
import type { Tensor } from '../engine/session.js';
import { row, type VectorTable } from '../matrix.js';
import type { ReadQueries } from './reader.js';

/**
 * What the sources say of them, [queries, candidates, sources].
 *
 * @param rows which of the queries, in order; one may be there several times
 */
export function sourcesFeed(
  { size, items, scores }: Omit<ReadQueries, 'vectors'>,
  rows: ArrayLike<number>,
): Tensor {
  const sources = items.length > 0 ? scores.length / items.length : 0;
  const length = size * sources;
  const data = new Float32Array(rows.length * length);
  for (let n = 0; n < rows.length; n++)
    data.set(scores.subarray(rows[n] * length, (rows[n] + 1) * length), n * length);
  return { data, dims: [rows.length, size, sources] };
}

/**
 * Their vectors, [queries, candidates, d].
 *
 * @param rows as above
 * @param catalog content embeddings, unit rows [items, d]
 */
export function vectorsFeed(
  { size, items }: Pick<ReadQueries, 'size' | 'items'>,
  rows: ArrayLike<number>,
  catalog: VectorTable,
): Tensor {
  const d = catalog.cols;
  const data = new Float32Array(rows.length * size * d);
  for (let n = 0; n < rows.length; n++)
    for (let i = 0; i < size; i++) {
      const item = items[rows[n] * size + i];
      data.set(row(catalog, item), (n * size + i) * d);
    }
  return { data, dims: [rows.length, size, d] };
}
