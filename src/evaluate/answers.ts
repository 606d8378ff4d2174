/** Every compared method as one function from queries to answers. */

import { dppMap } from '../baselines/dpp.js';
import { type MmrOptions, mmr } from '../baselines/mmr.js';
import {
  documentFrequencies,
  keywordSubQueries,
  kMeansDirections,
  neighbourQueries,
} from '../baselines/opponents.js';
import { rankByNeighbours, type TrainingMemory } from '../baselines/vote.js';
import type { QueryBatch } from '../environment.js';
import { Bm25 } from '../lexical/bm25.js';
import { dot, gatherRows, row, rowRange } from '../matrix.js';
import { retrieveFanOuts } from '../policy/fanOut.js';
import type { Completion, Policy } from '../policy/policy.js';
import {
  type DirectionWorld,
  diffusionFanOuts,
  type QueryFanOuts,
  type SearchDiffusion,
  subQueryFanOuts,
} from '../retrieve/findSets.js';
import { CANDIDATES, searchDirections } from '../retrieve/methods.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Workspace } from '../run/workspace.js';
import type { CosineMatrix } from '../vectorIndex/cosineMatrix.js';
import { retrieveBudget } from '../vectorIndex/retrieveBudget.js';
import type { QueryAnswer } from './measure.js';

