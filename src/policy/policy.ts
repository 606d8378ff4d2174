import type { AdamWOptions, Feeds, Parameters, Value } from '../engine/index.js';
import type { EmbeddedQueries } from '../environment.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';

/** One sampled fan-out: what a policy wrote for one query. */
export interface Completion {
  /** Row of the query it answers. */
  readonly query: number;
  /** The k sub-queries. */
  readonly subQueries: readonly string[];
  /** Rows of the items that the sub-queries name, [k], where the policy chooses items instead of writing words. */
  readonly items?: Int32Array;
  /** What was drawn, one after another: the ids of tokens, or the places of items among the query's candidates. Empty for policies that do not show theirs. */
  readonly tokens: Int32Array;
  /** Number of the sub-query that each token belongs to, where a sub-query has more than one. */
  readonly subQueryOf?: Int32Array;
  /** Natural-log probability of each token under the policy at the sampling temperature. */
  readonly logProbs: Float32Array;
  /** Entropy in nats of the distribution each token was drawn from. */
  readonly entropies: Float32Array;
  /** Milliseconds that a language model took for it, where it was written before and is only read again. */
  readonly ms?: number;
}

export interface SampleOptions extends RunControl {
  readonly queries: readonly string[];
  /** Their embeddings [queries.length, d]. */
  readonly vectors: Matrix;
  /** Completions a query (1). */
  readonly samplesPerQuery?: number;
  /** 0 takes the likeliest token at every position (1). */
  readonly temperature?: number;
  /** Nucleus sampling: tokens are drawn from the smallest set of this total probability (1 = all). */
  readonly topP?: number;
  /** Names the random stream; the same seed gives the same completions. */
  readonly seed: number;
  /** Names the streams of the queries, so that a query's samples do not depend on its batch (their row numbers). */
  readonly streams?: readonly (string | number)[];
  /** One byte a row of the catalog, 1 = may be chosen, for policies that choose items (all). */
  readonly mask?: Uint8Array;
}

/**
 * Whatever writes sub-queries: the built-in pointer, which names items, a language model, rules. What is not a `TrainablePolicy` is
 * used as it is: its sets are synthesised and compiled. `tokens`, `logProbs` and `entropies` are read by the training alone and may be empty.
 *
 * @example
 * const policy: Policy = {
 *   k: 10,
 *   async sample({ queries, samplesPerQuery = 1, signal }) {
 *     const none = { tokens: new Int32Array(), logProbs: new Float32Array(), entropies: new Float32Array() };
 *     const lists = await myModel(queries, samplesPerQuery, signal); // ten texts each, query by query
 *     return lists.map((subQueries, i) => ({ ...none, query: Math.floor(i / samplesPerQuery), subQueries }));
 *   },
 * };
 */
export interface Policy {
  /** Sub-queries a completion. */
  readonly k: number;
  /** `samplesPerQuery` completions for each query, in the order of the queries. */
  sample(options: SampleOptions): Promise<Completion[]>;
  /** Whether it can be asked for a query; absent where it can for any. */
  knows?(query: string): boolean;
  /** Frees native memory, where it holds any. Twice is as good as once. */
  release?(): Promise<void>;
}

/** The inputs of a policy's graph for some completions. */
export interface CompletionFeeds {
  readonly feeds: Feeds;
  /** Sizes of `logProbs` for them: completions one after another, each with equally many tokens, those that pad it included. */
  readonly dims: readonly [number, number];
}

export interface RolloutOptions {
  /** G. */
  readonly samplesPerQuery: number;
  readonly step: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** A policy that Soft-GRPO trains; see `reinforce`. */
export interface TrainablePolicy extends Policy {
  /** What is trained of it, and nothing else (of a language model with an adapter: the adapter). The training sets them, and what the policy does follows. */
  parameters: Parameters;
  /** The other parameters of its graph, which stay as they are (none). */
  readonly frozen?: Parameters;
  readonly training: {
    /** Queries of one optimiser step, each with all completions of its group. */
    readonly queriesPerUpdate: number;
    /** Those of one run of the graph: an update adds up its runs' gradients (all of them in one run). */
    readonly queriesPerRun?: number;
    readonly optimizer: AdamWOptions;
    /** Decay of the moving average of the parameters, which is what is kept. */
    readonly emaDecay: number;
  };
  /** Draws `samplesPerQuery` completions for each query, one query's after another's, at temperature 1; `step` and `seed` name the random numbers. */
  rollout(queries: EmbeddedQueries, options: RolloutOptions): Promise<Completion[]>;
  /**
   * A graph with the natural-log probabilities of the tokens of given completions, and weights, 1 on tokens and 0 on what pads, both over
   * the `dims` of `feeds`. Of its parameters those are trained that are in `parameters`.
   */
  graph(): { readonly logProbs: Value; readonly weights: Value };
  /** Lays out completions of the given queries, equally many of each, one query's after another's. */
  feeds(queries: EmbeddedQueries, completions: readonly Completion[]): Promise<CompletionFeeds>;
}
