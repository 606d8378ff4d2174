/** Sets by the methods of the table. */

import type { EmbeddedQueries } from '../environment.js';
import { fannedOutSets, leaned, withinFilter } from './fannedOut.js';
import type { FindOptions, MethodSpace, QueryFanOut, RetrievedSet } from './method.js';
import type { Method } from './methodNames.js';
import { METHODS } from './methods.js';
import { rankedSets } from './ranked.js';

/** Why the space cannot answer by the method, or undefined if it can. */
export function missingPart(space: MethodSpace, method: Method): string | undefined {
  return METHODS[method].missing?.(space);
}

/** The method's number: what the request says, what validation chose, or the usual one. */
function settingOf(
  method: Method,
  { settings }: Pick<MethodSpace, 'settings'>,
  { diversity }: Pick<FindOptions, 'diversity'>,
): number | undefined {
  const { setting } = METHODS[method];
  if (!setting) return undefined;
  return (setting.name === 'diversity' ? diversity : undefined) ?? settings[method] ?? setting.usual;
}

/** The diversity of a request that says none; undefined for methods that have none. */
export function usualDiversity(space: Pick<MethodSpace, 'settings'>, method: Method): number | undefined {
  return METHODS[method].setting?.name === 'diversity' ? settingOf(method, space, {}) : undefined;
}

/** The directions of every query; undefined for methods that rank the catalog for the query itself. */
export async function fanOutsOf(
  space: MethodSpace,
  method: Method,
  queries: EmbeddedQueries,
  options: FindOptions,
): Promise<readonly QueryFanOut[] | undefined> {
  const definition = METHODS[method];
  if (!('fanOut' in definition)) return undefined;
  const diversity = settingOf(method, space, options) ?? 1;
  const fanOuts = await definition.fanOut(space)(queries, options);
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
  const definition = METHODS[method];
  if ('rank' in definition)
    return rankedSets(space, definition.rank(space, settingOf(method, space, options)), queries, options);
  return fannedOutSets(space, fanOuts ?? (await fanOutsOf(space, method, queries, options)) ?? [], options);
}
