/** A user's strict TypeScript for Node.js, compiled against the packed tarball with every check of its types. */
import {
  compile,
  InputError,
  METHOD_NAMES,
  parseFilter,
  Retriever,
  type SearchResult,
  type UserConfig,
} from 'r4t';
import { Client, type SearchResponse } from 'r4t/client';
import { Graph, ops, Session, Trainer } from 'r4t/engine';
import { loadRetriever } from 'r4t/web';

const config: UserConfig = { k: 5, policy: { kind: 'pointer', steps: 10 } };

export async function answer(run: string, query: string): Promise<readonly string[]> {
  await compile({ catalog: 'catalog.jsonl', out: run, config });
  await using retriever = await Retriever.load(run);
  const { items }: SearchResult = await retriever.search(query, { k: 10, filter: parseFilter('price<100') });
  return items.map(({ id }) => id);
}

export const remote = (url: string, query: string): Promise<SearchResponse> =>
  new Client({ url }).search({ query });

export { Graph, InputError, loadRetriever, METHOD_NAMES, ops, Session, Trainer };
