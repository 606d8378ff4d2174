/**
 * What training sets give for nothing, on the validation queries of data folders:
 *
 *     npx jiti bench/labelled.ts ../shared/data/recipes ../shared/data/ikea-rooms
 *
 * Plain search (USE-lite without the directions that items and queries have in common), the commonest items of training sets, the vote
 * of the five nearest training queries, the ridge classifier, the query adapter, and the head of plain search with at most two items
 * a category.
 */
import { rankByClassifier } from '../src/baselines/classifier.js';
import { fillUp } from '../src/baselines/fillUp.js';
import { fitClassifier } from '../src/baselines/fitClassifier.js';
import { groupCap } from '../src/baselines/groupCap.js';
import { popularItems } from '../src/baselines/popular.js';
import { rankByNeighbours } from '../src/baselines/vote.js';
import { applyAdapter } from '../src/encode/adapter.js';
import { CachedEncoder } from '../src/encode/cached.js';
import { fitAdapter } from '../src/encode/fitAdapter.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { formatTable } from '../src/evaluate/table.js';
import { type Matrix, row } from '../src/matrix.js';
import { type Judged, judge } from './judge10.js';
import { K, searchedData } from './validation.js';

const HEAD = 100;
const NEIGHBOURS = 5;
const PER_GROUP = 2;
const seed = 1;

interface Row extends Judged {
  readonly data: string;
  readonly method: string;
}

const encoder = new CachedEncoder(await UseLiteEncoder.load());
const rows: Row[] = [];
for (const folder of process.argv.slice(2)) rows.push(...(await compare(folder)));
if (rows.length === 0) throw new Error('usage: npx jiti bench/labelled.ts <data folder>...');
console.log(
  formatTable(rows, [
    { title: 'data', value: (r) => r.data },
    { title: 'method', value: (r) => r.method },
    { title: 'P@10', value: (r) => r.precision },
    { title: 'R@10', value: (r) => r.recall },
    { title: 'alpha-nDCG@10', value: (r) => r.alphaNdcg },
  ]),
);

async function compare(folder: string): Promise<Row[]> {
  const { name, items, train, valid, vectors, index, queries, trained } = await searchedData(folder, encoder);
  const references = train.map((record) => record.items);
  const search = async (directions: Matrix) => {
    const { indices } = await index.search(directions, { k: HEAD });
    return valid.map((_, q) => indices.subarray(q * HEAD, (q + 1) * HEAD));
  };
  const heads = await search(queries);
  const eachQuery = (rank: (query: Float32Array, head: Int32Array) => Int32Array) =>
    heads.map((head, q) => rank(row(queries, q), head));

  const popular = popularItems(references, items.length).items;
  const memory = { vectors: trained, references };
  const start = performance.now();
  const classifier = await fitClassifier({ ...memory, k: K, seed });
  const fitted = performance.now();
  const adapter = await fitAdapter({ queries: trained, references, vectors, index, k: K, seed });
  const seconds = [fitted - start, performance.now() - fitted].map((ms) => `${(ms / 1000).toFixed(1)} s`);

  const found: Record<string, ArrayLike<number>[]> = {
    plain: heads,
    popular: eachQuery((_, head) => fillUp(popular, head, K)),
    vote: eachQuery((query, head) =>
      rankByNeighbours(query, memory, head, { neighbours: NEIGHBOURS, budget: K }),
    ),
    [`classifier (ridge ${classifier.ridge}, ${seconds[0]})`]: eachQuery((query, head) =>
      rankByClassifier(classifier, query, head, K),
    ),
    [`adapter (${adapter?.strength ?? 'off'}, ${seconds[1]})`]: adapter
      ? await search(applyAdapter(adapter, queries))
      : heads,
    'group cap': eachQuery((_, head) =>
      groupCap(head, (item) => items[item].category, { perGroup: PER_GROUP, k: K }),
    ),
  };
  await index.release();
  return Object.entries(found).map(([method, lists]) => ({
    data: `${name} (${train.length} / ${valid.length})`,
    method,
    ...judge(lists, valid, items),
  }));
}
