/** Fan-outs that need no training: what a user can have today. */
import { contentWords } from '../catalog/words.js';
import { gatherRows, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { SearchSpace } from './methods.js';

/**
 * Keyword fan-out: the words of the query that say something, and every pair of them, at most `k`. Where there are more,
 * the pairs come first, since they are the stronger. A query without such words is its own sub-query.
 */
export function keywordSubQueries(query: string, k: number): string[] {
  const words = [...new Set(contentWords(query))];
  const pairs = words.flatMap((a, i) => words.slice(i + 1).map((b) => `${a} ${b}`));
  const subQueries = [...pairs, ...words].slice(0, k);
  return subQueries.length > 0 ? subQueries : [query];
}

export interface KMeansFanOutOptions {
  readonly k: number;
  /** Share of the query in each direction, 0 to 1: 0 = the centroid alone. */
  readonly queryShare: number;
  /** Hits of plain search that are clustered (50). */
  readonly hits?: number;
  readonly seed: number;
}

/**
 * k-means fan-out: the best hits of plain search fall into k clusters (spherical k-means), whose centroids, mixed with
 * the query, are the directions.
 *
 * @param queries unit rows [n, d]
 * @returns unit rows [n * k, d]
 */
export async function kMeansDirections(
  { index, vectors }: SearchSpace,
  queries: Matrix,
  { k, queryShare, hits = 50, seed }: KMeansFanOutOptions,
): Promise<Matrix> {
  const depth = Math.min(hits, index.size);
  const { indices } = await index.search(queries, { k: depth });
  const d = vectors.cols;
  const directions = matrix(queries.rows * k, d);
  for (let q = 0; q < queries.rows; q++) {
    const near = gatherRows(vectors, indices.subarray(q * depth, (q + 1) * depth));
    const centroids = sphericalKMeans(near, k, new CounterRandom(seed, 'retrieve/k-means'));
    const query = row(queries, q);
    for (let i = 0; i < k; i++) {
      const centroid = row(centroids, i);
      const out = row(directions, q * k + i);
      for (let j = 0; j < d; j++) out[j] = queryShare * query[j] + (1 - queryShare) * centroid[j];
    }
  }
  return normalizeRows(directions);
}

/** Lloyd's rounds: later ones move few rows. */
const ROUNDS = 10;

/**
 * Spherical k-means (Dhillon & Modha 2001), started from distinct random rows. A cluster that loses all rows keeps its
 * centroid.
 *
 * @param rows unit rows [n, d]; where n < k, rows repeat
 * @returns unit rows [k, d]
 */
export function sphericalKMeans(rows: Matrix, k: number, random: CounterRandom): Matrix {
  const order = random.permutation(rows.rows);
  let centroids = gatherRows(
    rows,
    Array.from({ length: k }, (_, i) => order[i % rows.rows]),
  );
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

function nearest(rows: Matrix, x: Float32Array): number {
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.rows; i++) {
    const y = row(rows, i);
    let score = 0;
    for (let j = 0; j < x.length; j++) score += x[j] * y[j];
    if (score > bestScore) [best, bestScore] = [i, score];
  }
  return best;
}

export interface TrainingMemory {
  /** Embeddings of the training queries, unit rows [n, d]. */
  readonly vectors: Matrix;
  /** Rows of each one's reference set. */
  readonly references: readonly (readonly number[])[];
}

/**
 * Nearest training queries: items are ranked by the votes of the reference sets of the `neighbours` training queries most like
 * this one, each vote weighing the similarity; then come the nearest items of plain search, so that the budget is used up.
 *
 * @param plain rows by plain search, at least `budget` of them
 * @returns `budget` rows
 */
export function rankByNeighbours(
  query: Float32Array,
  { vectors, references }: TrainingMemory,
  plain: Int32Array,
  { neighbours, budget }: { readonly neighbours: number; readonly budget: number },
): Int32Array {
  const similarity = Float64Array.from({ length: vectors.rows }, (_, i) => {
    const x = row(vectors, i);
    let score = 0;
    for (let j = 0; j < x.length; j++) score += x[j] * query[j];
    return score;
  });
  const nearestFirst = Array.from(similarity.keys()).sort((a, b) => similarity[b] - similarity[a] || a - b);
  const votes = new Map<number, number>();
  for (const i of nearestFirst.slice(0, neighbours))
    for (const item of references[i]) votes.set(item, (votes.get(item) ?? 0) + Math.max(0, similarity[i]));
  const ranked = [...votes].sort(([a, x], [b, y]) => y - x || a - b).map(([item]) => item);
  const taken = new Set(ranked.slice(0, budget));
  for (const item of plain) if (taken.size < budget) taken.add(item);
  return Int32Array.from(taken);
}
