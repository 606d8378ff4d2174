import { type Ranking, rankingOf } from '../ranking.js';

/** How many sets have each item. */
export function itemCounts(references: readonly (readonly number[])[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const reference of references)
    for (const item of new Set(reference)) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/**
 * Items by how many training sets have them, the commonest first, of equal ones the first row: the same answer to every query, and
 * hard to beat where some items belong to most sets (salt in recipes).
 *
 * @param references rows of each training set
 * @returns every item of a training set, with the number of sets that have it
 */
export const popularItems = (references: readonly (readonly number[])[]): Ranking =>
  rankingOf(itemCounts(references));
