export interface GroupCapOptions {
  /** Items a group may have, at least 1. */
  readonly perGroup: number;
  /** Items wanted [all]. */
  readonly k?: number;
}

/**
 * A ranking with at most `perGroup` items of a group: the simplest way to a varied list. Later ones of a full group are left out, so
 * fewer than `k` may remain; take enough hits.
 *
 * @param ranked rows, best first; -1 (an index's empty places) is passed over
 * @param groupOf a row's group, such as its category or a field of its metadata; undefined = in no group, never left out
 */
export function groupCap(
  ranked: ArrayLike<number>,
  groupOf: (item: number) => string | number | undefined,
  { perGroup, k = Number.POSITIVE_INFINITY }: GroupCapOptions,
): Int32Array {
  const counts = new Map<string | number, number>();
  const kept: number[] = [];
  for (let i = 0; i < ranked.length && kept.length < k; i++) {
    if (ranked[i] < 0) continue;
    const group = groupOf(ranked[i]);
    if (group !== undefined) {
      const count = counts.get(group) ?? 0;
      if (count >= perGroup) continue;
      counts.set(group, count + 1);
    }
    kept.push(ranked[i]);
  }
  return Int32Array.from(kept);
}
