/**
 * Can recorded fan-outs of a language model take the place of labels? Grounds them in the catalog of a data folder, by hybrid search, and
 * writes a data folder whose training and validation sets are these, and whose test sets are those that people made.
 *
 *     npm run build
 *     npx jiti bench/fanOutSets.ts --fan-outs examples/kitchen/fanOuts.jsonl --data recipes --out bench/recipes-lists
 *
 * and then, for the seeds 1, 2 and 3:
 *
 *     echo '{ "task": "wscr", "seed": 1 }' > bench/recipes-lists/seed-1.json
 *     npx r4t compile bench/recipes-lists/catalog.jsonl --sets bench/recipes-lists/sets.jsonl \
 *       --config bench/recipes-lists/seed-1.json --out bench/recipes-lists/seed-1
 *     npx r4t evaluate bench/recipes-lists/seed-1 bench/recipes-lists/seed-2 bench/recipes-lists/seed-3
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { groundProducts } from '../examples/kitchen/groundProducts.js';
import { readLines } from '../examples/quickstart/data.js';
import { readFanOuts } from '../src/index.js';

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

await mkdir(out, { recursive: true });
const catalog = join(out, 'catalog.jsonl');
await copyFile(join(data, 'catalog.jsonl'), catalog);
const lists = await readFanOuts(fanOuts);
const test = readLines<LabelledSet>(join(data, 'sets.jsonl')).filter(({ split }) => split === 'test');
const tested = new Set(test.map(({ query }) => query?.toLowerCase()));
const products = [...new Set(lists.flatMap(({ subQueries }) => subQueries))];
const found = await groundProducts(products, { catalog, folder: out });
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
