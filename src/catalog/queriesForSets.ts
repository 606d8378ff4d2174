import type { QueryRecord } from './item.js';
import { recombineSets } from './recombineSets.js';
import { generateSetQueries, type SetQueryOptions } from './setQueries.js';
import type { SetRecord } from './sets.js';

export interface QueriesForSetsOptions extends Omit<SetQueryOptions, 'sets'> {
  readonly sets: readonly SetRecord[];
  /** New training sets to make by `recombineSets` [0]. */
  readonly recombine?: number;
}

/**
 * Every set as (query, items, split): one with a query keeps it, the others get new ones. Recombined sets come last, and
 * get queries last: the others' are the same with and without them.
 */
export function queriesForSets({ recombine = 0, ...options }: QueriesForSetsOptions): QueryRecord[] {
  const { items, sets, seed } = options;
  const queries = sets.flatMap(({ query, ...set }) =>
    query === undefined ? [] : [{ query, items: set.items, split: set.split }],
  );
  const open = sets.filter((set) => set.query === undefined);
  const added = recombine > 0 ? recombineSets({ items, sets, count: recombine, seed }) : [];
  for (const some of [open, added]) {
    const known = queries.map(({ query }) => query);
    queries.push(
      ...generateSetQueries({ ...options, sets: some, known: [...(options.known ?? []), ...known] }),
    );
  }
  return queries;
}
