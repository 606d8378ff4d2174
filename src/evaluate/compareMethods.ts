/** The honest table: every method on the same held-out queries, in batches of the same size. */

import type { SetDiffusion } from '../diffusion/setDiffusion.js';
import { CachedEncoder } from '../encode/cached.js';
import { gatherRows, type Matrix, rowRange } from '../matrix.js';
import { type QueryBatch, retrieveFanOuts } from '../policy/fanOut.js';
import type { Completion, Policy } from '../policy/policy.js';
import type { RunControl } from '../progress.js';
import {
  candidateHeads,
  type RetrievedSet,
  searchDirections,
  searchDpp,
  searchMmr,
  searchPlain,
} from '../retrieve/methods.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Workspace } from '../run/workspace.js';
import { type SetMetrics, setMetrics } from './setMetrics.js';
import { tuneDpp, tuneMmr } from './tune.js';

export const COMPARED = ['plain', 'mmr', 'dpp', 'untrained', 'bestOfN', 'folm', 'diffusion'] as const;
export type ComparedMethod = (typeof COMPARED)[number];

export interface CompareOptions extends RunControl {
  readonly workspace: Workspace;
  readonly untrained: Policy;
  readonly policy: Policy;
  readonly diffusion: Pick<SetDiffusion, 'sample'>;
  readonly reward: RewardFunction;
  /** Queries that were never trained on. */
  readonly test: QueryBatch;
  /** Queries on which MMR and DPP are tuned. */
  readonly validation: QueryBatch;
  readonly k: number;
  /** Sets the reward chooses from in Best-of-N (5, as in the paper). */
  readonly bestOf?: number;
  /** Sampling temperature of the policies (that of the synthesis). */
  readonly temperature: number;
  /** Queries answered together (8). */
  readonly batchSize?: number;
  readonly seed: number;
}

/** Means over the test queries, and milliseconds a query from its embedding to its items. */
export interface MethodScore extends Omit<SetMetrics, 'vendi'> {
  readonly msPerQuery: number;
}

export interface Comparison {
  readonly queries: number;
  readonly methods: Readonly<Record<ComparedMethod, MethodScore>>;
  /** How many times faster diffusion makes k directions than the policy does, at this batch size. */
  readonly fanoutSpeedup: number;
  /** The opponents' settings that did best on the validation queries. */
  readonly lambda: number;
  readonly theta: number;
  /** The sets themselves, by method, in the order of the test queries. */
  readonly sets: Readonly<Record<ComparedMethod, readonly RetrievedSet[]>>;
}

/** Directions of a batch of queries, [queries * perQuery, d]. */
type FanOut = (
  queries: QueryBatch,
  streams: readonly string[],
) => Promise<{ directions: Matrix; perQuery: number }>;
type Search = (queries: QueryBatch, streams: readonly string[]) => Promise<RetrievedSet[]>;

export async function compareMethods(options: CompareOptions): Promise<Comparison> {
  const {
    workspace,
    untrained,
    policy,
    diffusion,
    test,
    k,
    bestOf = 5,
    batchSize = 8,
    seed,
    signal,
    onProgress,
  } = options;
  const { lambda, theta } = await tuneOpponents(options);
  const fanOuts = {
    untrained: policyDirections(untrained, options, 1),
    bestOfN: policyDirections(untrained, options, bestOf),
    folm: policyDirections(policy, options, 1),
    diffusion: async ({ vectors }: QueryBatch) => ({
      directions: await diffusion.sample({ conditions: vectors, rows: k, seed, signal }),
      perQuery: k,
    }),
  } satisfies Record<string, FanOut>;
  const clock = { untrained: 0, bestOfN: 0, folm: 0, diffusion: 0 };
  const searches: Record<ComparedMethod, Search> = {
    plain: ({ vectors }) => searchPlain(workspace, vectors, { k }),
    mmr: ({ vectors }) => searchMmr(workspace, vectors, { k, lambda }),
    dpp: ({ vectors }) => searchDpp(workspace, vectors, { k, theta }),
    ...mapValues(
      fanOuts,
      (fanOut: FanOut, name): Search =>
        async (queries, streams) => {
          const started = performance.now();
          const { directions, perQuery } = await fanOut(queries, streams);
          clock[name] += performance.now() - started;
          return searchDirections(workspace, directions, perQuery, { k });
        },
    ),
  };
  const methods = {} as Record<ComparedMethod, MethodScore>;
  const sets = {} as Record<ComparedMethod, RetrievedSet[]>;
  for (const [done, name] of COMPARED.entries()) {
    // The first batch pays for lazy initialisation; it is run once unmeasured.
    await searches[name](batchOf(test, 0, batchSize), streamsOf(test, 0, batchSize));
    if (name in clock) clock[name as keyof typeof clock] = 0;
    // No method may profit from the texts another one has encoded.
    if (workspace.encoder instanceof CachedEncoder) workspace.encoder.clear();
    const found: RetrievedSet[] = [];
    const started = performance.now();
    for (let start = 0; start < test.texts.length; start += batchSize) {
      signal?.throwIfAborted();
      const end = Math.min(start + batchSize, test.texts.length);
      found.push(...(await searches[name](batchOf(test, start, end), streamsOf(test, start, end))));
    }
    const msPerQuery = (performance.now() - started) / test.texts.length;
    sets[name] = found;
    methods[name] = { ...meanMetrics(found, test, workspace), msPerQuery };
    onProgress?.({
      stage: 'evaluate',
      done: done + 1,
      total: COMPARED.length,
      metrics: { composite: methods[name].composite },
    });
  }
  return {
    queries: test.texts.length,
    methods,
    fanoutSpeedup: clock.folm / clock.diffusion,
    lambda,
    theta,
    sets,
  };
}

