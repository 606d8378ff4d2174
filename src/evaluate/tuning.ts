/** Settings of the opponents, chosen on validation queries: an opponent that is not tuned is none. */

import type { QueryBatch } from '../environment.js';
import { DEFAULT_WEIGHTS } from '../reward/composite.js';
import type { AnswerMethod, AnswerSpace } from './answers.js';
import { measureAnswers, type QueryAnswer, type QueryMetrics } from './measure.js';
import type { EvaluationResults } from './results.js';

/** Settings to choose from: relevance alone first, then more and more diversity. */
export const LAMBDAS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];
export const THETAS = [64, 16, 8, 4, 2, 1, 0.5, 0.25, 0.1];

export interface TuneOptions {
  readonly task: EvaluationResults['task'];
  readonly space: AnswerSpace;
  readonly validation: QueryBatch;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** The setting that does best on the validation queries, the first of equal ones. */
export async function tune(
  grid: readonly number[],
  make: (setting: number) => AnswerMethod,
  { task, space, validation, seed, signal }: TuneOptions,
): Promise<number> {
  let best = grid[0];
  let highest = Number.NEGATIVE_INFINITY;
  for (const setting of grid) {
    signal?.throwIfAborted();
    const answers = await make(setting)(validation, { seed, signal });
    const metrics = await measureAnswers(answers, {
      world: space.workspace,
      queries: validation,
      k: space.k,
    });
    const worth = worthOf(task, metrics, answers);
    if (worth > highest) [best, highest] = [setting, worth];
  }
  return best;
}

/**
 * What settings are tuned for: the task's main metric; where a method has one direction only, the query, the composite without
 * its groundedness, which would say how near the query's items are and so count relevance twice.
 */
export function worthOf(
  task: EvaluationResults['task'],
  { recallAtB, composite, diversity, alignment }: QueryMetrics,
  answers: readonly Pick<QueryAnswer, 'set'>[],
): number {
  if (task === 'wscr') return mean(recallAtB);
  if (answers.some(({ set }) => set.directions.rows > 1)) return mean(composite);
  return DEFAULT_WEIGHTS.diversity * mean(diversity) + DEFAULT_WEIGHTS.alignment * mean(alignment);
}

function mean(values: ArrayLike<number> = []): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
