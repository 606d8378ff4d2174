/** From directions to sets. */
import { blend } from '../encode/blend.js';
import type { EmbeddedQueries } from '../environment.js';
import { concatRows, matrix, row, rowRange } from '../matrix.js';
import { retrieveBudget } from '../vectorIndex/retrieveBudget.js';
import { assignItems } from './assign.js';
import type { FindOptions, MethodSpace, QueryFanOut, RetrievedSet, SearchSpace } from './method.js';

/**
 * Each direction with `1 - diversity` of its query in it, in the space of sub-queries: a word of a query means less alone than in its
 * query ("computer" in "gifts for a computer scientist").
 */
export async function leaned(
  { encoder, subQueryEncoder }: Pick<MethodSpace, 'encoder' | 'subQueryEncoder'>,
  fanOuts: readonly QueryFanOut[],
  { texts, vectors }: EmbeddedQueries,
  { diversity, signal }: { readonly diversity: number; readonly signal?: AbortSignal },
): Promise<readonly QueryFanOut[]> {
  if (diversity === 1) return fanOuts;
  const own = subQueryEncoder === encoder ? vectors : await subQueryEncoder.encode(texts, { signal });
  return fanOuts.map(({ directions, ...rest }, q) => ({
    ...rest,
    directions: blend(directions, rowRange(own, q, q + 1), 1 - diversity),
  }));
}

/**
 * Fan-outs for a filter: models know nothing of it, so a direction may point where nothing passes. One that finds no passing item as
 * near as the query itself still finds its k-th leaves its place to the query.
 */
export async function withinFilter(
  { index }: SearchSpace,
  fanOuts: readonly QueryFanOut[],
  { texts, vectors }: EmbeddedQueries,
  { k, mask }: Pick<FindOptions, 'k' | 'mask'>,
): Promise<readonly QueryFanOut[]> {
  if (!mask || fanOuts.length === 0) return fanOuts;
  const own = await index.search(vectors, { k, mask });
  const found = await index.search(concatRows(fanOuts.map(({ directions }) => directions)), { k: 1, mask });
  let first = 0;
  return fanOuts.map(({ directions, subQueries }, q) => {
    const least = own.scores[(q + 1) * k - 1];
    const isLost = (i: number) => found.scores[first + i] < least;
    const kept = matrix(directions.rows, directions.cols, directions.data.slice());
    for (let i = 0; i < kept.rows; i++) if (isLost(i)) row(kept, i).set(row(vectors, q));
    const words = subQueries?.map((subQuery, i) => (isLost(i) ? texts[q] : subQuery));
    first += directions.rows;
    return { directions: kept, ...(words && { subQueries: words }) };
  });
}

/** The set of each fan-out: every item at most once, shared out among the directions. */
export async function fannedOutSets(
  { index }: SearchSpace,
  fanOuts: readonly QueryFanOut[],
  { k, offset = 0, mask, groups, budget, signal }: FindOptions,
): Promise<RetrievedSet[]> {
  if (fanOuts.length === 0) return [];
  const all = concatRows(fanOuts.map(({ directions }) => directions));
  const wanted = offset + k;
  let depth = Math.min(index.size, groups ? 4 * wanted : wanted);
  for (;;) {
    const hits = await index.search(all, { k: depth, mask });
    let start = 0;
    const sets = fanOuts.map(({ directions, subQueries }): RetrievedSet => {
      const count = directions.rows;
      const assigned = assignItems(hits, { start, count, k, offset, groups });
      start += count;
      return { directions, assigned, ...(subQueries && { subQueries }) };
    });
    if (groups && depth < index.size && sets.some(({ assigned }) => assigned.length < k)) {
      depth = Math.min(index.size, 4 * depth);
      continue;
    }
    if (budget === undefined) return sets;
    const retrieved = await budgets(index, fanOuts, { budget, mask, signal });
    return sets.map((set, i) => ({ ...set, retrieved: retrieved[i] }));
  }
}

/** Within the budget, the items of every query; fan-outs of one size are searched together. */
async function budgets(
  index: SearchSpace['index'],
  fanOuts: readonly QueryFanOut[],
  options: { readonly budget: number; readonly mask?: Uint8Array; readonly signal?: AbortSignal },
): Promise<Int32Array[]> {
  const perQuery = fanOuts[0].directions.rows;
  if (fanOuts.every(({ directions }) => directions.rows === perQuery)) {
    const directions = concatRows(fanOuts.map((fanOut) => fanOut.directions));
    return retrieveBudget(index, { directions, perQuery, ...options });
  }
  const found: Int32Array[] = [];
  for (const { directions } of fanOuts)
    found.push(...(await retrieveBudget(index, { directions, perQuery: directions.rows, ...options })));
  return found;
}
