import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compile, Retriever } from 'r4t';

/**
 * A product that lies farther than this from everything in the catalog is left out: read by eye, most of those below would have gone to
 * the wrong item.
 */
const NEAR = 0.55;
const PRODUCTS_PER_SEARCH = 64;

/**
 * The id of the item that each product is by hybrid search, where one is near.
 *
 * @param catalog path of a catalog
 * @param folder for the space that is searched
 */
export async function groundProducts(
  products: readonly string[],
  { catalog, folder }: { readonly catalog: string; readonly folder: string },
): Promise<Map<string, string>> {
  const run = join(folder, 'space');
  const queries = join(folder, 'products.txt');
  await writeFile(queries, `${products.join('\n')}\n`);
  await compile({ catalog, queries, out: run, stage: 'encode', force: true });
  const retriever = await Retriever.load(run);
  const found = new Map<string, string>();
  for (let start = 0; start < products.length; start += PRODUCTS_PER_SEARCH) {
    const part = products.slice(start, start + PRODUCTS_PER_SEARCH);
    const results = await retriever.searchAll(part, { method: 'hybrid', k: 1, minScore: NEAR });
    for (const [i, { items }] of results.entries()) if (items[0]) found.set(part[i], items[0].id);
  }
  await retriever.close();
  return found;
}
