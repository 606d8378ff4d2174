/**
 * What hybrid search finds on the validation queries of data folders, by both ways to fuse:
 *
 *     npx jiti bench/hybrid.ts ../shared/data/recipes ../shared/data/ikea-rooms
 *
 * Plain search (USE-lite without the directions that items and queries have in common), BM25, reciprocal rank fusion and the weighted
 * form at eleven weights, the best 100 of each side fused. The aspects of alpha-nDCG are the items' categories, where they have any.
 */
import { hybridCandidates, reciprocalRankFusion, weightedFusion } from '../src/baselines/hybrid.js';
import { CachedEncoder } from '../src/encode/cached.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { formatTable } from '../src/evaluate/table.js';
import { Bm25 } from '../src/lexical/bm25.js';
import { row } from '../src/matrix.js';
import { type Judged, judge } from './judge10.js';
import { searchedData } from './validation.js';

const HEAD = 100;
const WEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

interface Row extends Judged {
  readonly data: string;
  readonly method: string;
}

const encoder = new CachedEncoder(await UseLiteEncoder.load());
const rows: Row[] = [];
for (const folder of process.argv.slice(2)) rows.push(...(await compare(folder)));
if (rows.length === 0) throw new Error('usage: npx jiti bench/hybrid.ts <data folder>...');
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
  const { name, items, valid, queries, vectors, index } = await searchedData(folder, encoder);
  const hits = await index.search(queries, { k: HEAD });
  await index.release();
  const bm25 = Bm25.of(items);
  const heads = valid.map(({ query }, q) => {
    const lexical = bm25.search(query, { k: HEAD });
    const dense = hits.indices.subarray(q * HEAD, (q + 1) * HEAD);
    return { lexical, dense, candidates: hybridCandidates(lexical, dense, row(queries, q), vectors) };
  });
  const methods: Record<string, ArrayLike<number>[]> = {
    plain: heads.map(({ dense }) => dense),
    bm25: heads.map(({ lexical }) => lexical.items),
    rrf: heads.map(({ lexical, dense }) => reciprocalRankFusion([lexical.items, dense]).items),
  };
  for (const weight of WEIGHTS)
    methods[`weight ${weight}`] = heads.map(({ candidates }) => weightedFusion(candidates, { weight }).items);
  return Object.entries(methods).map(([method, found]) => ({
    data: `${name} (${valid.length})`,
    method,
    ...judge(found, valid, items),
  }));
}
