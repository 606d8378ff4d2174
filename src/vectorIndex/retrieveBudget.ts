/** Retrieval under one budget for all: what makes fan-outs of different sizes, and plain search, comparable. */
import { type Matrix, rowRange } from '../matrix.js';
import type { SearchHits, VectorIndex } from './vectorIndex.js';

export interface RetrieveBudgetOptions {
  /** Unit rows [queries * perQuery, d], query by query. */
  readonly directions: Matrix;
  readonly perQuery: number;
  /** B: distinct items a query may retrieve. */
  readonly budget: number;
  /** One byte a catalog row, 1 = may be returned (all). */
  readonly mask?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** Hits held at a time, in numbers: more queries than these need are searched in turn. */
const HITS_AT_ONCE = 4_000_000;

/**
 * The items of each query, best first: the directions take turns, each giving its best item that is not there yet,
 * until `budget` distinct items are found (or the catalog ends). Every method so spends the same; one direction is plain search.
 *
 * @returns one array of min(budget, items) row numbers a query
 */
export async function retrieveBudget(
  index: Pick<VectorIndex, 'size' | 'search'>,
  { directions, perQuery, budget, mask, signal }: RetrieveBudgetOptions,
): Promise<Int32Array[]> {
  const found: Int32Array[] = [];
  const wanted = Math.min(budget, index.size);
  const queries = directions.rows / perQuery;
  // Half again as deep as an equal share is mostly enough; where directions overlap more, they are searched again.
  const depth = Math.min(wanted, Math.ceil((1.5 * wanted) / perQuery));
  const step = Math.max(1, Math.floor(HITS_AT_ONCE / (perQuery * depth)));
  for (let start = 0; start < queries; start += step) {
    signal?.throwIfAborted();
    const end = Math.min(start + step, queries);
    const part = rowRange(directions, start * perQuery, end * perQuery);
    const { indices } = await index.search(part, { k: depth, mask });
    for (let q = 0; q < end - start; q++) {
      let { items } = takeTurns({ indices, k: depth }, { start: q * perQuery, count: perQuery, wanted });
      for (let deeper = depth; items.length < wanted && deeper < wanted; ) {
        deeper = Math.min(wanted, 2 * deeper);
        const again = await index.search(rowRange(part, q * perQuery, (q + 1) * perQuery), {
          k: deeper,
          mask,
        });
        ({ items } = takeTurns(again, { start: 0, count: perQuery, wanted }));
      }
      found.push(items);
    }
  }
  return found;
}

export interface TurnsOptions {
  readonly start: number;
  readonly count: number;
  readonly wanted: number;
  /** A direction that has no turn, counted from `start`. */
  readonly without?: number;
}

/**
 * Rank by rank, direction by direction, without repetition: the items of directions `start` to `start + count`, `wanted` of them if
 * the hits are deep enough, and the number of ranks it took.
 */
export function takeTurns(
  { indices, k: depth }: Pick<SearchHits, 'indices' | 'k'>,
  { start, count, wanted, without }: TurnsOptions,
): { items: Int32Array; ranks: number } {
  const taken = new Set<number>();
  let ranks = 0;
  for (; ranks < depth && taken.size < wanted; ranks++) {
    for (let j = 0; j < count && taken.size < wanted; j++) {
      const item = indices[(start + j) * depth + ranks];
      if (j !== without && item >= 0) taken.add(item);
    }
  }
  return { items: Int32Array.from(taken), ranks };
}
