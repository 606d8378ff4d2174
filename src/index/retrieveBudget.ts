/** Retrieval under one budget for all: what makes fan-outs of different sizes, and plain search, comparable. */
import { type Matrix, rowRange } from '../matrix.js';
import type { VectorIndex } from './vectorIndex.js';

export interface RetrieveBudgetOptions {
  /** Unit rows [queries * perQuery, d], query by query. */
  readonly directions: Matrix;
  readonly perQuery: number;
  /** B: distinct items a query may retrieve. */
  readonly budget: number;
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
  index: VectorIndex,
  { directions, perQuery, budget, signal }: RetrieveBudgetOptions,
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
    const { indices } = await index.search(part, { k: depth });
    for (let q = 0; q < end - start; q++) {
      let items = takeTurns(indices, q * perQuery, perQuery, depth, wanted);
      for (let deeper = depth; items.length < wanted && deeper < wanted; ) {
        deeper = Math.min(wanted, 2 * deeper);
        const again = await index.search(rowRange(part, q * perQuery, (q + 1) * perQuery), { k: deeper });
        items = takeTurns(again.indices, 0, perQuery, deeper, wanted);
      }
      found.push(items);
    }
  }
  return found;
}

/** Rank by rank, direction by direction, without repetition. */
function takeTurns(
  indices: Int32Array,
  first: number,
  count: number,
  depth: number,
  wanted: number,
): Int32Array {
  const taken = new Set<number>();
  for (let rank = 0; rank < depth && taken.size < wanted; rank++) {
    for (let j = 0; j < count && taken.size < wanted; j++) taken.add(indices[(first + j) * depth + rank]);
  }
  return Int32Array.from(taken);
}
