import type { Matrix } from '../matrix.js';
import { symmetricEigenvalues } from './eigenvalues.js';

/**
 * Vendi score: the effective number of different items in a set (docs/paper.md, Rewards; Friedman & Dieng, arXiv 2210.02410).
 * exp(-sum_j l_j ln l_j) over the eigenvalues l of K / k, where K is the cosine kernel.
 *
 * @param vectors unit rows, [k, d]
 * @returns 1 (all the same) to min(k, d) (orthogonal); 0 for no rows; NaN where a vector is not finite
 *
 * @example
 * vendi(matrix(3, 2, Float32Array.of(1, 0, 1, 0, 0, 1))); // 1.89: nearly two different items
 */
export function vendi(vectors: Matrix): number {
  const { rows: k, cols: d } = vectors;
  if (k === 0) return 0;
  // X X^T and X^T X have the same non-zero eigenvalues: take the smaller one.
  const kernel = k <= d ? rowGram(vectors) : columnGram(vectors);
  return exponentOfEntropy(kernel, Math.min(k, d), k);
}

/**
 * The Vendi scores of the first 1, 2, ... k rows, [k]: what each row adds is the difference to the one before.
 *
 * @param vectors unit rows, [k, d]
 */
export function prefixVendi(vectors: Matrix): Float64Array {
  const k = vectors.rows;
  const gram = rowGram(vectors);
  const scores = new Float64Array(k);
  for (let n = 1; n <= k; n++) {
    const kernel = new Float64Array(n * n);
    for (let i = 0; i < n; i++) kernel.set(gram.subarray(i * k, i * k + i + 1), i * n);
    scores[n - 1] = exponentOfEntropy(kernel, n, n);
  }
  return scores;
}

/**
 * How many different items a set is worth when each counts as much as it is relevant: (sum_j sqrt(l_j))^2 over the eigenvalues l of
 * the cosine kernel, whose rows and columns are scaled by the square roots of the weights. This is the sum of the weights times the
 * probability-weighted Vendi score of order 1/2 (quality-weighted Vendi: Nguyen & Dieng, ICML 2024; orders: Pasarkar & Dieng, AISTATS 2024).
 * Of order 1, the plain score, a further item of much the same kind can lower the product; up to order 1/2 none can, since the
 * eigenvalues only grow with it.
 *
 * @param vectors unit rows, [n, d]
 * @param weights one a row, not negative, [n]
 * @returns 0 (no weight) to n^2 (n orthogonal rows of weight 1)
 */
export function weightedVendi(vectors: Matrix, weights: ArrayLike<number>): number {
  const n = vectors.rows;
  const kernel = rowGram(vectors);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) kernel[i * n + j] *= Math.sqrt(weights[i] * weights[j]);
  }
  let sum = 0;
  // Rounding leaves tiny negatives, which count as 0; written so that NaN is not lost.
  for (const value of symmetricEigenvalues(kernel, n)) if (!(value <= 0)) sum += Math.sqrt(value);
  return sum ** 2;
}

/** exp(-sum l ln l) over the eigenvalues l of `kernel` / k; the kernel's lower triangle, [size, size]. */
function exponentOfEntropy(kernel: Float64Array, size: number, k: number): number {
  let entropy = 0;
  for (const value of symmetricEigenvalues(kernel, size)) {
    const share = value / k;
    // Rounding leaves tiny negatives, which count as 0; written so that NaN is not lost.
    if (!(share <= 0)) entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}

/**
 * The Vendi score on a scale of [0, 1]: (Vendi - 1) / (k - 1) (docs/paper.md, Open points). A set of fewer than two items has
 * no diversity: 0.
 *
 * @param vectors unit rows, [k, d]
 */
export function normalizedVendi(vectors: Matrix): number {
  return normalizeVendi(vendi(vectors), vectors.rows);
}

/** Maps a Vendi score of `k` items from [1, k] to [0, 1]; 0 for k < 2. */
export function normalizeVendi(score: number, k: number): number {
  return k < 2 ? 0 : Math.min(1, Math.max(0, (score - 1) / (k - 1)));
}

/** Lower triangle of X X^T, [k, k]. */
function rowGram({ data, rows: k, cols: d }: Matrix): Float64Array {
  const x = new Float64Array(data); // converted once, because every value is read k + 1 times
  const gram = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let c = 0, p = i * d, q = j * d; c < d; c++, p++, q++) sum += x[p] * x[q];
      gram[i * k + j] = sum;
    }
  }
  return gram;
}

/** Lower triangle of X^T X, [d, d]. */
function columnGram({ data, rows: k, cols: d }: Matrix): Float64Array {
  const gram = new Float64Array(d * d);
  for (let r = 0; r < k; r++) {
    for (let i = 0; i < d; i++) {
      const x = data[r * d + i];
      for (let j = 0; j <= i; j++) gram[i * d + j] += x * data[r * d + j];
    }
  }
  return gram;
}
