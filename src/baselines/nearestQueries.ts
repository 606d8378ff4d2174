/** The training queries most like a query: sub-queries of a fan-out, or voters. */
import { dot, type Matrix, row } from '../matrix.js';

/** Rows of a matrix, with what put them in their order. */
export interface NearestRows {
  /** At most `k` rows, the most alike first, of equal ones the first row. */
  readonly rows: number[];
  /** Cosine of each row of the matrix to the query. */
  readonly cosines: Float64Array;
}

/**
 * The `k` training queries most like a query; all of them where there are fewer.
 *
 * @param query unit vector [d]
 * @param memory embeddings of the training queries, unit rows [m, d]
 */
export function nearestQueries(query: Float32Array, memory: Matrix, k: number): NearestRows {
  const cosines = Float64Array.from({ length: memory.rows }, (_, i) => dot(row(memory, i), query));
  const rows = [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a] || a - b).slice(0, k);
  return { rows, cosines };
}
