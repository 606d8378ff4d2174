/** Label metrics of ranked lists at ten items, for benchmarks. */
import type { Item, QueryRecord } from '../src/catalog/item.js';

const K = 10;
/** Share by which another item of the same aspect gains less. */
const ALPHA = 0.5;

export interface Judged {
  /** Share of the first ten that are in the reference set. */
  readonly precision: number;
  /** Share of the reference set among the first ten. */
  readonly recall: number;
  /** Clarke et al., SIGIR 2008, aspects = categories; an item without one is an aspect of its own. */
  readonly alphaNdcg: number;
}

/** Means over the queries. */
export function judge(
  found: readonly ArrayLike<number>[],
  queries: readonly QueryRecord[],
  items: readonly Item[],
): Judged {
  const aspect = (item: number) => items[item].category ?? `${item}`;
  const each = queries.map(({ items: reference }, q) => {
    const head = Array.from(found[q]).slice(0, K);
    const relevant = new Set(reference);
    const right = head.filter((item) => relevant.has(item)).length;
    const gains = alphaDcg(head, relevant, aspect);
    return [right / K, right / relevant.size, gains / alphaDcg(ideal(relevant, aspect), relevant, aspect)];
  });
  const mean = (i: number) => each.reduce((sum, values) => sum + values[i], 0) / each.length;
  return { precision: mean(0), recall: mean(1), alphaNdcg: mean(2) };
}

function alphaDcg(
  ranked: readonly number[],
  relevant: ReadonlySet<number>,
  aspect: (item: number) => string,
): number {
  const seen = new Map<string, number>();
  let sum = 0;
  ranked.forEach((item, r) => {
    if (!relevant.has(item)) return;
    const times = seen.get(aspect(item)) ?? 0;
    seen.set(aspect(item), times + 1);
    sum += (1 - ALPHA) ** times / Math.log2(r + 2);
  });
  return sum;
}

/** Greedy, which is best here since every item has one aspect: always an item of an aspect that was seen least. */
function ideal(relevant: ReadonlySet<number>, aspect: (item: number) => string): number[] {
  const times = new Map<string, number>();
  return [...relevant]
    .map((item) => {
      const before = times.get(aspect(item)) ?? 0;
      times.set(aspect(item), before + 1);
      return { item, before };
    })
    .sort((a, b) => a.before - b.before)
    .slice(0, K)
    .map(({ item }) => item);
}
