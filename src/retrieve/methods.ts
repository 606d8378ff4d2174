/** Every way from query embeddings to sets of items: fan-out directions, and the baselines that need no training. */

import { dppMap } from '../baselines/dpp.js';
import { mmr } from '../baselines/mmr.js';
import { gatherRows, type Matrix, rowRange } from '../matrix.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { type Assignment, assignItems } from './assign.js';

/** The set found for one query. */
export interface RetrievedSet {
  /** Where was looked, unit rows [n, d]: k directions of a fan-out, or the query alone. */
  readonly directions: Matrix;
  readonly assigned: readonly Assignment[];
}

/** What the methods search. */
export interface SearchSpace {
  readonly index: VectorIndex;
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: Matrix;
}

export interface MethodOptions {
  /** Items a set. */
  readonly k: number;
  /** One byte a catalog row, 1 = may be returned (all). */
  readonly mask?: Uint8Array;
}

/** Fan-out: `directions` [queries * n, d], n for each query in a row; every item at most once in a set. */
export async function searchDirections(
  { index }: SearchSpace,
  directions: Matrix,
  directionsPerQuery: number,
  { k, mask }: MethodOptions,
): Promise<RetrievedSet[]> {
  const hits = await index.search(directions, { k, mask });
  return Array.from({ length: directions.rows / directionsPerQuery }, (_, query) => {
    const start = query * directionsPerQuery;
    return {
      directions: rowRange(directions, start, start + directionsPerQuery),
      assigned: assignItems(hits, { start, count: directionsPerQuery, k }),
    };
  });
}

/** Plain search: the k items nearest to each query [n, d]. */
export function searchPlain(
  space: SearchSpace,
  queries: Matrix,
  options: MethodOptions,
): Promise<RetrievedSet[]> {
  return searchDirections(space, queries, 1, options);
}

/** The head of plain search that the diversifying methods choose from. */
export const CANDIDATES = 100;

/** Maximal marginal relevance: `lambda` 1 = plain search, 0 = novelty only. */
export function searchMmr(
  space: SearchSpace,
  queries: Matrix,
  { k, lambda, ...options }: MethodOptions & { readonly lambda: number },
): Promise<RetrievedSet[]> {
  return rerank(space, queries, options, (head) => mmr({ ...head, lambda, k }));
}

/** Determinantal point process, greedy MAP: `theta` 0 = diversity only, large = plain search. */
export function searchDpp(
  space: SearchSpace,
  queries: Matrix,
  { k, theta, ...options }: MethodOptions & { readonly theta: number },
): Promise<RetrievedSet[]> {
  return rerank(space, queries, options, (head) => dppMap({ ...head, theta, k }));
}

/** The best `CANDIDATES` items of a query. */
export interface CandidateHead {
  /** Their embeddings, best first, [n, d]. */
  readonly candidates: Matrix;
  /** Their cosines to the query, [n]. */
  readonly relevance: Float32Array;
  /** Their rows in the catalog, [n]. */
  readonly items: Int32Array;
}

/** The candidates of every query [n, d]. */
export async function candidateHeads(
  { index, vectors }: SearchSpace,
  queries: Matrix,
  { mask }: { readonly mask?: Uint8Array } = {},
): Promise<CandidateHead[]> {
  const k = Math.min(CANDIDATES, index.size);
  const { indices, scores } = await index.search(queries, { k, mask });
  return Array.from({ length: queries.rows }, (_, query) => {
    const found = indices.subarray(query * k, (query + 1) * k).filter((item) => item >= 0);
    const relevance = scores.slice(query * k, query * k + found.length);
    return { candidates: gatherRows(vectors, found), relevance, items: found };
  });
}

async function rerank(
  space: SearchSpace,
  queries: Matrix,
  options: { readonly mask?: Uint8Array },
  choose: (head: CandidateHead) => Int32Array,
): Promise<RetrievedSet[]> {
  const heads = await candidateHeads(space, queries, options);
  return heads.map((head, query) => ({
    directions: rowRange(queries, query, query + 1),
    assigned: Array.from(choose(head), (position) => ({
      direction: 0,
      item: head.items[position],
      score: head.relevance[position],
      rank: position + 1,
    })),
  }));
}
