/**
 * What is known of each item for a query before anything is trained: what every source says that costs nothing. A policy that
 * chooses items, and the set diffusion that follows it, read these numbers.
 */

import { type Classifier, setWeights } from '../baselines/classifier.js';
import { itemSets, sumsOfWeights } from '../baselines/itemSets.js';
import { nearestQueries } from '../baselines/nearestQueries.js';
import type { EmbeddedQueries } from '../environment.js';
import type { Bm25 } from '../lexical/bm25.js';
import { dot, type Matrix, row } from '../matrix.js';

/** The numbers of an item, in order. */
export const SOURCES = [
  'dense',
  'lexical',
  'classifier',
  'logClassifier',
  'votesOf3',
  'votesOf10',
  'logVotesOf30',
  'logPopularity',
] as const;

/** Training queries with their sets, and the ridge classifier that was fitted to them. */
export interface SetMemory extends Classifier {
  /** Unit rows [n, d]. */
  readonly vectors: Matrix;
}

export interface SourcesOptions {
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: Matrix;
  readonly lexicon: Bm25;
  /** Absent: sources that need labels say nothing, which is 0. */
  readonly memory?: SetMemory;
}

/** Hits of lexical search that count; the rest score 0. */
const LEXICAL_DEPTH = 200;
/** What a score is raised by before its logarithm: below it, differences are noise. */
const FLOOR = 0.01;

/**
 * What all sources say of every item: [queries, items, SOURCES.length], row by row.
 *
 * @param queries unit rows [n, d]
 */
export function sourceScores(
  { texts, vectors: queryVectors }: EmbeddedQueries,
  { vectors, lexicon, memory }: SourcesOptions,
): Float32Array {
  const items = vectors.rows;
  const size = SOURCES.length;
  const out = new Float32Array(texts.length * items * size);
  const popularity = memory && logPopularity(memory, items);
  texts.forEach((text, q) => {
    const query = row(queryVectors, q);
    const own = out.subarray(q * items * size, (q + 1) * items * size);
    const lexical = lexicon.search(text, { k: Math.min(items, LEXICAL_DEPTH) });
    lexical.items.forEach((item, r) => {
      own[item * size + 1] = lexical.scores[r] / lexical.scores[0];
    });
    for (let i = 0; i < items; i++) own[i * size] = dot(row(vectors, i), query);
    if (!memory || !popularity) return;
    const classifier = scoresOf(memory, setWeights(memory, query), items);
    const [few, some, many] = votes(memory, query, items);
    for (let i = 0; i < items; i++) {
      const at = i * size;
      own[at + 2] = classifier[i];
      own[at + 3] = Math.log(FLOOR + Math.max(0, classifier[i]));
      own[at + 4] = few[i];
      own[at + 5] = some[i];
      own[at + 6] = Math.log(FLOOR + many[i]);
      own[at + 7] = popularity[i];
    }
  });
  return out;
}

/** Where scores lie and how much they differ, by source: what makes them comparable. */
export interface Standard {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

export function standardOf(scores: Float32Array): Standard {
  const size = SOURCES.length;
  const count = scores.length / size;
  const [sums, squares] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < scores.length; i++) {
    sums[i % size] += scores[i];
    squares[i % size] += scores[i] ** 2;
  }
  const means = Array.from(sums, (sum) => sum / count);
  // A source that says the same of all says nothing; its deviation is rounding.
  const deviations = means.map((mean, f) => Math.sqrt(Math.max(squares[f] / count - mean ** 2, 1e-8)));
  return { means, deviations };
}

/** Scores in deviations from the mean, in place. */
export function standardize(scores: Float32Array, { means, deviations }: Standard): Float32Array {
  const size = means.length;
  for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] - means[i % size]) / deviations[i % size];
  return scores;
}

/** The logarithm of the share of training sets that have each item, [items]. */
function logPopularity(memory: SetMemory, items: number): Float64Array {
  const n = memory.vectors.rows;
  return scoresOf(memory, new Float64Array(n).fill(1), items).map((count) => Math.log((count + 1) / n));
}

const NEIGHBOURS = [3, 10, 30];

/** The share of the nearest training queries' weight, squared cosines, whose sets have each item: for each number of neighbours [items]. */
function votes(memory: SetMemory, query: Float32Array, items: number): Float64Array[] {
  const { rows, cosines } = nearestQueries(query, memory.vectors, Math.max(...NEIGHBOURS));
  return NEIGHBOURS.map((count) => {
    const weights = new Float64Array(memory.vectors.rows);
    for (const i of rows.slice(0, count)) weights[i] = Math.max(0, cosines[i]) ** 2;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const scores = scoresOf(memory, weights, items);
    return total > 0 ? scores.map((score) => score / total) : scores;
  });
}

/** The sum of the weights of the sets that have each item, [items]. */
function scoresOf({ sets }: SetMemory, weights: Float64Array, items: number): Float64Array {
  const scores = new Float64Array(items);
  sumsOfWeights(sets, weights).forEach((sum, i) => {
    scores[sets.items[i]] = sum;
  });
  return scores;
}

/** The memory of training queries and their sets. */
export const setMemory = (
  vectors: Matrix,
  references: readonly (readonly number[])[],
  smoother: Matrix,
): SetMemory => ({ vectors, sets: itemSets(references), smoother });
