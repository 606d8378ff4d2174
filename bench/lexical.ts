/**
 * Times lexical search beside MiniSearch, on the texts and validation queries of data folders:
 *
 *     npm --prefix bench ci
 *     npx jiti bench/lexical.ts ../shared/data/ikea-rooms ../shared/data/playlists
 *
 * Medians over rounds, milliseconds: making the index, making it again after a hundred texts have changed, and one query of ten
 * items. MiniSearch splits at spaces and punctuation and looks for whole words; given our terms ("same terms") it does the same work.
 */
import { join } from 'node:path';
import { loadCatalog } from '../src/catalog/catalog.js';
import { queriesForSets } from '../src/catalog/queriesForSets.js';
import { loadSets } from '../src/catalog/sets.js';
import { formatTable } from '../src/evaluate/table.js';
import { Bm25 } from '../src/lexical/bm25.js';
import { queryTermsOf, termsOf } from '../src/lexical/terms.js';

/** What is used of MiniSearch, whose types are not there unless bench's packages are installed. */
interface MiniSearch {
  addAll(documents: readonly { readonly id: number; readonly text: string }[]): void;
  search(query: string): unknown[];
}
type MakeMiniSearch = new (options: object) => MiniSearch;

const K = 10;
const ROUNDS = 5;
/** Texts of the largest case: the catalog again and again, each copy with a word of its own. */
const MANY = 100_000;

// Not a literal, so that this compiles where it is not installed.
const name: string = 'minisearch';
const { default: MiniSearch } = (await import(name)) as { default: MakeMiniSearch };
const sameTerms = {
  fields: ['text'],
  tokenize: (text: string, field?: string) => (field ? termsOf(text) : queryTermsOf(text)),
  processTerm: (term: string) => term,
};

const rows: object[] = [];
for (const folder of process.argv.slice(2)) {
  const catalog = await loadCatalog(join(folder, 'catalog.jsonl'));
  const sets = await loadSets(join(folder, 'sets.jsonl'), catalog);
  const queries = queriesForSets({ items: catalog.items, sets, queriesPerSet: 1, seed: 1 })
    .filter(({ split }) => split === 'valid')
    .map(({ query }) => query);
  const texts = catalog.items.map(({ text }) => text);
  const many = Array.from(
    { length: MANY },
    (_, i) => `${texts[i % texts.length]} ${Math.floor(i / texts.length)}`,
  );
  for (const list of [texts, many]) rows.push(compare(list, queries));
}
if (rows.length === 0) throw new Error('usage: npx jiti bench/lexical.ts <data folder>...');
const columns = Object.keys(rows[0]) as (keyof (typeof rows)[0])[];
console.log(
  formatTable(
    rows,
    columns.map((title) => ({ title, value: (r: object) => r[title as keyof typeof r] })),
  ),
);

function compare(texts: readonly string[], queries: readonly string[]) {
  const items = texts.map((text, id) => ({ id, text }));
  const changed = items.map((item) =>
    item.id % Math.ceil(items.length / 100) === 0 ? { ...item, text: `new ${item.text}` } : item,
  );
  const mini = (options: object) => {
    const made = new MiniSearch(options);
    made.addAll(items);
    return made;
  };
  const bm25 = Bm25.of(items);
  const [words, terms] = [mini({ fields: ['text'] }), mini(sameTerms)];
  const search = (run: (query: string) => unknown) =>
    median(() => {
      for (const query of queries) run(query);
    }) / queries.length;
  const [own, plain, same] = [
    search((query) => bm25.search(query, { k: K })),
    search((query) => words.search(query).slice(0, K)),
    search((query) => terms.search(query).slice(0, K)),
  ];
  return {
    texts: String(texts.length),
    queries: String(queries.length),
    'index ms': median(() => Bm25.of(items)).toFixed(0),
    'again ms': median(() => bm25.with(changed)).toFixed(0),
    'minisearch index ms': median(() => mini({ fields: ['text'] })).toFixed(0),
    'query ms': own.toFixed(4),
    'minisearch ms': `${plain.toFixed(3)} (${(plain / own).toFixed(0)} x)`,
    'same terms ms': `${same.toFixed(3)} (${(same / own).toFixed(0)} x)`,
  };
}

function median(run: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[ROUNDS >> 1];
}
