import type { Bm25 } from '../../lexical/bm25.js';
import { dot, type Matrix, row } from '../../matrix.js';
import type { JudgeFunction } from './judge.js';

export interface HybridJudgeOptions {
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: Matrix;
  readonly lexicon: () => Bm25;
}

/** Deviations above the catalog's mean cosine at which an item is on topic, */
const NEAR = 2.5;
/** where that lies between these shares of the best item's: few are where one item is far ahead, and one is where none stands out. */
const [LEAST_OF_BEST, MOST_OF_BEST] = [0.5, 0.75];
/** Share of the best score by words from which an item is on topic. */
const SAME_WORDS = 0.5;

/**
 * Relevance by what hybrid search reads, relative to the query's best item: the larger of two numbers from 0 to 1.
 *
 * By vectors: where a cosine lies between the threshold of what is on topic and the query's best. The threshold is 2.5 deviations
 * above the mean cosine of the catalog, which one item of 160 passes by chance; but at least half and at most three quarters of
 * the way from the mean to the best.
 *
 * By words: where a BM25 score lies between half the query's best and the best, so that one common word of several is nothing. Words that
 * mean something else are off topic: it counts as far as the cosine lies above the mean, all from one deviation on.
 */
export function hybridJudge({ vectors, lexicon }: HybridJudgeOptions): JudgeFunction {
  const known = new Map<string, DenseScale>();
  return ({ query, queryVector, rows }) => {
    const scale = known.get(query) ?? denseScale(vectors, queryVector);
    known.set(query, scale);
    const { mean, deviation, best } = scale;
    const threshold = Math.min(Math.max(NEAR, LEAST_OF_BEST * best), MOST_OF_BEST * best);
    const scores = lexicon().scores(query);
    const most = scores.reduce((a, b) => Math.max(a, b), 0);
    return rows.map((item) => {
      const byWords = position(scores[item], SAME_WORDS * most, most);
      // To an encoder that knows no word of the query all items are equally near.
      if (deviation === 0) return byWords;
      const near = (dot(row(vectors, item), queryVector) - mean) / deviation;
      return Math.max(position(near, threshold, best), byWords * Math.min(1, Math.max(0, near)));
    });
  };
}

/** How cosines to a query are spread over the catalog; `best` in deviations above the mean. */
interface DenseScale {
  readonly mean: number;
  readonly deviation: number;
  readonly best: number;
}

function denseScale(vectors: Matrix, query: Float32Array): DenseScale {
  let [sum, squares, largest] = [0, 0, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < vectors.rows; i++) {
    const cosine = dot(row(vectors, i), query);
    sum += cosine;
    squares += cosine ** 2;
    largest = Math.max(largest, cosine);
  }
  const mean = sum / vectors.rows;
  const variance = squares / vectors.rows - mean ** 2;
  // What is less is rounding.
  const deviation = variance > 1e-12 ? Math.sqrt(variance) : 0;
  return { mean, deviation, best: deviation > 0 ? (largest - mean) / deviation : 0 };
}

/** From 0 at the threshold (and below it) to 1 at the best; where nothing is above it, 0. */
const position = (value: number, threshold: number, best: number): number =>
  value > threshold ? Math.min(1, (value - threshold) / (best - threshold)) : 0;
