/** Fan-outs that need no training: what a user can have today. */
import { contentWords, wordsOf } from '../catalog/words.js';
import { mixWithQueries } from '../encode/towardsQueries.js';
import { dot, gatherRows, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { SearchSpace } from '../retrieve/methods.js';
import { nearestFirst } from './vote.js';

/** In how many of the catalog's texts each word is. */
export interface DocumentFrequencies {
  readonly texts: number;
  readonly counts: ReadonlyMap<string, number>;
}

export function documentFrequencies(texts: readonly string[]): DocumentFrequencies {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of new Set(wordsOf(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return { texts: texts.length, counts };
}

/**
 * Keyword fan-out: the words of the query that say something, and every pair of them, pairs first, at most `k`. Where there
 * are more, those whose words are rarest in the catalog are kept (by the sum of log(texts / frequency)); a word that the
 * catalog does not have counts for nothing, since it finds nothing. A query without such words is its own sub-query.
 */
export function keywordSubQueries(
  query: string,
  k: number,
  { texts, counts }: DocumentFrequencies,
): string[] {
  const words = [...new Set(contentWords(query))];
  const pairs = words.flatMap((a, i) => words.slice(i + 1).map((b) => [a, b]));
  const candidates = [...pairs, ...words.map((word) => [word])];
  const rarity = candidates.map((candidate) =>
    candidate.reduce((sum, word) => sum + Math.log(texts / (counts.get(word) ?? texts)), 0),
  );
  const rarest = [...candidates.keys()].sort((a, b) => rarity[b] - rarity[a] || a - b).slice(0, k);
  const subQueries = rarest.sort((a, b) => a - b).map((i) => candidates[i].join(' '));
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
  const directions = matrix(queries.rows * k, vectors.cols);
  for (let q = 0; q < queries.rows; q++) {
    const near = gatherRows(vectors, indices.subarray(q * depth, (q + 1) * depth));
    const centroids = sphericalKMeans(near, k, new CounterRandom(seed, 'retrieve/k-means'));
    rowRange(directions, q * k, (q + 1) * k).data.set(centroids.data);
  }
  return mixWithQueries(directions, queries, { perQuery: k, queryShare });
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

function nearest(rows: Matrix, x: Float32Array): number {
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.rows; i++) {
    const score = dot(row(rows, i), x);
    if (score > bestScore) [best, bestScore] = [i, score];
  }
  return best;
}

/**
 * Training queries as a fan-out, where there are no reference sets to vote: those most like each query are its sub-queries.
 *
 * @param queries unit rows [n, d]
 * @param memory embeddings of the training queries, unit rows [m, d]
 * @returns for each query min(k, m) rows of the memory, the most alike first
 */
export function neighbourQueries(queries: Matrix, memory: Matrix, k: number): number[][] {
  return Array.from({ length: queries.rows }, (_, q) =>
    nearestFirst(memory, row(queries, q)).order.slice(0, k),
  );
}
