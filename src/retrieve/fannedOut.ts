/** From directions to sets. */
import { type HybridSpace, hybridHits } from '../baselines/hybridHits.js';
import { blend } from '../encode/blend.js';
import type { EmbeddedQueries } from '../environment.js';
import { concatRows, type Matrix, matrix, row, rowRange } from '../matrix.js';
import { retrieveBudget } from '../vectorIndex/retrieveBudget.js';
import type { SearchHits, VectorIndex } from '../vectorIndex/vectorIndex.js';
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
  return fanOuts.map(({ directions, subQueries, ...rest }, q) => {
    const least = own.scores[(q + 1) * k - 1];
    const isLost = (i: number) => found.scores[first + i] < least;
    const kept = matrix(directions.rows, directions.cols, directions.data.slice());
    for (let i = 0; i < kept.rows; i++) if (isLost(i)) row(kept, i).set(row(vectors, q));
    const words = subQueries?.map((subQuery, i) => (isLost(i) ? texts[q] : subQuery));
    first += directions.rows;
    return { ...rest, directions: kept, ...(words && { subQueries: words }) };
  });
}

/** The set of each fan-out: every item at most once, shared out among the directions. */
export async function fannedOutSets(
  space: HybridSpace,
  fanOuts: readonly QueryFanOut[],
  { k, offset = 0, mask, groups, budget, signal }: FindOptions,
): Promise<RetrievedSet[]> {
  if (fanOuts.length === 0) return [];
  const { index } = space;
  const wanted = offset + k;
  let depth = Math.min(index.size, groups ? 4 * wanted : wanted);
  for (;;) {
    const hits = await hitsOf(space, fanOuts, { k: depth, mask });
    let start = 0;
    const sets = fanOuts.map(({ directions, subQueries, ms }): RetrievedSet => {
      const count = directions.rows;
      const assigned = assignItems(hits, { start, count, k, offset, groups });
      start += count;
      return { directions, assigned, ...(subQueries && { subQueries }), ...(ms !== undefined && { ms }) };
    });
    if (groups && depth < index.size && sets.some(({ assigned }) => assigned.length < k)) {
      depth = Math.min(index.size, 4 * depth);
      continue;
    }
    if (budget === undefined) return sets;
    const retrieved = await budgets(space, fanOuts, { budget, mask, signal });
    return sets.map((set, i) => ({ ...set, retrieved: retrieved[i] }));
  }
}

/** The best items of all directions; where their words were written to be searched for, by words too. */
function hitsOf(
  space: HybridSpace,
  fanOuts: readonly QueryFanOut[],
  options: Parameters<VectorIndex['search']>[1],
): Promise<SearchHits> {
  const directions = concatRows(fanOuts.map((fanOut) => fanOut.directions));
  if (!fanOuts.every(({ written }) => written)) return space.index.search(directions, options);
  const words = fanOuts.flatMap(({ subQueries = [] }) => subQueries);
  return hybridHits(space, words, directions, options);
}

/** Within the budget, the items of every query; fan-outs of one size without words to search for are searched together. */
async function budgets(
  space: HybridSpace,
  fanOuts: readonly QueryFanOut[],
  options: { readonly budget: number; readonly mask?: Uint8Array; readonly signal?: AbortSignal },
): Promise<Int32Array[]> {
  const { index } = space;
  const perQuery = fanOuts[0].directions.rows;
  if (fanOuts.every(({ directions, written }) => directions.rows === perQuery && !written)) {
    const directions = concatRows(fanOuts.map((fanOut) => fanOut.directions));
    return retrieveBudget(index, { directions, perQuery, ...options });
  }
  const found: Int32Array[] = [];
  for (const fanOut of fanOuts) {
    const { directions } = fanOut;
    const searched = {
      size: index.size,
      search: (_: Matrix, deeper: Parameters<VectorIndex['search']>[1]) => hitsOf(space, [fanOut], deeper),
    };
    found.push(...(await retrieveBudget(searched, { directions, perQuery: directions.rows, ...options })));
  }
  return found;
}
