/** Which of several sampled sets is kept: sampling is cheap, and directions alone tell nearly what the reward would. */
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { CompositeWeights } from '../reward/composite.js';
import { normalizedVendi } from '../reward/vendi.js';

export interface BestSetOptions {
  /** Sampled sets of one query one after another, as the last denoising step leaves them, [sets * rows, d]. */
  readonly samples: Matrix;
  readonly rows: number;
  /** The query's embedding, unit length, [d]. */
  readonly query: Float32Array;
  readonly weights: CompositeWeights;
}

/** The number of the best set, the first of equal ones. */
export function bestSet({ samples, rows, query, weights }: BestSetOptions): number {
  const { cols: d } = samples;
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let set = 0; set * rows < samples.rows; set++) {
    const directions = matrix(rows, d, samples.data.slice(set * rows * d, (set + 1) * rows * d));
    // A denoised row is the mean of the items it may still become: 1 long where it is sure of one, shorter the more they differ. Its length is
    // about its cosine to the likeliest, which a search would find.
    const grounded = mean(rows, (i) => 1 - Math.sqrt(2 * Math.max(0, 1 - length(row(directions, i)))));
    normalizeRows(directions);
    const score =
      weights.groundedness * grounded +
      weights.diversity * normalizedVendi(directions) +
      weights.alignment * mean(rows, (i) => dot(row(directions, i), query));
    if (score > bestScore) [best, bestScore] = [set, score];
  }
  return best;
}

const length = (x: Float32Array): number => Math.sqrt(dot(x, x));

function mean(count: number, of: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += of(i);
  return sum / count;
}
