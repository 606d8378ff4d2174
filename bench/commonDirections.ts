/**
 * What search finds with and without the directions that all items, or all queries, have in common
 * (`src/encode/commonDirections.ts`), on the validation queries of data folders:
 *
 *   npx jiti bench/commonDirections.ts ../shared/data/bundle-clothing ../shared/data/ikea-rooms
 */
import { basename, join } from 'node:path';
import { loadCatalog } from '../src/catalog/catalog.js';
import { queriesForSets } from '../src/catalog/queriesForSets.js';
import { loadSets } from '../src/catalog/sets.js';
import { commonDirections } from '../src/encode/commonDirections.js';
import { fitProjection, project } from '../src/encode/projection.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { recallAtB } from '../src/evaluate/setMetrics.js';
import { formatTable } from '../src/evaluate/table.js';
import { ExactIndex } from '../src/index/exactIndex.js';
import { retrieveBudget } from '../src/index/retrieveBudget.js';
import { type Matrix, matrix, rowRange } from '../src/matrix.js';
import { documentFrequencies, keywordSubQueries } from '../src/retrieve/opponents.js';

/** As in `r4t bench quality`. */
const [D, K, BUDGET] = [256, 10, 0.035];
/** Hits of plain search among which hubs are counted. */
const HEAD = 10;

interface Row {
  readonly data: string;
  readonly directions: string;
  readonly plain: number;
  readonly keywords: number;
  /** Different items among the heads of all queries, as a share of all places. */
  readonly different: number;
}

const encoder = await UseLiteEncoder.load();
const rows: Row[] = [];
for (const folder of process.argv.slice(2)) rows.push(...(await compare(folder)));
if (rows.length === 0) throw new Error('usage: npx jiti bench/commonDirections.ts <data folder>...');
console.log(
  formatTable(rows, [
    { title: 'data', value: (r) => r.data },
    { title: 'left out', value: (r) => r.directions },
    { title: 'R@B plain', value: (r) => r.plain },
    { title: 'R@B keywords', value: (r) => r.keywords },
    { title: `different in top ${HEAD}`, value: (r) => r.different },
  ]),
);

async function compare(folder: string): Promise<Row[]> {
  const catalog = await loadCatalog(join(folder, 'catalog.jsonl'));
  const { items } = catalog;
  const sets = await loadSets(join(folder, 'sets.jsonl'), catalog);
  const queries = queriesForSets({ items, sets, queriesPerSet: 1, seed: 1 }).filter(
    (q) => q.items.length > 0,
  );
  const valid = queries.filter(({ split }) => split === 'valid');
  const frequencies = documentFrequencies(items.map(({ text }) => text));
  const keywords = valid.map(({ query }) => keywordSubQueries(query, K, frequencies));
  const texts = {
    items: items.map(({ text }) => text),
    train: queries.filter(({ split }) => split === 'train').map(({ query }) => query),
    valid: valid.map(({ query }) => query),
    keywords: keywords.flat(),
  };
  const full = {
    items: await encoder.encode(texts.items),
    train: await encoder.encode(texts.train),
    valid: await encoder.encode(texts.valid),
    keywords: await encoder.encode(texts.keywords),
  };
  const common = {
    nothing: matrix(0, encoder.dim),
    'mean of items': commonDirections([full.items]),
    'both means': commonDirections([full.items, full.train]),
  };
  const found: Row[] = [];
  for (const [directions, without] of Object.entries(common)) {
    const projection = await fitProjection([full.items, full.train], { d: D, without });
    const index = await ExactIndex.create({ vectors: await project(projection, full.items) });
    const plain = await project(projection, full.valid);
    const words = await project(projection, full.keywords);
    const budget = Math.round(BUDGET * items.length);
    const recall = async (q: number, part: Matrix) => {
      const [retrieved] = await retrieveBudget(index, { directions: part, perQuery: part.rows, budget });
      return recallAtB({ retrieved, reference: valid[q].items, budget });
    };
    let [plainSum, keywordSum, start] = [0, 0, 0];
    for (let q = 0; q < valid.length; q++) {
      const end = start + keywords[q].length;
      plainSum += await recall(q, rowRange(plain, q, q + 1));
      keywordSum += await recall(q, rowRange(words, start, end));
      start = end;
    }
    const { indices } = await index.search(plain, { k: HEAD });
    await index.release();
    found.push({
      data: basename(folder),
      directions,
      plain: plainSum / valid.length,
      keywords: keywordSum / valid.length,
      different: new Set(indices).size / indices.length,
    });
  }
  return found;
}