export interface AnswerOptions {
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** Answers a batch of queries; a query's answer does not depend on its batch. */
export type AnswerMethod = (queries: QueryBatch, options: AnswerOptions) => Promise<QueryAnswer[]>;

/** What all methods share. */
export interface AnswerSpace {
  readonly workspace: Workspace;
  /** Items a set. */
  readonly k: number;
  /** B: distinct items all directions of a query retrieve together; absent for open-ended tasks. */
  readonly budget?: number;
}

/** A fan-out method: k items for the set, one a direction; B items for recall, taken from the directions in turn. */
export function fanOutAnswers(
  { workspace, k, budget }: AnswerSpace,
  fanOut: (queries: QueryBatch, options: AnswerOptions) => Promise<QueryFanOuts>,
): AnswerMethod {
  return async (queries, options) => {
    const { directions, perQuery, subQueries } = await fanOut(queries, options);
    const sets = await searchDirections(workspace, directions, perQuery, { k });
    const retrieved =
      budget === undefined
        ? undefined
        : await retrieveBudget(workspace.index, { directions, perQuery, budget });
    return sets.map((set, i) => ({ set, retrieved: retrieved?.[i], subQueries: subQueries?.[i] }));
  };
}

/** Plain search: the query is the one direction. */
export const plainAnswers = (space: AnswerSpace): AnswerMethod =>
  fanOutAnswers(space, async ({ vectors, texts }) => ({
    directions: vectors,
    perQuery: 1,
    subQueries: texts.map((text) => [text]),
  }));

/** A method which puts the hits of plain search in another order: the first k are the set. */
function rankedAnswers(
  { workspace, k, budget }: AnswerSpace,
  poolSize: number,
  rank: (head: RankedHead) => Int32Array | Promise<Int32Array>,
): AnswerMethod {
  return async ({ vectors, texts }) => {
    const pool = Math.min(poolSize, workspace.index.size);
    const { indices, scores } = await workspace.index.search(vectors, { k: pool });
    const answers: QueryAnswer[] = [];
    for (let q = 0; q < vectors.rows; q++) {
      const query = row(vectors, q);
      const hits = indices.subarray(q * pool, (q + 1) * pool);
      const ranked = await rank({
        text: texts[q],
        query,
        hits,
        relevance: scores.subarray(q * pool, (q + 1) * pool),
      });
      const assigned = Array.from(ranked.subarray(0, k), (item, i) => ({
        direction: 0,
        item,
        score: dot(query, row(workspace.vectors, item)),
        rank: i + 1,
      }));
      const directions = rowRange(vectors, q, q + 1);
      answers.push({
        set: { directions, assigned },
        retrieved: budget === undefined ? undefined : ranked,
        subQueries: [texts[q]],
      });
    }
    return answers;
  };
}

/** The best hits of plain search for one query. */
interface RankedHead {
  readonly text: string;
  readonly query: Float32Array;
  /** Rows, best first, and their cosines to the query. */
  readonly hits: Int32Array;
  readonly relevance: Float32Array;
}

/** How many hits of plain search a diversifier chooses from: twice the budget, or the usual head. */
const poolOf = ({ budget }: AnswerSpace): number => (budget === undefined ? CANDIDATES : 2 * budget);

/** Lexical search; what it leaves of the budget goes to the nearest items of plain search. */
export function bm25Answers(space: AnswerSpace): AnswerMethod {
  const size = space.budget ?? space.k;
  const bm25 = Bm25.of(space.workspace.items);
  return rankedAnswers(space, size, ({ text, hits }) =>
    Int32Array.from(new Set([...bm25.search(text, { k: size }).items, ...hits])).subarray(0, size),
  );
}

/** Maximal marginal relevance over the head of plain search. */
export const mmrAnswers = (space: AnswerSpace, cosines: CosineMatrix, lambda: number): AnswerMethod =>
  diversifiedAnswers(space, cosines, (head) => mmr({ ...head, lambda }));

/** Greedy MAP of a determinantal point process over the head of plain search. */
export const dppAnswers = (space: AnswerSpace, cosines: CosineMatrix, theta: number): AnswerMethod =>
  diversifiedAnswers(space, cosines, (head) => dppMap({ ...head, theta }));

function diversifiedAnswers(
  space: AnswerSpace,
  matrixOf: CosineMatrix,
  pick: (head: Omit<MmrOptions, 'lambda'>) => Int32Array,
): AnswerMethod {
  return rankedAnswers(space, poolOf(space), async ({ hits, relevance }) => {
    const candidates = gatherRows(space.workspace.vectors, hits);
    const cosines = await matrixOf.of(candidates);
    return pick({ candidates, cosines, relevance, k: space.budget ?? space.k }).map((i) => hits[i]);
  });
}

/** The items which the reference sets of similar training queries vote for. */
export function neighbourAnswers(
  space: AnswerSpace,
  memory: TrainingMemory,
  neighbours: number,
): AnswerMethod {
  const budget = space.budget ?? space.k;
  return rankedAnswers(space, budget, ({ query, hits }) =>
    rankByNeighbours(query, memory, hits, { neighbours, budget }),
  );
}

/** The training queries most like the query as its fan-out, where there are no reference sets to vote. */
export const neighbourFanOutAnswers = (space: AnswerSpace, train: QueryBatch): AnswerMethod =>
  fanOutAnswers(space, async ({ vectors }) => {
    const rows = neighbourQueries(vectors, train.vectors, space.k);
    return {
      directions: gatherRows(train.vectors, rows.flat()),
      perQuery: Math.min(space.k, train.vectors.rows),
      subQueries: rows.map((list) => list.map((i) => train.texts[i])),
    };
  });

/** k-means over the head of plain search. */
export const kMeansAnswers = (space: AnswerSpace, queryShare: number): AnswerMethod =>
  fanOutAnswers(space, async ({ vectors }, { seed }) => ({
    directions: await kMeansDirections(space.workspace, vectors, { k: space.k, queryShare, seed }),
    perQuery: space.k,
  }));

/**
 * One sub-query a content word and pair of words; queries differ in their number, so each is retrieved alone. `world` says how they
 * become directions: by the text encoder alone, or as a policy's do.
 */
export function keywordAnswers(
  space: AnswerSpace,
  world: DirectionWorld = {
    subQueryEncoder: space.workspace.encoder,
    queryShare: 0,
  },
): AnswerMethod {
  const frequencies = documentFrequencies(space.workspace.items.map((item) => item.text));
  return async (queries, options) => {
    const answers: QueryAnswer[] = [];
    for (const [i, text] of queries.texts.entries()) {
      const subQueries = keywordSubQueries(text, space.k, frequencies);
      const one = fanOutAnswers(space, () => subQueryFanOuts([subQueries], [text], world, options));
      answers.push(...(await one(batchOf(queries, i, i + 1), options)));
    }
    return answers;
  };
}

export interface PolicyAnswerOptions {
  readonly policy: Policy;
  readonly temperature: number;
  /** Samples a query, of which the reward picks one [1]. */
  readonly samples?: number;
  /** Must not read references: it picks at serving time, when there are none. */
  readonly reward?: RewardFunction;
}

/** What a policy writes, or the best of several by reward. */
export function policyAnswers(
  space: AnswerSpace,
  { policy, temperature, samples = 1, reward }: PolicyAnswerOptions,
): AnswerMethod {
  const { workspace } = space;
  return fanOutAnswers(space, async (queries, { seed, signal }) => {
    const completions = await policy.sample({
      queries: queries.texts,
      vectors: queries.vectors,
      samplesPerQuery: samples,
      temperature,
      seed,
      streams: queries.texts.map((text) => `evaluate/${text}`),
      signal,
    });
    let chosen: readonly Completion[] = completions;
    if (samples > 1 && reward) {
      const open: QueryBatch = { texts: queries.texts, vectors: queries.vectors };
      const { rewards } = scoreFanOuts(
        await retrieveFanOuts(completions, open, workspace, { signal }),
        reward,
      );
      chosen = queries.texts.map((_, q) => completions[best(rewards, q * samples, (q + 1) * samples)]);
    }
    const subQueries = chosen.map((c) => c.subQueries);
    return subQueryFanOuts(subQueries, queries.texts, workspace, { signal });
  });
}

/** What the set diffusion makes of the query's embedding. */
export const diffusionAnswers = (
  space: AnswerSpace,
  diffusion: SearchDiffusion,
  steps?: number,
): AnswerMethod =>
  fanOutAnswers(space, (queries, { seed, signal }) =>
    diffusionFanOuts(diffusion, queries, space.workspace, { rows: space.k, steps, seed, signal }),
  );

/** Queries `start` to `end` of a batch. */
export function batchOf({ texts, vectors, references }: QueryBatch, start: number, end: number): QueryBatch {
  return {
    texts: texts.slice(start, end),
    vectors: rowRange(vectors, start, Math.min(end, texts.length)),
    references: references?.slice(start, end),
  };
}

function best(rewards: ArrayLike<number>, start: number, end: number): number {
  let found = start;
  for (let i = start + 1; i < end; i++) if (rewards[i] > rewards[found]) found = i;
  return found;
}
