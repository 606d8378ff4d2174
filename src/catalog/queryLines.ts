import type { Item, QueryRecord } from './item.js';

/** Queries as the lines of a file that `loadQueries` reads; those with reference items also suit `loadSets`. */
export function queryLines(queries: readonly QueryRecord[], items: readonly Item[]): string {
  return queries
    .map(({ query, items: rows, split }) => {
      const ids = rows.map((row) => items[row].id);
      return `${JSON.stringify({ query, ...(ids.length > 0 && { items: ids }), split })}\n`;
    })
    .join('');
}
