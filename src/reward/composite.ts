import { InputError } from '../errors.js';
import { rowRange } from '../matrix.js';
import { alignment, groundedness } from './objectives.js';
import type { RewardComponent, RewardFunction } from './reward.js';
import { normalizeVendi, prefixVendi } from './vendi.js';

/** How much each objective counts; not rescaled, so weights which sum to 1 give a reward in [0, 1]. */
export interface CompositeWeights {
  readonly groundedness: number;
  readonly diversity: number;
  readonly alignment: number;
}

/** The paper's 6:2:2. */
export const DEFAULT_WEIGHTS: CompositeWeights = { groundedness: 0.6, diversity: 0.2, alignment: 0.2 };

export interface CompositeOptions {
  readonly weights?: CompositeWeights;
}

/**
 * The reward of open-ended retrieval (docs/paper.md, Rewards): the weighted sum of groundedness, diversity of the
 * retrieved items, and alignment of the sub-queries with the query, each in [0, 1]. An objective of weight 0 is
 * still measured and logged. What a sub-query gains is its share of groundedness and alignment, and what its item adds to the
 * Vendi score of those before it; the gains sum to the reward, but for clamping.
 *
 * @throws InputError if a weight is not a finite number >= 0
 *
 * @example
 * const reward = composite({ weights: { groundedness: 0.4, diversity: 0.3, alignment: 0.3 } });
 */
export function composite({ weights = DEFAULT_WEIGHTS }: CompositeOptions = {}): RewardFunction {
  for (const [name, weight] of Object.entries(weights)) {
    if (!(Number.isFinite(weight) && weight >= 0)) {
      throw new InputError(`must be a finite number >= 0, got ${weight}`, { field: `weights.${name}` });
    }
  }
  return ({ queryVector, subQueryVectors, retrievedVectors }) => {
    const k = retrievedVectors.rows;
    const scores = prefixVendi(retrievedVectors);
    const score = scores[k - 1] ?? 0;
    const components = {
      groundedness: clamped(groundedness(subQueryVectors, retrievedVectors)),
      diversity: { raw: score, normalized: normalizeVendi(score, k) },
      alignment: clamped(alignment(subQueryVectors, queryVector)),
    };
    const reward =
      weights.groundedness * components.groundedness.normalized +
      weights.diversity * components.diversity.normalized +
      weights.alignment * components.alignment.normalized;
    const gains = Array.from({ length: k }, (_, i) => {
      const subQuery = rowRange(subQueryVectors, i, i + 1);
      const grounded = clamped(groundedness(subQuery, rowRange(retrievedVectors, i, i + 1))).normalized;
      const aligned = clamped(alignment(subQuery, queryVector)).normalized;
      const added = i > 0 ? (scores[i] - scores[i - 1]) / (k - 1) : 0;
      return (weights.groundedness * grounded + weights.alignment * aligned) / k + weights.diversity * added;
    });
    return { reward, components, gains };
  };
}

/**
 * From [-1, 1] to [0, 1] by clamping. The affine map (x + 1) / 2 would halve the slope of groundedness and alignment
 * against diversity and so change what the paper's weights mean; negative values, the only ones clamping loses,
 * mean a sub-query further than 60 degrees from every item, or pointing away from the query.
 */
function clamped(raw: number): RewardComponent {
  return { raw, normalized: Math.min(1, Math.max(0, raw)) };
}
