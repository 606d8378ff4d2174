/** One way to ask a run that is loaded here and a service that has loaded it elsewhere. */

import type { FieldInfo } from '../catalog/filter/fieldInfo.js';
import type { Client } from '../client/client.js';
import type { SearchRequest } from '../client/index.js';
import type { SearchResult, SetRequest, SetRetriever } from '../retrieve/setRetriever.js';

/** What answers: a `Retriever` (also that of `r4t/web`), or the `Client` of a service. */
export type SetSource = Pick<SetRetriever, 'fields' | 'searchAll'> | Pick<Client, 'info' | 'search'>;

/** What both say of a set. */
export type FoundSet = Omit<SearchResult, 'timings'>;

/** Queries that a service takes in one request. */
const MOST_QUERIES = 64;

/**
 * The sets of several queries, in as few calls as it takes.
 *
 * @throws InputError or ServiceError for what is wrong with a query or the request
 */
export async function searchSets(
  source: SetSource,
  queries: readonly string[],
  request: SetRequest,
  signal?: AbortSignal,
): Promise<FoundSet[]> {
  signal?.throwIfAborted();
  if (queries.length === 0) return [];
  if ('searchAll' in source) return (await source.searchAll(queries, { ...request, signal })).map(common);
  const found: FoundSet[] = [];
  for (let at = 0; at < queries.length; at += MOST_QUERIES) {
    const asked = {
      ...(request as Omit<SearchRequest, 'query' | 'queries'>),
      queries: queries.slice(at, at + MOST_QUERIES),
      text: true,
    };
    const { results } = await source.search(asked, { signal });
    for (const { items, ...result } of results)
      found.push(
        common({
          ...result,
          items: items.map(({ text, ...item }) => ({ ...item, text: text ?? item.title })),
        }),
      );
  }
  return found;
}

const common = ({ query, method, fallback, unknown, passing, items }: FoundSet): FoundSet => ({
  query,
  method,
  ...(fallback !== undefined && { fallback }),
  ...(unknown && { unknown }),
  ...(passing !== undefined && { passing }),
  items,
});

/** What filters can name. */
export const fieldsOf = async (source: SetSource, signal?: AbortSignal): Promise<readonly FieldInfo[]> =>
  'fields' in source ? source.fields() : (await source.info({ signal })).catalog.fields;
