import { R4tError } from '../errors.js';
import { coverage } from './objectives.js';
import type { RewardFunction } from './reward.js';

/**
 * The reward of weakly supervised retrieval (PAPER section 2, WSCR): the share of the query's reference set among
 * the top `depth` hits of all sub-queries.
 */
export function coverageReward(): RewardFunction {
  return ({ query, hits, reference }) => {
    if (reference.length === 0) {
      throw new R4tError(
        `the coverage reward needs a reference set, and query "${query}" has none; ` +
          'use the composite reward for open-ended queries',
      );
    }
    const raw = coverage(hits, reference);
    return { reward: raw, components: { coverage: { raw, normalized: raw } } };
  };
}
