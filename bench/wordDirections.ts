/**
 * What the words of a query find one by one, written in several ways, on the validation queries of data folders: how far a
 * fan-out gets that needs no training but knows how text encoders and catalogs work.
 *
 *   npx jiti bench/wordDirections.ts ../shared/data/polyvore-outfits
 */
import { basename, join } from 'node:path';
import { loadCatalog } from '../src/catalog/catalog.js';
import { postingsOf } from '../src/catalog/postings.js';
import { queriesForSets } from '../src/catalog/queriesForSets.js';
import { loadSets } from '../src/catalog/sets.js';
import { contentWords } from '../src/catalog/words.js';
import { queryConditions } from '../src/diffusion/conditions.js';
import { commonDirections } from '../src/encode/commonDirections.js';
import { fitProjection, project } from '../src/encode/projection.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { recallAtB } from '../src/evaluate/setMetrics.js';
import { formatTable } from '../src/evaluate/table.js';
import { ExactIndex } from '../src/index/exactIndex.js';
import { retrieveBudget } from '../src/index/retrieveBudget.js';
import { concatRows, matrix, row } from '../src/matrix.js';
import { documentFrequencies, keywordSubQueries } from '../src/retrieve/opponents.js';

/** As in `r4t bench quality`. */
const [D, K, BUDGET] = [256, 10, 0.035];
const REPEATS = 4;
const MOST_WORDS = 4;

const encoder = await UseLiteEncoder.load();
const folders = process.argv.slice(2);
if (folders.length === 0) throw new Error('usage: npx jiti bench/wordDirections.ts <data folder>...');
const tables: Record<string, number>[] = [];
for (const folder of folders) tables.push(await recalls(folder));
console.log(
  formatTable(Object.keys(tables[0]), [
    { title: 'directions', value: (way) => way },
    ...tables.map((found, i) => ({
      title: `R@B ${basename(folders[i])}`,
      value: (way: string) => found[way],
    })),
  ]),
);

async function recalls(folder: string): Promise<Record<string, number>> {
  const catalog = await loadCatalog(join(folder, 'catalog.jsonl'));
  const { items } = catalog;
  const sets = await loadSets(join(folder, 'sets.jsonl'), catalog);
  const queries = queriesForSets({ items, sets, queriesPerSet: 1, seed: 1 }).filter(
    (q) => q.items.length > 0,
  );
  const train = queries.filter(({ split }) => split === 'train').map(({ query }) => query);
  const full = [await encoder.encode(items.map(({ text }) => text)), await encoder.encode(train)];
  const projection = await fitProjection(full, { d: D, without: commonDirections(full) });
  const encode = async (texts: readonly string[]) => project(projection, await encoder.encode(texts));
  const vectors = await project(projection, full[0]);
  const index = await ExactIndex.create({ vectors });
  const budget = Math.round(BUDGET * items.length);
  const postings = postingsOf(items);
  const frequencies = documentFrequencies(items.map(({ text }) => text));

  /** The words that stand most often beside a word. */
  const companions = (word: string): string[] => {
    const counts = new Map<string, number>();
    for (const item of postings.get(word) ?? [])
      for (const other of new Set(contentWords(items[item].text)))
        if (other !== word) counts.set(other, (counts.get(other) ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => b - a).map(([other]) => other);
  };
  const repeated = (word: string) => Array<string>(REPEATS).fill(word).join(' ');
  const wordsOf = (query: string) => {
    const words = [...new Set(contentWords(query))].slice(0, MOST_WORDS);
    return words.length > 0 ? words : [query];
  };
  const world = { items, vectors, encoder: { encode } };
  const ways = {
    'plain search': (query: string) => encode([query]),
    'keywords and pairs': (query: string) => encode(keywordSubQueries(query, K, frequencies)),
    'each word': (query: string) => encode(wordsOf(query)),
    [`each word ${REPEATS} times`]: (query: string) => encode(wordsOf(query).map(repeated)),
    'and beside it the commonest companions': (query: string) =>
      encode(
        wordsOf(query).flatMap((word, _, { length }) => {
          const beside = companions(word).slice(0, Math.floor(K / length));
          return beside.length > 0 ? beside.map((other) => `${repeated(word)} ${other}`) : [repeated(word)];
        }),
      ),
    'each word and the mean of its items': async (query: string) => {
      const text = wordsOf(query).join(' ');
      const conditions = await queryConditions({ texts: [text], vectors: matrix(1, D) }, MOST_WORDS, world);
      const words = matrix(MOST_WORDS, D, row(conditions, 0).slice(D));
      const present = Array.from({ length: MOST_WORDS }, (_, i) => row(words, i)).filter((word) =>
        word.some((x) => x !== 0),
      );
      return present.length > 0 ? concatRows(present.map((word) => matrix(1, D, word))) : encode([query]);
    },
  };
  const valid = queries.filter(({ split }) => split === 'valid');
  const found: Record<string, number> = {};
  for (const [way, directionsOf] of Object.entries(ways)) {
    let sum = 0;
    for (const { query, items: reference } of valid) {
      const directions = await directionsOf(query);
      const [retrieved] = await retrieveBudget(index, { directions, perQuery: directions.rows, budget });
      sum += recallAtB({ retrieved, reference, budget });
    }
    found[way] = sum / valid.length;
  }
  await index.release();
  return found;
}
