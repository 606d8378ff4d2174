import type { QueryRecord } from './item.js';
import { normalizeKey } from './normalizeKey.js';

/** The first of each query, but for case and white space. */
export function uniqueQueries(queries: readonly QueryRecord[]): QueryRecord[] {
  const first = new Map<string, QueryRecord>();
  for (const q of queries) {
    const key = normalizeKey(q.query);
    if (!first.has(key)) first.set(key, q);
  }
  return [...first.values()];
}

/** Of a query that several sets answer, those on the side of the first: it must not be on both sides of a split. */
export function onOneSide(withSets: readonly QueryRecord[]): QueryRecord[] {
  const splitOf = new Map(uniqueQueries(withSets).map(({ query, split }) => [normalizeKey(query), split]));
  return withSets.filter(({ query, split }) => splitOf.get(normalizeKey(query)) === split);
}

/** Queries that add to those with sets: each once, and none that these ask already. */
export function freshQueries(open: readonly QueryRecord[], withSets: readonly QueryRecord[]): QueryRecord[] {
  const known = new Set(withSets.map(({ query }) => normalizeKey(query)));
  return uniqueQueries(open).filter(({ query }) => !known.has(normalizeKey(query)));
}
