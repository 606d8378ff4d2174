/** From directions to items: every item at most once, shared out among the directions. */
import type { SearchHits } from '../vectorIndex/vectorIndex.js';

/** One place in a result: which direction brought which item. */
export interface Assignment {
  /** Number of the direction within its query. */
  readonly direction: number;
  /** Row of the item in the catalog. */
  readonly item: number;
  /** Cosine between direction and item. */
  readonly score: number;
  /** Rank of the item among the direction's hits, from 1; above 1 where better ones were taken. */
  readonly rank: number;
}

export interface AssignOptions {
  /** First direction of the query in `hits`. */
  readonly start: number;
  /** Directions of the query. */
  readonly count: number;
  /** Items wanted. Above `count`, the directions go round again. */
  readonly k: number;
  /** Items given out before those wanted, and left out (0). */
  readonly offset?: number;
  readonly groups?: GroupLimit;
}

/** At most `most` items of a group. */
export interface GroupLimit {
  /** Group of each catalog row; -1 belongs to none and is not limited. */
  readonly of: Int32Array;
  readonly most: number;
}

/** Counts the items of groups, those of `offset` items before a set included. */
export class GroupCount {
  readonly #counts = new Map<number, number>();

  constructor(private readonly limit: GroupLimit | undefined) {}

  isFull(item: number): boolean {
    const group = this.limit?.of[item] ?? -1;
    return group >= 0 && (this.#counts.get(group) ?? 0) >= this.limit!.most;
  }

  add(item: number): void {
    const group = this.limit?.of[item] ?? -1;
    if (group >= 0) this.#counts.set(group, (this.#counts.get(group) ?? 0) + 1);
  }
}

/**
 * Gives every direction its best item that is still free. The directions closest to their item choose first, so a weak
 * direction never takes the item of a strong one. Ordered by score, ties by direction; shorter than `k` only when
 * the hits have fewer distinct items. `hits` needs `k` ranks a direction for that to be certain.
 */
export function assignItems(
  hits: SearchHits,
  { start, count, k, offset = 0, groups }: AssignOptions,
): Assignment[] {
  const { indices, scores, k: ranks } = hits;
  const directions = Array.from({ length: count }, (_, i) => i);
  directions.sort((a, b) => compareScores(scores[(start + a) * ranks], scores[(start + b) * ranks]) || a - b);
  const next = new Int32Array(count);
  const taken = new Set<number>();
  const counts = new GroupCount(groups);
  const wanted = offset + k;
  const assigned: Assignment[] = [];
  for (let before = -1; assigned.length < wanted && before < assigned.length; ) {
    before = assigned.length;
    for (const direction of directions) {
      const base = (start + direction) * ranks;
      const passOver = (item: number) => taken.has(item) || (item >= 0 && counts.isFull(item));
      while (next[direction] < ranks && passOver(indices[base + next[direction]])) next[direction]++;
      const rank = next[direction];
      if (rank === ranks || indices[base + rank] < 0) continue;
      const item = indices[base + rank];
      taken.add(item);
      counts.add(item);
      assigned.push({ direction, item, score: scores[base + rank], rank: rank + 1 });
      if (assigned.length === wanted) break;
    }
  }
  return assigned.slice(offset).sort((a, b) => compareScores(a.score, b.score) || a.direction - b.direction);
}

/**
 * Higher scores first. What differs by rounding only counts as equal: the last bits of a direction depend on the batch it
 * was made in, the order of a set must not.
 */
function compareScores(a: number, b: number): number {
  // Where a direction found nothing both may be -Infinity.
  return a === b ? 0 : Math.round(b * 1e5) - Math.round(a * 1e5);
}
