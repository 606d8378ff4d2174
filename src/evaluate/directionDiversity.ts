/** VS of methods with directions, as the paper measures it. */
import { answer, type PlacedMethod } from '../choose/tune.js';
import type { QueryBatch } from '../environment.js';
import type { Matrix } from '../matrix.js';
import { batchOf } from '../queryBatch.js';
import type { RetrievedSet } from '../retrieve/method.js';
import { vendi } from '../reward/vendi.js';
import { COMPILED, type MethodName } from './results.js';

/**
 * VS, the diversity of a fan-out's directions for one query (docs/paper.md, Metrics): the Vendi score of the directions, averaged
 * over runs with different seeds, as a percentage of the `k` directions asked for.
 *
 * The paper's "Vendi of the mean direction over 5 runs" can be read in several ways, and this is the one that says what the
 * figure is used for, how different a query's directions are:
 * - To average direction j over the runs and score those k means is no quantity of a *set*: directions have no order, so
 *   direction j of one run has nothing to do with direction j of another, and means of unrelated ones fall together at
 *   the query. A method would be punished for making other sets with other seeds.
 * - To score the runs' means, one a run, tells how runs differ, not directions.
 * - The mean of the runs' scores does neither, and its scale fits the published figures: 27 to 46 are 2.7 to 4.6
 *   different directions of 10.
 *
 * @param runs the directions of each run, unit rows [m, d], m <= k; a method that makes fewer than `k` can reach m / k
 * @returns 100 / k (all directions the same) to 100 (orthogonal)
 */
export function vsOfDirections(runs: readonly Matrix[], k: number): number {
  if (runs.length === 0 || runs.some(({ rows }) => rows === 0 || rows > k))
    throw new RangeError(
      `VS needs runs of 1 to ${k} directions, got [${runs.map(({ rows }) => rows).join(', ')}]`,
    );
  const mean = runs.reduce((sum, directions) => sum + vendi(directions), 0) / runs.length;
  return (100 * mean) / k;
}

/** Methods that answer otherwise the next time. Best-of-N too, but its VS would take five times as many samples as that of the others. */
export const hasVs = (name: MethodName): boolean =>
  name !== 'bestOfN' && name !== 'zeroShot' && COMPILED.some((compiled) => compiled === name);

/** Runs of which VS is the mean, as in the paper, and queries answered at once where no time is taken. */
const VS_RUNS = 5;
const LARGE_BATCH = 64;

/** VS of every query (see `vsOfDirections`); `answers` are the first run's. */
export async function directionDiversity(
  evaluated: PlacedMethod,
  answers: readonly RetrievedSet[],
  k: number,
  queries: QueryBatch,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const runs: Matrix[][] = answers.map(({ directions }) => [directions]);
  for (let run = 1; run < VS_RUNS; run++) {
    for (let start = 0; start < queries.texts.length; start += LARGE_BATCH) {
      signal?.throwIfAborted();
      const batch = batchOf(queries, start, start + LARGE_BATCH);
      const again = await answer(evaluated, batch, { k, seed: 1000 + run, signal });
      again.forEach(({ directions }, i) => {
        runs[start + i].push(directions);
      });
    }
  }
  return Float64Array.from(runs, (directions) => vsOfDirections(directions, k));
}
