/** Sets that were given for the very query that is asked. */
import { fillUp } from '../baselines/fillUp.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import type { LabelledQueries } from '../environment.js';
import { oncePer } from '../oncePer.js';
import type { MethodSpace, Rank } from './method.js';
import { passing } from './rankings.js';

/** How many of a query's sets have each of their items, by the query's words. */
const givenSets = oncePer(({ texts, references }: LabelledQueries) => {
  const given = new Map<string, Map<number, number>>();
  texts.forEach((text, i) => {
    if (references[i].length === 0) return;
    const key = normalizeKey(text);
    const counts = given.get(key) ?? new Map<number, number>();
    for (const item of new Set(references[i])) counts.set(item, (counts.get(item) ?? 0) + 1);
    given.set(key, counts);
  });
  return given;
});

/**
 * A method's answers, each begun with the sets that people gave for the query, where they gave any: what most of them have first, and of
 * equals what the method prefers. A model that learnt from them would show something like them, and whoever gave or corrected a set
 * wants that one.
 */
export const givenFirst =
  ({ training }: Pick<MethodSpace, 'training'>, rank: Rank): Rank =>
  async (queries, options) => {
    const rankings = await rank(queries, options);
    if (!training) return rankings;
    return rankings.map((ranking, q) => {
      const counts = givenSets(training).get(normalizeKey(queries.texts[q]));
      if (!counts) return ranking;
      const own = fillUp(
        ranking.filter((item) => counts.has(item)),
        [...counts.keys()],
        counts.size,
      );
      const first = passing(own, options.mask).sort((a, b) => counts.get(b)! - counts.get(a)!);
      return fillUp(first, ranking, options.depth);
    });
  };
