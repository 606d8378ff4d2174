import { hybridHits } from '../baselines/hybridHits.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { gatherRows, row, rowRange } from '../matrix.js';
import { relevanceOf } from '../reward/judge/judge.js';
import type { FanOut } from '../reward/reward.js';
import { takeTurns } from '../vectorIndex/retrieveBudget.js';
import type { Completion } from './policy.js';

export interface FanOutOptions {
  /** B: distinct items which all sub-queries of a completion retrieve together (absent: the best of each). */
  readonly budget?: number;
  readonly signal?: AbortSignal;
}

/**
 * How much deeper than an equal share of the budget a sub-query may be followed: where others find the same items, what they leave
 * of the budget is its.
 */
const DEEPER = 4;

/**
 * Runs the sub-queries of all completions through encoder, search and judge in one batch each: what a reward looks at. What is written finds
 * its items by hybrid search, by words and vectors; a chosen item is found by its vector.
 */
export async function retrieveFanOuts(
  completions: readonly Completion[],
  queries: QueryBatch,
  world: RetrievalWorld,
  { budget, signal }: FanOutOptions = {},
): Promise<FanOut[]> {
  const { items, vectors, index, subQueryEncoder, judge } = world;
  const chosen = completions.length > 0 && completions.every((completion) => completion.items);
  const directions = chosen
    ? gatherRows(
        vectors,
        completions.flatMap((completion) => [...(completion.items ?? [])]),
      )
    : await subQueryEncoder.encode(
        completions.flatMap(({ subQueries }) => subQueries),
        { signal },
      );
  const perCompletion = completions[0]?.subQueries.length ?? 1;
  const depth = budget === undefined ? 1 : Math.min(Math.ceil((DEEPER * budget) / perCompletion), index.size);
  const found = chosen
    ? await index.search(directions, { k: depth })
    : await hybridHits(
        world,
        completions.flatMap(({ subQueries }) => subQueries),
        directions,
        { k: depth },
      );
  const { indices, scores } = found;
  let start = 0;
  const fanOuts = completions.map(({ query, subQueries }): FanOut => {
    const end = start + subQueries.length;
    const count = subQueries.length;
    const { items: withinBudget } = takeTurns(found, { start, count, wanted: budget ?? count });
    const retrieved = Int32Array.from(subQueries, (_, i) => indices[(start + i) * depth]);
    const reference = queries.references?.[query] ?? [];
    const fanOut = {
      query: queries.texts[query],
      queryVector: row(queries.vectors, query),
      subQueries,
      subQueryVectors: rowRange(directions, start, end),
      retrieved,
      retrievedVectors: gatherRows(vectors, retrieved),
      withinBudget,
      hits: {
        indices: indices.subarray(start * depth, end * depth),
        scores: scores.subarray(start * depth, end * depth),
        k: depth,
      },
      reference,
      referenceVectors: gatherRows(vectors, reference),
      items,
    };
    start = end;
    return fanOut;
  });
  if (!judge) return fanOuts;
  const relevance = await relevanceOf(fanOuts, judge, signal);
  return fanOuts.map((fanOut, i) => ({ ...fanOut, relevance: relevance[i] }));
}
