/** What people chose for a run's own queries, to compare with what was found. */
import { normalizeKey } from '../../catalog/normalizeKey.js';
import { firstOfSame } from '../../retrieve/candidates.js';
import type { Workspace } from '../../run/workspace.js';
import type { Reference } from '../http/schemas.js';

export type ReferenceOf = (query: string) => Reference | undefined;

/**
 * The reference sets of a run's queries, found by the query but for case and white space. Of items that are the same, the one
 * that searches return stands for all.
 */
export function referencesOf({
  queries,
  items,
  vectors,
}: Pick<Workspace, 'queries' | 'items' | 'vectors'>): ReferenceOf {
  const labelled = queries.filter((query) => query.items.length > 0);
  if (labelled.length === 0) return () => undefined;
  const known = new Map(labelled.map((query) => [normalizeKey(query.query), query]));
  const first = firstOfSame({ items, vectors });
  return (query) => {
    const found = known.get(normalizeKey(query));
    if (!found) return undefined;
    const rows = new Set(found.items.map((row) => first[row]));
    return { split: found.split, items: Array.from(rows, (row) => items[row].id) };
  };
}
