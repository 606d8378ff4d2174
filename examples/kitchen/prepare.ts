/**
 * Writes `runs/kitchen/catalog.jsonl` and `runs/kitchen/sets.jsonl`: groceries, and for dishes the groceries to buy. Training sets are
 * a language model's shopping lists (`fanOuts.jsonl`), each product grounded in the catalog: what a shop means by a plain name is a list of its own
 * (`usual.json`: "salt" is table salt, and water is not bought), any other is found by hybrid search. Test sets were written for this test alone (`testSets.jsonl`).
 * What the language model itself writes for the test dishes is grounded alike, into `runs/kitchen/languageModel.jsonl`: nothing learns from it.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { readFanOuts } from 'r4t';
import { readLines } from '../quickstart/data.js';
import { groundProducts } from './groundProducts.js';
import { namesOf } from './productNames.js';

const FOLDER = import.meta.dirname;
const OUT = join('runs', 'kitchen');
/** Groceries that a list must come to. */
const LEAST = 3;

interface Grocery {
  readonly id: string;
  readonly title: string;
  readonly aisle: string;
  readonly emoji?: string;
}

const lines = <T>(file: string): T[] => readLines<T>(join(FOLDER, file));

const jsonLines = (records: readonly object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

const groceries = lines<Grocery>('groceries.jsonl');
const lists = (await readFanOuts(join(FOLDER, 'fanOuts.jsonl'))).map(({ subQueries, ...list }) => ({
  ...list,
  subQueries: subQueries.map((product) => product.toLowerCase()),
}));
const tests = lines<{ query: string; items: string[] }>('testSets.jsonl');
const usual = JSON.parse(await readFile(join(FOLDER, 'usual.json'), 'utf8')) as Record<string, string | null>;
const dishes = new Set((await readFile(join(FOLDER, 'dishes.txt'), 'utf8')).split('\n'));

await mkdir(OUT, { recursive: true });
const catalog = join(OUT, 'catalog.jsonl');
const pictures = join(
  dirname(createRequire(import.meta.url).resolve('openmoji/package.json')),
  'color',
  'svg',
);
const hexcode = (emoji: string) =>
  [...emoji].map((char) => char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')).join('-');
await writeFile(
  catalog,
  jsonLines(
    groceries.map(({ id, title, aisle, emoji }) => ({
      id,
      title,
      category: aisle,
      ...(emoji && {
        emoji,
        image: relative(process.cwd(), join(pictures, `${hexcode(emoji)}.svg`)),
      }),
    })),
  ),
);

/** What a shop means by the product: a grocery, null for nothing, undefined where the list does not have it. */
const usualOf = (product: string): string | null | undefined =>
  namesOf(product)
    .map((name) => usual[name])
    .find((id) => id !== undefined);

const products = new Set(lists.flatMap(({ subQueries }) => subQueries));
// What lists have more than twice and hybrid search finds wrongly stands in `usual.json`.
const found = await groundProducts(
  [...products].filter((product) => usualOf(product) === undefined),
  { catalog, folder: OUT },
);
/** The groceries of a list, each once, in its order. */
const grounded = (list: readonly string[]): string[] => [
  ...new Set(list.flatMap((product) => usualOf(product) ?? found.get(product) ?? [])),
];
/** Every tenth dish is kept for validation, by a hash. */
const splitOf = (dish: string) =>
  createHash('sha256').update(`split ${dish}`).digest()[0] % 10 === 0 ? 'valid' : 'train';
const training = lists
  .filter(({ query }) => dishes.has(query))
  .map(({ query, subQueries }) => ({
    query,
    items: grounded(subQueries),
    split: splitOf(query),
  }))
  .filter(({ items }) => items.length >= LEAST);
const test = tests.map(({ query, items }) => ({ query, items, split: 'test' }));
const tested = new Set(tests.map(({ query }) => query));
const languageModel = lists
  .filter(({ query, sample }) => tested.has(query) && sample === 0)
  .map(({ query, subQueries, ms }) => ({ query, items: grounded(subQueries), ms }));
await writeFile(join(OUT, 'languageModel.jsonl'), jsonLines(languageModel));
await writeFile(join(OUT, 'sets.jsonl'), jsonLines([...training, ...test]));
console.log(
  `${groceries.length} groceries; ${training.length} lists to learn from, ${test.length} dishes to test with`,
);
