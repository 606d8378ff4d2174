import { bestOf, type Ranking } from '../ranking.js';

/**
 * Items by how many training sets have them, the commonest first, of equal ones the first row: the same answer to every query, and
 * hard to beat where some items belong to most sets (salt in recipes).
 *
 * @param references rows of each training set
 * @param size items of the catalog
 * @returns every item of a training set, with the number of sets that have it
 */
export function popularItems(references: readonly (readonly number[])[], size: number): Ranking {
  const counts = new Float32Array(size);
  for (const reference of references) for (const item of new Set(reference)) counts[item]++;
  const common = [...counts.keys()].filter((item) => counts[item] > 0);
  return bestOf(common, counts, common.length);
}
