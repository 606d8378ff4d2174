import type { QueryRecord } from './item.js';
import { recombineSets } from './recombineSets.js';
import { generateSetQueries, type SetQueryOptions } from './setQueries.js';
import type { SetRecord } from './sets.js';

export interface QueriesForSetsOptions extends Omit<SetQueryOptions, 'sets'> {
  readonly sets: readonly SetRecord[];
  /** New training sets to make by `recombineSets` [0]. */
  readonly recombine?: number;
}

/** What there is to be asked about. */
export interface OpenSets {
  /** Sets with a query of their own. */
  readonly own: readonly QueryRecord[];
  /** Those without. */
  readonly open: readonly SetRecord[];
  /** Recombined ones. */
  readonly added: readonly SetRecord[];
}

/** Parts sets by whether they have a query, and recombines them. */
export function openSets({
  items,
  sets,
  recombine = 0,
  seed,
}: Pick<QueriesForSetsOptions, 'items' | 'sets' | 'recombine' | 'seed'>): OpenSets {
  return {
    own: sets.flatMap(({ query, items, split }) => (query === undefined ? [] : [{ query, items, split }])),
    open: sets.filter((set) => set.query === undefined),
    added: recombine > 0 ? recombineSets({ items, sets, count: recombine, seed }) : [],
  };
}

/**
 * Every set as (query, items, split): one with a query keeps it, the others get new ones. Recombined sets come last, and
 * choose last: the queries of the others are the same with and without them.
 */
export function queriesForSets(options: QueriesForSetsOptions): QueryRecord[] {
  const { own, open, added } = openSets(options);
  const queries = [...own];
  for (const sets of [open, added]) {
    const known = [...(options.known ?? []), ...queries.map(({ query }) => query)];
    queries.push(...generateSetQueries({ ...options, sets, known }));
  }
  return queries;
}
