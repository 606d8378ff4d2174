/**
 * Trains set denoisers of several sizes and measures what they give: `npx jiti bench/diffusion.ts [steps] [threads]`.
 *
 * Catalog, queries and the sets to learn are those of `diffusion/tagSets.ts`, 16 sets a query; 1,500 queries train, 240 are held out. Networks
 * of head `anchors` choose among the queries' candidates, of which vectors and words speak alone, since nobody has labelled a set; those of
 * head `edm` draw directions. Figures of a method: groundedness, diversity, alignment and their composite (weights 0.6, 0.2, 0.2) on
 * held-out queries, the share of the target sets' composite, distinct items among ten, and the median time of ten items for a batch of eight
 * queries whose candidates are read. Items that are chosen are their own directions, with a groundedness of 1: composites compare networks
 * of the same head alone.
 */
import { availableParallelism } from 'node:os';
import { readCandidates, standardize, standardOf } from '../src/candidates/candidates.js';
import type { ReadQueries } from '../src/candidates/reader.js';
import { gatherRead } from '../src/candidates/reader.js';
import { type NetworkConfig, presets } from '../src/diffusion/config.js';
import type { DiffusionModel } from '../src/diffusion/model.js';
import { openCandidateDiffusion } from '../src/diffusion/modelFiles.js';
import { SetDiffusion } from '../src/diffusion/setDiffusion.js';
import { type TrainingCandidates, trainDiffusion } from '../src/diffusion/trainDiffusion.js';
import { countParameters } from '../src/engine/index.js';
import { type SetMetrics, setMetrics } from '../src/evaluate/setMetrics.js';
import { Bm25 } from '../src/lexical/bm25.js';
import { dot, gatherRows, type Matrix, row, rowRange } from '../src/matrix.js';
import { ExactIndex } from '../src/vectorIndex/exactIndex.js';
import { K, SETS, TEST, TRAIN, tagSets } from './diffusion/tagSets.js';

const [steps = 400, threads = availableParallelism()] = process.argv.slice(2).map(Number);

const { items, queries, titles, texts, rows, data, held } = await tagSets(threads);
const { candidates, heldCandidates } = await readAll();
const target = mean(
  Array.from({ length: TEST }, (_, i) => {
    const first = (TRAIN + i) * SETS * K;
    const vectors = gatherRows(items, rows.subarray(first, first + K));
    return { ...setMetrics({ items: vectors, directions: vectors, query: row(held, i) }), distinct: K };
  }),
);

const networks: Record<string, NetworkConfig> = {
  small: presets.small,
  'two layers': { ...presets.small, layers: 2 },
  'twice as wide': { ...presets.small, width: 128, hidden: 512 },
  'small, head edm': { ...presets.small, head: 'edm' },
};
const samplings: Record<NetworkConfig['head'], readonly Sampling[]> = {
  anchors: [1, 2, 4].flatMap((count) => [1, 4].map((draws) => ({ steps: count, draws }))),
  edm: [
    ...[4, 8, 16].map((count) => ({ steps: count })),
    { sampler: 'heun', steps: 8 },
    { sampler: 'eulerMaruyama', steps: 256 },
  ],
};

interface Sampling {
  readonly steps: number;
  readonly draws?: number;
  readonly sampler?: 'heun' | 'eulerMaruyama';
}

