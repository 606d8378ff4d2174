/**
 * Can recorded fan-outs of a language model take the place of labels? Grounds them in the catalog of a data folder, by hybrid search, and
 * writes a data folder whose training and validation sets are these, and whose test sets are those that people made.
 *
 *     npx jiti bench/fanOutSets.ts --fan-outs examples/kitchen/fanOuts.jsonl --data recipes --out bench/recipes-lists
 *     npx r4t compile bench/recipes-lists/catalog.jsonl --sets bench/recipes-lists/sets.jsonl --config wscr.json --out bench/recipes-lists/run
 *     npx r4t evaluate bench/recipes-lists/run
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile, Retriever } from '../src/index.js';

/** A product that lies farther than this from everything in the catalog is left out. */
const NEAR = 0.55;
/** Items that a list must come to, and one list in so many is for validation. */
const [LEAST, HELD_OUT] = [3, 10];

interface LabelledSet {
  readonly query?: string;
  readonly items: readonly string[];
  readonly split: string;
}

const { values } = parseArgs({
  options: { 'fan-outs': { type: 'string' }, data: { type: 'string' }, out: { type: 'string' } },
});
const { 'fan-outs': fanOuts, data, out } = values;
if (!fanOuts || !data || !out) throw new Error('give --fan-outs, --data and --out');

async function readLines<T>(file: string): Promise<T[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as T);
}

/** The item that each product is, where one is near. */
async function ground(catalog: string, products: readonly string[]): Promise<Map<string, string>> {
  const queries = join(out!, 'products.txt');
  const run = join(out!, 'space');
  await writeFile(queries, `${products.join('\n')}\n`);
  await compile({ catalog, queries, out: run, stage: 'encode', force: true });
  const retriever = await Retriever.load(run);
  const found = new Map<string, string>();
  const results = await retriever.searchAll(products, { method: 'hybrid', k: 1, minScore: NEAR });
  for (const [i, { items }] of results.entries()) if (items[0]) found.set(products[i], items[0].id);
  await retriever.close();
  return found;
}

await mkdir(out, { recursive: true });
const catalog = join(out, 'catalog.jsonl');
await copyFile(join(data, 'catalog.jsonl'), catalog);
const lists = await readLines<{ query: string; subQueries: readonly string[] }>(fanOuts);
const test = (await readLines<LabelledSet>(join(data, 'sets.jsonl'))).filter(({ split }) => split === 'test');
const tested = new Set(test.map(({ query }) => query?.toLowerCase()));
const found = await ground(catalog, [...new Set(lists.flatMap(({ subQueries }) => subQueries))]);
const queries = [...new Set(lists.map(({ query }) => query))];
const splits = new Map(queries.map((query, i) => [query, i % HELD_OUT === 0 ? 'valid' : 'train']));
const learnt = lists
  .map(({ query, subQueries }) => ({
    query,
    items: [...new Set(subQueries.flatMap((product) => found.get(product) ?? []))],
    split: splits.get(query),
  }))
  .filter(({ query, items }) => items.length >= LEAST && !tested.has(query.toLowerCase()));
const jsonLines = (records: readonly object[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');
await writeFile(join(out, 'sets.jsonl'), jsonLines([...learnt, ...test]));
console.log(`${learnt.length} lists to learn from, ${test.length} sets that people made to test with`);
