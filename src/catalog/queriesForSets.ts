import type { QueryRecord } from './item.js';
import { recombineSets } from './recombineSets.js';
import { generateSetQueries, type SetQueryOptions } from './setQueries.js';
import type { SetRecord } from './sets.js';
import { normalizeKey } from './split.js';

export interface QueriesForSetsOptions extends Omit<SetQueryOptions, 'sets'> {
  readonly sets: readonly SetRecord[];
  /** New training sets to make by `recombineSets` [0]. */
  readonly recombine?: number;
}

/** Every set as (query, items, split): one with a query keeps it, the others and the recombined ones get new ones. */
export function queriesForSets({ recombine = 0, ...options }: QueriesForSetsOptions): QueryRecord[] {
  const { items, sets, seed } = options;
  const own = sets.flatMap(({ query, ...set }) =>
    query === undefined ? [] : [{ query, items: set.items, split: set.split }],
  );
  const open = sets.filter((set) => set.query === undefined);
  const added = recombine > 0 ? recombineSets({ items, sets, count: recombine, seed }) : [];
  const known = new Set(own.map(({ query }) => normalizeKey(query)));
  const made = generateSetQueries({ ...options, sets: [...open, ...added] });
  return [...own, ...made.filter(({ query }) => !known.has(normalizeKey(query)))];
}
