/** Settings of the methods, chosen on validation queries: a baseline that is not tuned is none. */

import { mean } from '../averages.js';
import type { EmbeddedQueries } from '../environment.js';
import { candidateMask } from '../retrieve/candidates.js';
import { leaned } from '../retrieve/fannedOut.js';
import { fanOutsOf, findSets } from '../retrieve/findSets.js';
import type { FindOptions, MethodSpace, RetrievedSet } from '../retrieve/method.js';
import type { Method } from '../retrieve/methodNames.js';
import { answerer } from '../retrieve/methods.js';
import type { SetQuality } from './setQuality.js';

/** A method of the table in the space that holds its models. */
export interface PlacedMethod {
  readonly method: Method;
  readonly space: MethodSpace;
}

export interface TuneOptions {
  readonly quality: SetQuality;
  readonly k: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** A setting with what it is worth on the validation queries. */
export interface Tuned {
  /** Absent for methods without a setting. */
  readonly setting?: number;
  /** Quality of each query's set, [queries]. */
  readonly perQuery: Float64Array;
  /** Their mean. */
  readonly worth: number;
  /** P@k of each query's set, where that is known, [queries]. */
  readonly precision?: Float64Array;
}

/** Sets as a search would find them; of items of the same text and vector one. */
export function answer(
  { method, space }: PlacedMethod,
  queries: EmbeddedQueries,
  options: Omit<FindOptions, 'mask'>,
): Promise<RetrievedSet[]> {
  return findSets(space, method, queries, { ...options, mask: candidateMask(space) });
}

/** The setting of a method with the best sets on the validation queries, the first of equal ones. */
export async function tune(placed: PlacedMethod, { quality, k, seed, signal }: TuneOptions): Promise<Tuned> {
  const { method, space } = placed;
  const { setting } = answerer(space, method);
  const ask = await asker(placed, quality.queries, { k, seed, signal });
  let best: Tuned | undefined;
  for (const value of setting?.grid ?? [undefined]) {
    signal?.throwIfAborted();
    const settings = value === undefined ? space.settings : { ...space.settings, [method]: value };
    const sets = await ask({ ...space, settings }, value);
    const perQuery = await quality.of(sets);
    const worth = mean(perQuery);
    const precision = quality.precisionOf?.(sets);
    if (!best || worth > best.worth)
      best = {
        ...(value !== undefined && { setting: value }),
        perQuery,
        worth,
        ...(precision && { precision }),
      };
  }
  return best!;
}

/** Asks a method at one setting after the other; its directions, which cost most, are made once and lean on the query as the setting says. */
async function asker(
  { method, space }: PlacedMethod,
  queries: EmbeddedQueries,
  options: Pick<FindOptions, 'k' | 'seed' | 'signal'>,
): Promise<(tuned: MethodSpace, value: number | undefined) => Promise<RetrievedSet[]>> {
  const { signal } = options;
  const find = { ...options, mask: candidateMask(space) };
  const fanOuts = await fanOutsOf(space, method, queries, { ...find, diversity: 1 });
  return async (tuned, diversity = 1) =>
    findSets(
      tuned,
      method,
      queries,
      find,
      fanOuts && (await leaned(space, fanOuts, queries, { diversity, signal })),
    );
}
