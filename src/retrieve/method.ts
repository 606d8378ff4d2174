/** What a method of finding sets is: what it may use, what it is asked, and what it gives. */

import type { Classifier } from '../baselines/classifier.js';
import type { AspectOf } from '../candidates/aspects.js';
import type { CandidateRanker } from '../candidates/reader.js';
import type { SetMemory } from '../candidates/setMemory.js';
import type { SampleOptions } from '../diffusion/setSampler.js';
import type { Adapter } from '../encode/adapter.js';
import type { EmbeddedQueries, LabelledQueries, RetrievalWorld } from '../environment.js';
import type { Matrix, VectorTable } from '../matrix.js';
import type { Policy } from '../policy/policy.js';
import type { CosineMatrix } from '../vectorIndex/cosineMatrix.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import type { Assignment, GroupLimit } from './assign.js';
import type { Method } from './methodNames.js';

/** A set diffusion as searches use it: it draws directions, or ranks candidates. */
export type SearchDiffusion =
  | { readonly kind: 'directions'; sample(options: SampleOptions): Promise<Matrix> }
  | CandidateRanker;

/** The least that directions are searched in. */
export interface SearchSpace {
  readonly index: VectorIndex;
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
}

/** Settings of methods that validation chose, by the method's name; see `METHODS` for what each means. */
export type MethodSettings = Readonly<Partial<Record<string, number>>>;

/** What the methods search, with the models and labels of a run where it has them. */
export interface MethodSpace extends RetrievalWorld {
  /** Items a set by default. */
  readonly k: number;
  /** What kind of thing each item is, for sets that mind repeats; found when it is first asked for. */
  aspects(): AspectOf;
  /** Texts of the training queries, which may be a query's neighbours. */
  readonly training?: LabelledQueries;
  readonly adapter?: Adapter;
  readonly classifier?: Classifier;
  readonly policy?: Policy;
  /** At which the policy writes (1). */
  readonly temperature?: number;
  readonly diffusion?: SearchDiffusion;
  /** What is remembered of training queries, for models that rank candidates; absent where there are no sets. */
  readonly memory?: SetMemory;
  /** The training queries that the memory is of, with their sets. */
  readonly remembered?: LabelledQueries;
  readonly settings: MethodSettings;
  /** What follows the set that a model chooses among candidates (its own other candidates, then plain search). */
  readonly rest?: Rest;
  /** The method behind `auto`, and of a request that names none: what did best on validation queries, plain search before. */
  readonly usual: Method;
  /** Cosines of many candidates at once, where whole budgets are put in another order. */
  readonly cosines?: CosineMatrix;
}

/** The ranking that sets go on with beyond their k items. */
export interface Rest {
  readonly method: Method;
  /** By turns with the model's own other candidates, or before them. */
  readonly byTurns: boolean;
}

export interface FindOptions {
  /** Items a set. */
  readonly k: number;
  /** Items passed over before the set begins: "more like this" (0). */
  readonly offset?: number;
  /** One byte a catalog row, 1 = may be returned (all). */
  readonly mask?: Uint8Array;
  /** Whether the mask is a filter of the request's; see `withinFilter`. */
  readonly filtered?: boolean;
  /** At most so many items of a group. */
  readonly groups?: GroupLimit;
  /** 0 = relevance alone, 1 = as different as the method can; what validation chose for the method if absent. */
  readonly diversity?: number;
  /** B: also find so many distinct items a query, best first, for recall. */
  readonly budget?: number;
  /** Denoising steps of the diffusion. */
  readonly steps?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Where a method looks for one query. */
export interface QueryFanOut {
  /** Unit rows [n, d]. */
  readonly directions: Matrix;
  /** The words of each direction, where the method has words. */
  readonly subQueries?: readonly string[];
  /** Whether the words were written to be searched for: what has them is then found as well. */
  readonly written?: boolean;
  /** Milliseconds that a language model took for it, where it was written before. */
  readonly ms?: number;
}

/** The set found for one query. */
export interface RetrievedSet {
  /** Where was looked, unit rows [n, d]: the directions of a fan-out, or the query alone. */
  readonly directions: Matrix;
  readonly subQueries?: readonly string[];
  readonly assigned: readonly Assignment[];
  /** Within the budget B, best first; only where one was asked for. */
  readonly retrieved?: Int32Array;
  /** See `QueryFanOut`. */
  readonly ms?: number;
}

/** What a method ranks by. */
export interface RankOptions {
  /** Items wanted; fewer only where fewer pass. */
  readonly depth: number;
  readonly mask?: Uint8Array;
  /** Items of the set, for models that choose whole sets (k of the run). */
  readonly k?: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** Puts the catalog's rows in an order for each query, best first, each row at most once. */
export type Rank = (queries: EmbeddedQueries, options: RankOptions) => Promise<Int32Array[]>;

/** Makes the directions of each query. */
export type FanOutQueries = (queries: EmbeddedQueries, options: FindOptions) => Promise<QueryFanOut[]>;

/** One number that validation chooses. */
export interface Setting {
  /** `diversity` is the number that a request may set too. */
  readonly name: 'diversity' | 'weight' | 'neighbours' | 'most';
  /** Values to choose from; of equally good ones the first is chosen. */
  readonly grid: readonly number[];
  /** Where nothing was chosen. */
  readonly usual: number;
}

/** Ranks the catalog. */
export interface Ranking {
  readonly setting?: Setting;
  /**
   * Whose sets say what belongs to a query, where the method learns from sets: training queries near it (`near`), `all` of them
   * alike, or near ones of those that are `remembered`.
   */
  readonly learnsFrom?: 'near' | 'all' | 'remembered';
  readonly rank: (space: MethodSpace, setting: number | undefined) => Rank;
}

/** Looks in directions of its own. */
export interface Directed {
  readonly setting?: Setting;
  readonly fanOut: (space: MethodSpace) => FanOutQueries;
  /** What answers instead where the space's model ranks candidates. */
  readonly ranking?: (space: MethodSpace) => Ranking | undefined;
}

/** One entry of the table. */
export type MethodDefinition = (Ranking | Directed) & {
  /** What the space lacks for this method, or undefined if it can answer. */
  readonly missing?: (space: MethodSpace) => string | undefined;
};
