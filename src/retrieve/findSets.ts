/** One method after another, from query embeddings to sets; what a retriever and a server do alike. */
import { queryConditions } from '../diffusion/conditions.js';
import type { SampleOptions } from '../diffusion/setSampler.js';
import { towardsQueries } from '../encode/towardsQueries.js';
import type { SearchWorld } from '../environment.js';
import type { Matrix } from '../matrix.js';
import type { Policy } from '../policy/policy.js';
import type { RunControl } from '../progress.js';
import { type RetrievedSet, searchDirections, searchDpp, searchMmr, searchPlain } from './methods.js';
import type { Method } from './setRetriever.js';

/** A set diffusion as searches use it. */
export interface SearchDiffusion {
  readonly conditionWords: number;
  sample(options: SampleOptions): Promise<Matrix>;
}

/** What searching takes, wherever it runs. */
export interface SearchParts {
  readonly workspace: SearchWorld;
  /** Items a set by default. */
  readonly k: number;
  readonly diffusion?: SearchDiffusion;
  readonly policy?: Policy;
  /** At which the policy writes (1). */
  readonly temperature?: number;
  /** Settings of the baselines: MMR's lambda and DPP's theta. */
  readonly lambda?: number;
  readonly theta?: number;
}

/** Queries with their embeddings, unit rows [texts.length, d]. */
export interface EmbeddedQueries {
  readonly texts: readonly string[];
  readonly vectors: Matrix;
}

/** The fan-out of several queries. */
export interface QueryFanOuts {
  /** Unit rows [queries * perQuery, d], query by query. */
  readonly directions: Matrix;
  readonly perQuery: number;
  /** What the policy wrote, for each query; only of method `folm`. */
  readonly subQueries?: readonly (readonly string[])[];
}

export interface FanOutOptions {
  readonly k: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Why a run cannot answer by the method, or undefined if it can. */
export function missingModel(
  { diffusion, policy }: Pick<SearchParts, 'diffusion' | 'policy'>,
  method: Method,
): string | undefined {
  if (method === 'diffusion' && !diffusion) return 'this run has no trained diffusion model yet';
  if (method === 'folm' && !policy) return 'this run has no trained policy yet';
  return undefined;
}

/** The directions of every query; undefined for methods which search with the query alone. */
export async function makeFanOuts(
  { diffusion, policy, temperature, workspace }: SearchParts,
  method: Method,
  queries: EmbeddedQueries,
  { k, steps, seed = 0, signal }: FanOutOptions,
): Promise<QueryFanOuts | undefined> {
  const { texts, vectors } = queries;
  if (method === 'diffusion' && diffusion)
    return diffusionFanOuts(diffusion, queries, workspace, { rows: k, steps, seed, streams: texts, signal });
  if (method === 'folm' && policy) {
    const completions = await policy.sample({
      queries: texts,
      vectors,
      temperature,
      seed,
      streams: texts,
      signal,
    });
    const subQueries = completions.map((c) => c.subQueries.slice(0, k));
    return subQueryFanOuts(subQueries, texts, workspace, { signal });
  }
  return undefined;
}

/** What makes sub-queries directions. */
export type DirectionWorld = Pick<SearchWorld, 'subQueryEncoder' | 'queryShare'>;

/** What was written as directions; `subQueries[q]`, as many for every query, are those of `texts[q]`. */
export async function subQueryFanOuts(
  subQueries: readonly (readonly string[])[],
  texts: readonly string[],
  world: DirectionWorld,
  { signal }: Pick<RunControl, 'signal'>,
): Promise<QueryFanOuts> {
  const perQuery = subQueries[0]?.length ?? 0;
  const alone = await world.subQueryEncoder.encode(subQueries.flat(), { signal });
  const directions = await towardsQueries(alone, texts, { ...world, perQuery, signal });
  return { directions, perQuery, subQueries };
}

/** What the set diffusion draws for each query, `rows` directions. */
export async function diffusionFanOuts(
  diffusion: SearchDiffusion,
  queries: EmbeddedQueries,
  world: DirectionWorld,
  options: Omit<SampleOptions, 'conditions'>,
): Promise<QueryFanOuts> {
  const { rows: perQuery, signal } = options;
  const conditions = await queryConditions(queries, diffusion.conditionWords, world.subQueryEncoder, signal);
  const alone = await diffusion.sample({ ...options, conditions });
  const directions = await towardsQueries(alone, queries.texts, { ...world, perQuery, signal });
  return { directions, perQuery };
}

/** The set of every query: from its directions, or by a method that needs none. */
export function findSets(
  { workspace, lambda = 0.5, theta = 4 }: SearchParts,
  method: Method,
  { vectors }: EmbeddedQueries,
  fanOuts: QueryFanOuts | undefined,
  options: { readonly k: number; readonly mask?: Uint8Array },
): Promise<RetrievedSet[]> {
  if (fanOuts) return searchDirections(workspace, fanOuts.directions, fanOuts.perQuery, options);
  if (method === 'mmr') return searchMmr(workspace, vectors, { ...options, lambda });
  if (method === 'dpp') return searchDpp(workspace, vectors, { ...options, theta });
  return searchPlain(workspace, vectors, options);
}
