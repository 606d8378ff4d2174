/**
 * Compiles a catalog and searches it, in a process that may be given little memory: `bounded.ts <items> <folder>`; prints a line of JSON.
 * Vectors are sums of random vectors of 256 numbers, one a word, so that encoding takes little time; training is short.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLines } from '../../examples/quickstart/data.js';
import { compile, type Encoder, Retriever } from '../../src/index.js';
import { matrix, normalizeRows, row } from '../../src/matrix.js';
import { CounterRandom } from '../../src/random.js';
import { writeCatalog } from './synthetic.js';

const DIM = 256;
/** Queries that are learnt from, validated and tested on. */
const QUERIES = 120;
/** Of these so many are searched for, by each method. */
const [SEARCHES, METHODS] = [30, ['plain', 'hybrid', 'diffusion'] as const];

const words = new Map<string, Float32Array>();

function wordVector(word: string): Float32Array {
  const known =
    words.get(word) ?? new CounterRandom(1, 'growth/words', word).fillNormal(new Float32Array(DIM));
  words.set(word, known);
  return known;
}

const encoder: Encoder = {
  id: 'growth/words',
  dim: DIM,
  async encode(texts) {
    const out = matrix(texts.length, DIM);
    for (const [i, text] of texts.entries()) {
      const sum = row(out, i);
      for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
        const vector = wordVector(word);
        for (let j = 0; j < DIM; j++) sum[j] += vector[j];
      }
    }
    return normalizeRows(out);
  },
};

const [items, folder] = [Number(process.argv[2]), process.argv[3]];
const [catalog, out] = [join(folder, '..', `catalog-${items}.jsonl`), join(folder, 'run')];
if (!existsSync(catalog)) await writeCatalog(catalog, items);

mkdirSync(folder, { recursive: true });
const queriesFile = join(folder, 'queries.txt');
const groceries = readLines<{ title: string }>('examples/kitchen/groceries.jsonl').map(({ title }) => title);
writeFileSync(queriesFile, [...new Set(groceries)].slice(0, QUERIES).join('\n'));

const started = performance.now();
const { seconds } = await compile({
  catalog,
  queries: queriesFile,
  out,
  encoder,
  config: {
    dimensions: DIM,
    policy: { warmStartSteps: 20, steps: 4 },
    synthesis: { samplesPerQuery: 2 },
    diffusion: { steps: 20 },
  },
});
const all = (performance.now() - started) / 1000;
const compiled = peak();

const retriever = await Retriever.load(out, { encoder });
const queries = (JSON.parse(readFileSync(join(out, 'encode/queries.json'), 'utf8')) as { query: string }[])
  .slice(0, SEARCHES)
  .map(({ query }) => query);
const hash = createHash('sha256');
const times: number[] = [];
for (const method of METHODS)
  for (const query of queries) {
    const asked = performance.now();
    const { items } = await retriever.search(query, { k: 10, method });
    times.push(performance.now() - asked);
    hash.update(JSON.stringify(items.map(({ id, score }) => [id, score])));
  }
await retriever[Symbol.asyncDispose]();
times.sort((a, b) => a - b);

console.log(
  JSON.stringify({
    seconds: { all, ...seconds },
    /** Most memory that the process has held, in MB: while it compiled, and in the end. */
    peak: { compiled, searched: peak() },
    search: { p50: times[times.length >> 1], p99: times[Math.floor(0.99 * times.length)] },
    sets: hash.digest('hex').slice(0, 16),
  }),
);

function peak(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
