/** Signs that a policy collapses while it is trained. */
import type { FanOut } from '../reward/reward.js';

const [DUPLICATE_ALARM, ENTROPY_ALARM] = [0.5, 0.05];

/** Share of a fan-out's sub-queries that repeat another one. */
export const duplicateShare = ({ subQueries }: Pick<FanOut, 'subQueries'>): number =>
  1 - new Set(subQueries).size / subQueries.length;

/** One line that says how the policy collapsed, or undefined while it is healthy; `entropy` in nats a choice. */
export function collapseWarning({
  duplicateShare: duplicates,
  entropy,
}: {
  readonly duplicateShare: number;
  readonly entropy: number;
}): string | undefined {
  if (duplicates > DUPLICATE_ALARM)
    return `collapse: ${Math.round(100 * duplicates)}% of the items are repeats`;
  if (entropy < ENTROPY_ALARM) return `collapse: entropy fell to ${entropy.toFixed(3)} nats a choice`;
  return undefined;
}
