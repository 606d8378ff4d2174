/** Sets that were given for the very query that is asked. */
import { fillUp } from '../baselines/fillUp.js';
import { itemCounts } from '../baselines/popular.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import type { LabelledQueries } from '../environment.js';
import { labelledOf } from '../labelled.js';
import { oncePer } from '../oncePer.js';
import type { MethodSpace, Rank } from './method.js';
import { passing } from './rankings.js';

/** By the query's words. */
const givenSets = oncePer((training: LabelledQueries) => {
  const { texts, references } = labelledOf(training);
  const given = new Map<string, (readonly number[])[]>();
  for (const [i, text] of texts.entries()) {
    const key = normalizeKey(text);
    const sets = given.get(key);
    if (sets) sets.push(references[i]);
    else given.set(key, [references[i]]);
  }
  return given;
});

/**
 * A method's answers, each begun with the sets that people gave for the query, where they gave any: what most of them have first, and of
 * equals what the method prefers. A model that learnt from them shows at best something like them.
 */
export const givenFirst =
  ({ training }: Pick<MethodSpace, 'training'>, rank: Rank): Rank =>
  async (queries, options) => {
    const rankings = await rank(queries, options);
    if (!training) return rankings;
    return rankings.map((ranking, q) => {
      const counts = itemCounts(givenSets(training).get(normalizeKey(queries.texts[q])) ?? []);
      const preferred = ranking.filter((item) => counts.has(item));
      const own = passing(fillUp(preferred, [...counts.keys()], counts.size), options.mask);
      own.sort((a, b) => counts.get(b)! - counts.get(a)!);
      return fillUp(own, ranking, options.depth);
    });
  };
