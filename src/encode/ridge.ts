import { type Matrix, matrix, row, type VectorTable } from '../matrix.js';

/**
 * (S + ridge I)^-1 [d, d], where S is the mean of x x^T over the rows. Computed in float64; own code and not a linear algebra
 * package's, because it is also loaded by browsers.
 *
 * @param rows numbers of rows of `vectors` to look at
 */
export function ridgeInverse(vectors: VectorTable, rows: readonly number[], ridge: number): Matrix {
  const { cols: d } = vectors;
  const a = new Float64Array(d * d);
  for (const i of rows) {
    const x = row(vectors, i);
    for (let p = 0; p < d; p++) for (let q = 0; q <= p; q++) a[p * d + q] += x[p] * x[q];
  }
  for (let p = 0; p < d; p++) {
    for (let q = 0; q <= p; q++) {
      a[p * d + q] /= rows.length;
      a[q * d + p] = a[p * d + q];
    }
    a[p * d + p] += ridge;
  }
  return matrix(d, d, Float32Array.from(invertInPlace(a, d)));
}

/** Inverts a positive definite matrix [d, d] by Gauss-Jordan; such a matrix needs no pivoting. */
export function invertInPlace(a: Float64Array, d: number): Float64Array {
  for (let p = 0; p < d; p++) {
    const pivot = 1 / a[p * d + p];
    a[p * d + p] = 1;
    for (let q = 0; q < d; q++) a[p * d + q] *= pivot;
    for (let r = 0; r < d; r++) {
      if (r === p) continue;
      const factor = a[r * d + p];
      a[r * d + p] = 0;
      for (let q = 0; q < d; q++) a[r * d + q] -= factor * a[p * d + q];
    }
  }
  return a;
}