async function tuneOpponents({
  workspace,
  validation,
  k,
}: CompareOptions): Promise<{ lambda: number; theta: number }> {
  const heads = await candidateHeads(workspace, validation.vectors);
  const lists = heads.map((head, i) => ({ ...head, query: rowRange(validation.vectors, i, i + 1).data }));
  return { lambda: tuneMmr(lists, { k }).best, theta: tuneDpp(lists, { k }).best };
}

/** The sub-queries' embeddings of one sample a query, or of the best by reward of several. */
function policyDirections(
  policy: Policy,
  { workspace, reward, temperature, seed, signal }: CompareOptions,
  samples: number,
): FanOut {
  return async (queries, streams) => {
    const completions = await policy.sample({
      queries: queries.texts,
      vectors: queries.vectors,
      samplesPerQuery: samples,
      temperature,
      seed,
      streams,
      signal,
    });
    let chosen: readonly Completion[] = completions;
    if (samples > 1) {
      const { rewards } = scoreFanOuts(
        await retrieveFanOuts(completions, queries, workspace, { signal }),
        reward,
      );
      chosen = queries.texts.map((_, q) => completions[best(rewards, q * samples, (q + 1) * samples)]);
    }
    const directions = await workspace.encoder.encode(
      chosen.flatMap((c) => c.subQueries),
      { signal },
    );
    return { directions, perQuery: policy.k };
  };
}

function best(rewards: ArrayLike<number>, start: number, end: number): number {
  let found = start;
  for (let i = start + 1; i < end; i++) if (rewards[i] > rewards[found]) found = i;
  return found;
}

function batchOf({ texts, vectors, references }: QueryBatch, start: number, end: number): QueryBatch {
  return {
    texts: texts.slice(start, end),
    vectors: rowRange(vectors, start, Math.min(end, texts.length)),
    references: references?.slice(start, end),
  };
}

const streamsOf = ({ texts }: QueryBatch, start: number, end: number): string[] =>
  texts.slice(start, end).map((text) => `evaluate/${text}`);

function meanMetrics(
  sets: readonly RetrievedSet[],
  { vectors }: QueryBatch,
  { vectors: catalog }: Workspace,
): Omit<SetMetrics, 'vendi'> {
  const totals = { groundedness: 0, diversity: 0, alignment: 0, composite: 0 };
  sets.forEach(({ directions, assigned }, i) => {
    const measured = setMetrics({
      items: gatherRows(
        catalog,
        assigned.map((a) => a.item),
      ),
      query: rowRange(vectors, i, i + 1).data,
      // Row j of the directions must be the one that brought item j.
      directions:
        directions.rows === 1
          ? undefined
          : gatherRows(
              directions,
              assigned.map((a) => a.direction),
            ),
    });
    for (const name of Object.keys(totals) as (keyof typeof totals)[])
      totals[name] += measured[name] / sets.length;
  });
  return totals;
}

function mapValues<K extends string, V, W>(record: Record<K, V>, map: (value: V, key: K) => W): Record<K, W> {
  return Object.fromEntries(
    (Object.entries(record) as [K, V][]).map(([key, value]) => [key, map(value, key)]),
  ) as Record<K, W>;
}
