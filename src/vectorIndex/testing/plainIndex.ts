import { dot, type Matrix, row } from '../../matrix.js';
import type { VectorIndex } from '../vectorIndex.js';

/** Search by looking at every row. */
export function plainIndex(vectors: Matrix): VectorIndex {
  return {
    size: vectors.rows,
    dim: vectors.cols,
    async search(directions, { k, mask }) {
      const indices = new Int32Array(directions.rows * k);
      const scores = new Float32Array(directions.rows * k);
      for (let i = 0; i < directions.rows; i++) {
        const all = Array.from({ length: vectors.rows }, (_, r) =>
          Math.fround(dot(row(directions, i), row(vectors, r))),
        );
        const best = Array.from(all.keys())
          .filter((r) => mask?.[r] !== 0)
          .sort((a, b) => all[b] - all[a] || a - b);
        for (let r = 0; r < k; r++) {
          indices[i * k + r] = best[r] ?? -1;
          scores[i * k + r] = all[best[r]] ?? Number.NEGATIVE_INFINITY;
        }
      }
      return { indices, scores, k };
    },
  };
}
