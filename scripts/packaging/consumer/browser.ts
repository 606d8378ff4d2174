/** The same for a browser, whose bundler finds no types of Node.js. */
import { Client } from 'r4t/client';
import { loadRetriever, type Ort, type SearchResult } from 'r4t/web';

export const remote = new Client({ url: 'https://example.com' });

export async function answer(ort: Ort, query: string): Promise<SearchResult> {
  const retriever = await loadRetriever('https://example.com/shop/', { ort });
  return retriever.search(query);
}
