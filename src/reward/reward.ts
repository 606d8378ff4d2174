import type { Item } from '../catalog/item.js';
import type { Matrix } from '../matrix.js';
import type { SearchHits } from '../vectorIndex/vectorIndex.js';

/** Everything a set-level reward may look at: one query with one sampled fan-out (docs/paper.md, Rewards). */
export interface FanOut {
  readonly query: string;
  /** e_t(q), unit length, [d]. */
  readonly queryVector: Float32Array;
  /** The k sub-queries in the order they were written. */
  readonly subQueries: readonly string[];
  /** e_t(q_i), unit rows, [k, d]. */
  readonly subQueryVectors: Matrix;
  /** Row number of the top-1 item of each sub-query, [k]; the same row may appear several times. */
  readonly retrieved: Int32Array;
  /** Content embeddings of those items, unit rows, [k, d]. */
  readonly retrievedVectors: Matrix;
  /**
   * R(Q), the distinct rows which all sub-queries retrieve together: they take turns, best items first, until the budget B is used
   * up (what coverage counts).
   */
  readonly withinBudget: Int32Array;
  /** The best items of each sub-query, [k, depth], deeper than an equal share of the budget; without a budget only the first. */
  readonly hits: SearchHits;
  /** How relevant each retrieved item is to the query, 0 (off topic) to 1, [k]; absent where there is no judge (`reward.judge`). */
  readonly relevance?: Float64Array;
  /** Row numbers of the reference set Y; empty when there is none. */
  readonly reference: readonly number[];
  /** Content embeddings of the reference set, unit rows, [|Y|, d]. */
  readonly referenceVectors: Matrix;
  /** The catalog, for rewards which read metadata. */
  readonly items: readonly Item[];
}

/** One term of a reward: a raw value, and the same value mapped to [0, 1] so that weights are comparable. */
export interface RewardComponent {
  readonly raw: number;
  readonly normalized: number;
}

export interface RewardResult {
  /** What the policy is trained on: the weighted sum of the normalised components. */
  readonly reward: number;
  readonly components: Readonly<Record<string, RewardComponent>>;
  /**
   * What each sub-query added to the reward, given those before it or all others, [k], where the reward can tell. The policy then
   * learns from these, which says which sub-query earned what; the sum alone would not.
   */
  readonly gains?: readonly number[];
}

/**
 * Scores a fan-out as a whole. A user's own reward is one such function; a plain number is taken as the reward itself.
 *
 * @example
 * export const reward: RewardFunction = ({ retrieved, items }) =>
 *   new Set([...retrieved].map((i) => items[i].category)).size / retrieved.length;
 */
export type RewardFunction = (fanOut: FanOut) => RewardResult | number;
