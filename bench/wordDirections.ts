/**
 * What the words of a query find one by one, written in several ways, on the validation queries of data folders: how far a
 * fan-out gets that needs no training but knows how text encoders and catalogs work; and lexical search, which needs no vectors.
 *
 *   npx jiti bench/wordDirections.ts ../shared/data/polyvore-outfits
 */

import { Bm25 } from '../src/baselines/bm25.js';
import { documentFrequencies, keywordSubQueries } from '../src/baselines/keywords.js';
import { postingsOf } from '../src/catalog/postings.js';
import { contentWords } from '../src/catalog/words.js';
import { commonDirections } from '../src/encode/commonDirections.js';
import type { Encoder } from '../src/encode/encoder.js';
import { GroundedEncoder } from '../src/encode/groundedEncoder.js';
import { ProjectedEncoder } from '../src/encode/projectedEncoder.js';
import { fitProjection, project } from '../src/encode/projection.js';
import { SideBySideEncoder } from '../src/encode/sideBySide.js';
import { towardsQueries } from '../src/encode/towardsQueries.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { formatTable } from '../src/evaluate/table.js';
import { ExactIndex } from '../src/vectorIndex/exactIndex.js';
import { D, K, meanRecall, retrieveTogether, validationData } from './validation.js';

const REPEATS = 4;
const MOST_WORDS = 4;

const encoder = await UseLiteEncoder.load();
const folders = process.argv.slice(2);
if (folders.length === 0) throw new Error('usage: npx jiti bench/wordDirections.ts <data folder>...');
const tables: { name: string; found: Record<string, number> }[] = [];
for (const folder of folders) tables.push(await recalls(folder));
console.log(
  formatTable(Object.keys(tables[0].found), [
    { title: 'directions', value: (way) => way },
    ...tables.map(({ name, found }) => ({ title: `R@B ${name}`, value: (way: string) => found[way] })),
  ]),
);

async function recalls(folder: string): Promise<{ name: string; found: Record<string, number> }> {
  const data = await validationData(folder, encoder);
  const { items, budget } = data;
  const common = commonDirections([data.full.items, data.full.train]);
  const space = new SideBySideEncoder([{ encoder, common }]);
  const [own, train] = [data.full.items, data.full.train].map((full) => space.join([full]));
  const projection = await fitProjection([own, train], { d: D });
  const plain = await ProjectedEncoder.create(space, projection);
  const vectors = await project(projection, own);
  const grounded = new GroundedEncoder(plain, { items, vectors });
  const index = await ExactIndex.create({ vectors });
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
  const besideCompanions = (query: string) =>
    wordsOf(query).flatMap((word, _, { length }) => {
      const beside = companions(word).slice(0, Math.floor(K / length));
      return beside.length > 0 ? beside.map((other) => `${repeated(word)} ${other}`) : [repeated(word)];
    });
  const keywords = (query: string) => keywordSubQueries(query, K, frequencies);
  const by = (own: Encoder, subQueriesOf: (query: string) => readonly string[]) => async (query: string) =>
    retrieveTogether(index, await own.encode(subQueriesOf(query)), budget);
  const leaning = (queryShare: number) => async (query: string) => {
    const subQueries = keywords(query);
    const options = { perQuery: subQueries.length, subQueryEncoder: grounded, queryShare };
    const directions = await towardsQueries(await grounded.encode(subQueries), [query], options);
    return retrieveTogether(index, directions, budget);
  };
  const bm25 = new Bm25(items);
  const ways = {
    'plain search': by(plain, (query) => [query]),
    'plain search, grounded': by(grounded, (query) => [query]),
    'keywords and pairs': by(plain, keywords),
    'keywords and pairs, grounded': by(grounded, keywords),
    'and 0.15 of the query': leaning(0.15),
    'and 0.3 of the query': leaning(0.3),
    'each word': by(plain, wordsOf),
    'each word, grounded': by(grounded, wordsOf),
    [`each word ${REPEATS} times`]: by(plain, (query) => wordsOf(query).map(repeated)),
    'and beside it the commonest companions': by(plain, besideCompanions),
    'and that grounded': by(grounded, besideCompanions),
    BM25: async (query: string) => Int32Array.from(bm25.search(query, budget)),
  };
  const found: Record<string, number> = {};
  for (const [way, retrieve] of Object.entries(ways)) found[way] = await meanRecall(data, retrieve);
  // What no method finds that goes by the query's words alone.
  found['all items with a word of the query, no budget'] = await meanRecall(
    { valid: data.valid, budget: items.length },
    async (query) => Int32Array.from(bm25.search(query, items.length)),
  );
  await index.release();
  return { name: data.name, found };
}
