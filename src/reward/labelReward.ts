import type { AspectOf } from '../candidates/aspects.js';
import { R4tError } from '../errors.js';
import { labelMetrics } from '../evaluate/labelMetrics.js';
import type { RewardFunction } from './reward.js';

/**
 * What people see of a set, by its query's reference set: alpha-nDCG at the set's own size (Clarke et al., SIGIR 2008, alpha 0.5). An item
 * that is not in the reference set earns nothing; one that shows an aspect again earns half. The gain of an item is what it adds to the
 * items before it.
 *
 * @param aspectOf aspect of a row of the catalog (absent: every item is its own)
 */
export function labelReward(aspectOf?: AspectOf): RewardFunction {
  return ({ query, retrieved, reference }) => {
    if (reference.length === 0)
      throw new R4tError(`the label reward needs a reference set, and query "${query}" has none`);
    const k = retrieved.length;
    const upTo = (size: number) =>
      size === 0
        ? 0
        : labelMetrics({ retrieved: retrieved.subarray(0, size), reference, k, aspectOf }).alphaNdcgAtK;
    const gains = Array.from({ length: k }, (_, i) => upTo(i + 1) - upTo(i));
    const { alphaNdcgAtK, recallAtK } = labelMetrics({ retrieved, reference, k, aspectOf });
    return {
      reward: alphaNdcgAtK,
      components: {
        alphaNdcg: { raw: alphaNdcgAtK, normalized: alphaNdcgAtK },
        recall: { raw: recallAtK, normalized: recallAtK },
      },
      gains,
    };
  };
}
