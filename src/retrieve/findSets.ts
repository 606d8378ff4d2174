/** Sets by the methods of the table. */

import type { EmbeddedQueries } from '../environment.js';
import { gatherRows } from '../matrix.js';
import { fannedOutSets, leaned, withinFilter } from './fannedOut.js';
import type { Directed, FindOptions, MethodSpace, QueryFanOut, Ranking, RetrievedSet } from './method.js';
import type { Method } from './methodNames.js';
import { answerer, METHODS } from './methods.js';
import { rankedSets } from './ranked.js';

/** Why the space cannot answer by the method, or undefined if it can. */
export function missingPart(space: MethodSpace, method: Method): string | undefined {
  return METHODS[method].missing?.(space);
}

/** The method's number: what the request says, what validation chose, or the usual one. */
function settingOf(
  { setting }: Ranking | Directed,
  method: Method,
  { settings }: Pick<MethodSpace, 'settings'>,
  { diversity }: Pick<FindOptions, 'diversity'> = {},
): number | undefined {
  if (!setting) return undefined;
  // What was chosen for a model of another kind says nothing of this one.
  const chosen = setting.grid.find((value) => value === settings[method]);
  return (setting.name === 'diversity' ? diversity : undefined) ?? chosen ?? setting.usual;
}

/** The diversity of a request that says none; undefined for methods that have none. */
export function usualDiversity(space: MethodSpace, method: Method): number | undefined {
  const by = answerer(space, method);
  return by.setting?.name === 'diversity' ? settingOf(by, method, space) : undefined;
}

/** The directions of every query; undefined where the method ranks the catalog for the query itself. */
export async function fanOutsOf(
  space: MethodSpace,
  method: Method,
  queries: EmbeddedQueries,
  options: FindOptions,
): Promise<readonly QueryFanOut[] | undefined> {
  const by = answerer(space, method);
  if ('rank' in by) return undefined;
  const diversity = settingOf(by, method, space, options) ?? 1;
  const fanOuts = await by.fanOut(space)(queries, options);
  const leaning = await leaned(space, fanOuts, queries, { diversity, signal: options.signal });
  return options.filtered ? withinFilter(space, leaning, queries, options) : leaning;
}

/**
 * The set of every query. A query's set does not depend on its batch.
 *
 * @param fanOuts those of {@link fanOutsOf}, where they are made already
 */
export async function findSets(
  space: MethodSpace,
  method: Method,
  queries: EmbeddedQueries,
  options: FindOptions,
  fanOuts?: readonly QueryFanOut[],
): Promise<RetrievedSet[]> {
  const by = answerer(space, method);
  if ('rank' in by)
    return rankedSets(space, by.rank(space, settingOf(by, method, space, options)), queries, options);
  return fannedOutSets(space, fanOuts ?? (await fanOutsOf(space, method, queries, options)) ?? [], options);
}

/** A set that a model chooses as a fan-out: every item is a direction. */
export async function directionsOfItems(
  space: MethodSpace,
  method: Method,
  queries: EmbeddedQueries,
  options: FindOptions,
): Promise<QueryFanOut[]> {
  const sets = await findSets(space, method, queries, options);
  return sets.map(({ assigned }) => ({
    directions: gatherRows(
      space.vectors,
      assigned.map(({ item }) => item),
    ),
    subQueries: assigned.map(({ item }) => space.items[item].title),
  }));
}