console.log(`${items.rows} items, ${steps} steps, ${threads} threads`);
console.log('target', format(target));
for (const [name, network] of Object.entries(networks)) {
  const started = performance.now();
  const own = network.head === 'anchors' ? { candidates } : {};
  const model = await trainDiffusion({ data, ...own, network, steps, seed: 1, runtime: { threads } });
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name}: ${countParameters(model.parameters)} numbers, trained in ${seconds.toFixed(0)} s`);
  for (const sampling of samplings[network.head]) await measure(model, sampling);
}

/** What a model finds for held-out queries: items, and the directions that led there. */
interface Finder {
  find(test: readonly number[], seed: number): Promise<{ found: number[]; directions: Matrix }[]>;
  release(): Promise<void>;
}

async function open(model: DiffusionModel, sampling: Sampling): Promise<Finder> {
  if (model.config.head === 'edm') {
    const diffusion = await SetDiffusion.create({ model, runtime: { threads }, ...sampling });
    return {
      async find(test, seed) {
        const drawn = await diffusion.sample({ conditions: gatherRows(held, test), rows: K, seed });
        return test.map((_, i) => {
          const directions = rowRange(drawn, i * K, (i + 1) * K);
          return { directions, found: Array.from({ length: K }, (_, j) => nearest(row(directions, j))) };
        });
      },
      release: () => diffusion.release(),
    };
  }
  const diffusion = openCandidateDiffusion(model, sampling, { threads });
  return {
    async find(test, seed) {
      const read = gatherRead(heldCandidates, test);
      const ranked = await diffusion.rank({ read, vectors: items, rows: K, depth: K, seed });
      return ranked.map((ranking) => {
        const found = [...ranking.subarray(0, K)];
        return { found, directions: gatherRows(items, found) };
      });
    },
    release: () => diffusion.release(),
  };
}

async function measure(model: DiffusionModel, sampling: Sampling): Promise<void> {
  const finder = await open(model, sampling);
  const all = Array.from({ length: TEST }, (_, i) => i);
  const quality = mean(
    (await finder.find(all, 0)).map(({ found, directions }, i) => ({
      ...setMetrics({ items: gatherRows(items, found), directions, query: row(held, i) }),
      distinct: new Set(found).size,
    })),
  );
  const times: number[] = [];
  for (let seed = 0; seed < 21; seed++) {
    const started = performance.now();
    await finder.find(all.slice(0, 8), seed);
    times.push(performance.now() - started);
  }
  await finder.release();
  const share = ((100 * quality.composite) / target.composite).toFixed(1);
  const median = times.sort((a, b) => a - b)[10].toFixed(1);
  console.log(`  ${JSON.stringify(sampling)} ${format(quality)}, ${share}% of target, ${median} ms`);
}

/** The candidates of all queries, in deviations from the mean of those to train with. */
async function readAll(): Promise<{ candidates: TrainingCandidates; heldCandidates: ReadQueries }> {
  const index = await ExactIndex.create({ vectors: items, threads });
  const lexicon = Bm25.of(titles.map((text) => ({ text })));
  const catalog = { vectors: items, index, lexicon: () => lexicon };
  const train = { texts: texts.slice(0, TRAIN), vectors: rowRange(queries, 0, TRAIN) };
  const [read, other] = [
    await readCandidates(train, catalog),
    await readCandidates({ texts: texts.slice(TRAIN), vectors: held }, catalog),
  ];
  await index.release();
  const standard = standardOf(read.scores);
  return {
    candidates: { ...read, scores: standardize(read.scores, standard), standard },
    heldCandidates: { ...other, vectors: held, scores: standardize(other.scores, standard) },
  };
}

function nearest(direction: Float32Array): number {
  let best = { item: 0, cosine: -2 };
  for (let item = 0; item < items.rows; item++) {
    const cosine = dot(direction, row(items, item));
    if (cosine > best.cosine) best = { item, cosine };
  }
  return best.item;
}

type Quality = SetMetrics & { readonly distinct: number };

function mean(sets: readonly Quality[]): Quality {
  const names = Object.keys(sets[0]) as (keyof Quality)[];
  const entries = names.map((name) => [name, sets.reduce((sum, s) => sum + s[name], 0) / sets.length]);
  return Object.fromEntries(entries) as Quality;
}

function format({ groundedness, diversity, alignment, composite, distinct }: Quality): string {
  const figures = { groundedness, diversity, alignment, composite };
  const listed = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return `${listed.join(', ')}, distinct ${distinct.toFixed(1)}`;
}
