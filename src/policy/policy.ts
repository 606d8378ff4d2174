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
  /** Token ids, k sub-queries each ended by a separator. Empty for policies that do not show theirs. */
  readonly tokens: Int32Array;
  /** Natural-log probability of each token under the policy at the sampling temperature. */
  readonly logProbs: Float32Array;
  /** Entropy in nats of the distribution each token was drawn from. */
  readonly entropies: Float32Array;
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
 * Whatever writes sub-queries: the built-in pointer, which names items, a pretrained model, a remote endpoint. One of the user's is
 * not trained: its sets are synthesised and compiled. `tokens`, `logProbs` and `entropies` are read by the training alone and may be empty.
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
  /** Frees native memory, where it holds any. Twice is as good as once. */
  release?(): Promise<void>;
}
