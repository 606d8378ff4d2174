/** Products of vectors with a matrix; also loaded by browsers, which have no runtime of their own (`compiledMap.ts`). */
import { dot, type Matrix, matrix, row } from './matrix.js';

/** The products of vectors with all rows of one matrix: x [n, d] -> [n, rows]. */
export interface LinearMap {
  apply(x: Matrix): Promise<Matrix>;
  /** Frees native memory, where it holds any. Twice is as good as once. */
  release?(): Promise<void>;
}

/** One by one, where there is no such runtime. */
export const plainMap = (rows: Matrix): LinearMap => ({
  async apply(x) {
    const out = matrix(x.rows, rows.rows);
    for (let q = 0; q < x.rows; q++)
      for (let i = 0; i < rows.rows; i++) out.data[q * rows.rows + i] = dot(row(x, q), row(rows, i));
    return out;
  },
});
