import { type Matrix, matrix, rowRange } from '../matrix.js';
import { type CompositeWeights, DEFAULT_WEIGHTS } from '../reward/composite.js';
import { alignment, coverage, groundedness } from '../reward/objectives.js';
import { normalizeVendi, vendi } from '../reward/vendi.js';

export interface MeasuredSet {
  /** Unit vectors of the retrieved items, [k, d]. */
  readonly items: Matrix;
  /** Unit vector of the query, [d]. */
  readonly query: Float32Array;
  /**
   * What was searched for, unit rows, [m, d] with m <= k: row i retrieved item i. Absent: the query itself is the
   * one direction and the first item its hit, as in plain search, MMR and DPP.
   */
  readonly directions?: Matrix;
}

/** Quality of one retrieved set, from the items alone so that methods without sub-queries can be compared. */
export interface SetMetrics {
  /** 1 - mean Euclidean distance of each direction to its item, -1 to 1. Comparable between fan-out methods only. */
  readonly groundedness: number;
  /** Normalised Vendi of the items, 0 to 1. */
  readonly diversity: number;
  /** Vendi of the items, 1 to k. */
  readonly vendi: number;
  /** Mean cosine of the items to the query, -1 to 1. */
  readonly alignment: number;
  /** Weighted sum of groundedness, diversity and alignment. Comparable between fan-out methods only. */
  readonly composite: number;
}

/**
 * Groundedness, diversity, alignment and their weighted sum for one retrieved set. The reward which trains the
 * policy takes alignment from the sub-queries (docs/paper.md, Rewards); this takes it from the items.
 *
 * @example
 * const { vendi, alignment } = setMetrics({ items, query }); // items [k, d], query [d], unit rows
 */
export function setMetrics(
  { items, query, directions = matrix(1, query.length, query) }: MeasuredSet,
  weights: CompositeWeights = DEFAULT_WEIGHTS,
): SetMetrics {
  const pairs = Math.min(directions.rows, items.rows);
  const ground = groundedness(rowRange(directions, 0, pairs), rowRange(items, 0, pairs));
  const score = vendi(items);
  const diversity = normalizeVendi(score, items.rows);
  const align = alignment(items, query);
  return {
    groundedness: ground,
    diversity,
    vendi: score,
    alignment: align,
    composite: weights.groundedness * ground + weights.diversity * diversity + weights.alignment * align,
  };
}

export interface BudgetedRetrieval {
  /** Row numbers in the order retrieved; duplicates spend the budget too. */
  readonly retrieved: ArrayLike<number>;
  /** Row numbers of the reference set Y; not empty. */
  readonly reference: readonly number[];
  /** How many of the retrieved entries count (B). */
  readonly budget: number;
}

/** Recall@B: the share of the reference items among the first `budget` retrieved, 0 to 1 (docs/paper.md, Metrics). */
export function recallAtB({ retrieved, reference, budget }: BudgetedRetrieval): number {
  return coverage(Array.from(retrieved).slice(0, budget), reference);
}

/** Hit@B: 1 if the first `budget` retrieved hold at least one reference item, else 0 (docs/paper.md, Metrics). */
export function hitAtB(retrieval: BudgetedRetrieval): 0 | 1 {
  return recallAtB(retrieval) > 0 ? 1 : 0;
}
