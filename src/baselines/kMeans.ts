/** k-means fan-out: clusters of what plain search finds as directions. */
import { dot, gatherRows, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { SearchSpace } from '../retrieve/method.js';

export interface KMeansOptions {
  readonly k: number;
  /** Hits of plain search that are clustered (50). */
  readonly hits?: number;
  readonly mask?: Uint8Array;
  readonly seed: number;
}

/**
 * The best hits of plain search fall into k clusters (spherical k-means), whose centroids are the directions.
 *
 * @param queries unit rows [n, d]
 * @returns unit rows [n * k, d]
 */
export async function kMeansDirections(
  { index, vectors }: SearchSpace,
  queries: Matrix,
  { k, hits = 50, mask, seed }: KMeansOptions,
): Promise<Matrix> {
  const depth = Math.min(hits, index.size);
  const { indices } = await index.search(queries, { k: depth, mask });
  const directions = matrix(queries.rows * k, vectors.cols);
  for (let q = 0; q < queries.rows; q++) {
    const found = indices.subarray(q * depth, (q + 1) * depth).filter((item) => item >= 0);
    // Nothing passes the filter: there is nothing to cluster, and nothing to be found either.
    const near = found.length > 0 ? gatherRows(vectors, found) : rowRange(queries, q, q + 1);
    const centroids = sphericalKMeans(near, k, new CounterRandom(seed, 'retrieve/k-means'));
    rowRange(directions, q * k, (q + 1) * k).data.set(centroids.data);
  }
  return directions;
}

/** Lloyd's rounds: later ones move few rows. */
const ROUNDS = 10;

/**
 * Spherical k-means (Dhillon & Modha 2001), started from rows far apart (k-means++). A cluster that loses all rows keeps its
 * centroid.
 *
 * @param rows unit rows [n, d]; where fewer than k differ, rows repeat
 * @returns unit rows [k, d]
 */
export function sphericalKMeans(rows: Matrix, k: number, random: CounterRandom): Matrix {
  let centroids = gatherRows(rows, farApart(rows, k, random));
  for (let round = 0; round < ROUNDS; round++) {
    const sums = matrix(k, rows.cols);
    for (let i = 0; i < rows.rows; i++) {
      const x = row(rows, i);
      const sum = row(sums, nearest(centroids, x));
      for (let j = 0; j < x.length; j++) sum[j] += x[j];
    }
    for (let c = 0; c < k; c++) if (row(sums, c).every((x) => x === 0)) row(sums, c).set(row(centroids, c));
    centroids = normalizeRows(sums);
  }
  return centroids;
}

/** `k` row numbers by k-means++ (Arthur & Vassilvitskii 2007): each drawn by its squared distance to the nearest before. */
function farApart(rows: Matrix, k: number, random: CounterRandom): number[] {
  const chosen = [random.integer(rows.rows)];
  const distance = new Float64Array(rows.rows).fill(Number.POSITIVE_INFINITY);
  while (chosen.length < k) {
    const last = row(rows, chosen[chosen.length - 1]);
    let total = 0;
    for (let i = 0; i < rows.rows; i++) {
      // Half the squared distance of unit vectors; rounding leaves some to a row's own copy.
      const half = 1 - dot(row(rows, i), last);
      distance[i] = Math.min(distance[i], half > 1e-6 ? half : 0);
      total += distance[i];
    }
    let left = random.uniform() * total;
    let next = total > 0 ? -1 : random.integer(rows.rows);
    for (let i = 0; next < 0 && i < rows.rows; i++) {
      left -= distance[i];
      if (left < 0) next = i;
    }
    // The sum may round to less than was drawn from.
    chosen.push(next < 0 ? distance.indexOf(Math.max(...distance)) : next);
  }
  return chosen;
}

export function nearest(rows: Matrix, x: Float32Array): number {
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.rows; i++) {
    const score = dot(row(rows, i), x);
    if (score > bestScore) [best, bestScore] = [i, score];
  }
  return best;
}
