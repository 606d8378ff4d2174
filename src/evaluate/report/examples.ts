import { evenly } from '../../evenly.js';
import type { ReportData, ReportedSet } from '../results.js';
import { headlineMethods, METHOD_INFO } from './names.js';
import { plain } from './plain.js';

const QUERIES = 10;

/** Ten queries with the sets of the methods that matter, side by side as text: what no table tells. */
export function examples({ results, queries }: Pick<ReportData, 'results' | 'queries'>): string[] {
  if (queries.length === 0) return [];
  const shown = headlineMethods(results);
  return [
    '## Ten queries',
    'Evenly from all test queries, of the first seed. Before an arrow stands what was searched for; items of the reference set are bold.',
    ...evenly(queries, QUERIES).flatMap(({ query, reference = [], sets }) => [
      `### ${plain(query)}`,
      [
        ...(reference.length > 0 ? [`- reference set: ${reference.map(plain).join('; ')}`] : []),
        ...shown.flatMap((method) => {
          const set = sets[method];
          return set ? [`- ${METHOD_INFO[method].name}: ${itemsOf(set)}`] : [];
        }),
      ].join('\n'),
    ]),
  ];
}

function itemsOf({ items, subQueries = [] }: ReportedSet): string {
  return items
    .map(({ title, direction, relevant }) => {
      const name = relevant ? `**${plain(title)}**` : plain(title);
      const subQuery = subQueries.length > 1 ? subQueries[direction] : undefined;
      return subQuery === undefined ? name : `${plain(subQuery)} → ${name}`;
    })
    .join('; ');
}
