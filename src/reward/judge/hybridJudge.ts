import { evenRows } from '../../evenly.js';
import type { Bm25 } from '../../lexical/bm25.js';
import { concatRows, dot, gatherRows, matrix, row, type VectorTable } from '../../matrix.js';
import type { VectorIndex } from '../../vectorIndex/vectorIndex.js';
import type { JudgeFunction } from './judge.js';

export interface HybridJudgeOptions {
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
  /** Over these vectors; says what is nearest in a large catalog. */
  readonly index: Pick<VectorIndex, 'search'>;
  readonly lexicon: () => Bm25;
}

/** Items that say how cosines are spread; of more, so many from all over the catalog. */
const SPREAD = 16_384;

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
export function hybridJudge({ vectors, index, lexicon }: HybridJudgeOptions): JudgeFunction {
  const known = new Map<string, DenseScale>();
  const spread = vectors.rows > SPREAD ? gatherRows(vectors, evenRows(vectors.rows, SPREAD)) : undefined;
  const nearest = nearestCosines(index);
  const scaleOf = async (queryVector: Float32Array): Promise<DenseScale> =>
    spread ? denseScale(spread, queryVector, await nearest(queryVector)) : denseScale(vectors, queryVector);
  return async ({ query, queryVector, rows }) => {
    const scale = known.get(query) ?? (await scaleOf(queryVector));
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

/** @param largest of all cosines, where these rows are not all */
function denseScale(
  vectors: VectorTable,
  query: Float32Array,
  largest = Number.NEGATIVE_INFINITY,
): DenseScale {
  let [sum, squares] = [0, 0];
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

/** The cosine of the nearest item; what is asked for at once is searched for at once. */
function nearestCosines(index: Pick<VectorIndex, 'search'>): (query: Float32Array) => Promise<number> {
  let asked: Float32Array[] = [];
  let answers: Promise<Float32Array> | undefined;
  return async (query) => {
    const place = asked.push(query) - 1;
    answers ??= Promise.resolve().then(async () => {
      const queries = concatRows(asked.map((vector) => matrix(1, vector.length, vector)));
      asked = [];
      answers = undefined;
      return (await index.search(queries, { k: 1 })).scores;
    });
    return (await answers)[place];
  };
}
