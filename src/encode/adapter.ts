/** A linear map that takes queries to where their sets are. */
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { blend } from './blend.js';

/** Plain data. */
export interface Adapter {
  /** From a query's vector and a constant 1 to the mean vector of its set, [d + 1, d]. */
  readonly weights: Matrix;
  /** Share of the mapped vector in the adapted one, 0 (none) to 1. */
  readonly strength: number;
}

/**
 * Adapts queries: q becomes (1 - strength) q + strength m / |m|, of unit length, with m = [q, 1] weights.
 *
 * @param vectors unit rows [n, d]
 * @returns unit rows [n, d]
 */
export function applyAdapter({ weights, strength }: Adapter, vectors: Matrix): Matrix {
  return blend(vectors, mapRows(weights, vectors), strength);
}

/** [q, 1] weights for each row, of unit length. */
function mapRows(weights: Matrix, vectors: Matrix): Matrix {
  const { rows: n, cols: d } = vectors;
  const out = matrix(n, weights.cols);
  const sum = new Float64Array(weights.cols);
  for (let i = 0; i < n; i++) {
    sum.set(row(weights, d));
    for (let p = 0; p < d; p++) {
      const [x, from] = [vectors.data[i * d + p], p * weights.cols];
      for (let j = 0; j < sum.length; j++) sum[j] += x * weights.data[from + j];
    }
    row(out, i).set(sum);
  }
  return normalizeRows(out);
}
