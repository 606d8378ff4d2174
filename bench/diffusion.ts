/**
 * Trains set denoisers of several sizes and measures what they give: `npx jiti bench/diffusion.ts [steps] [threads]`.
 *
 * Catalog: openmoji's names and subgroups; queries: its tags. The sets to learn are drawn from the queries' 60 nearest
 * items by a maximal-marginal-relevance rule with Gumbel noise, 16 a query: a stand-in for a trained policy that is
 * there at once. 1,500 queries train, 240 are held out. Figures of a method: groundedness, diversity, alignment and their
 * composite (weights 0.6, 0.2, 0.2) on held-out queries, the share of the target sets' composite, distinct items among
 * ten, and the median time of ten directions for a batch of eight queries.
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { type NetworkConfig, presets } from '../src/diffusion/config.js';
import type { DiffusionModel } from '../src/diffusion/model.js';
import { SetDiffusion, type SetDiffusionOptions } from '../src/diffusion/setDiffusion.js';
import { trainDiffusion } from '../src/diffusion/trainDiffusion.js';
import { fitProjection, project } from '../src/encode/projection.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { countParameters } from '../src/engine/index.js';
import { type SetMetrics, setMetrics } from '../src/evaluate/setMetrics.js';
import { dot, gatherRows, type Matrix, row, rowRange } from '../src/matrix.js';
import { CounterRandom } from '../src/random.js';

const [steps = 1500, threads = availableParallelism()] = process.argv.slice(2).map(Number);
const K = 10;
const SETS = 16;
const TRAIN = 1500;
const TEST = 240;
const NEAREST = 60;

const { items, queries } = await embeddings();
const rows = new Int32Array((TRAIN + TEST) * SETS * K);
for (let query = 0; query < TRAIN + TEST; query++) {
  const near = nearestItems(row(queries, query));
  for (let i = query * SETS; i < (query + 1) * SETS; i++)
    rows.set(drawSet(near, new CounterRandom(1, 'set', i)), i * K);
}
const held = rowRange(queries, TRAIN, TRAIN + TEST);
const data = {
  conditions: rowRange(queries, 0, TRAIN),
  table: items,
  rows: rows.subarray(0, TRAIN * SETS * K),
  queryOf: Int32Array.from({ length: TRAIN * SETS }, (_, i) => Math.floor(i / SETS)),
};
const target = mean(
  Array.from({ length: TEST }, (_, i) => {
    const first = (TRAIN + i) * SETS * K;
    const vectors = gatherRows(items, rows.subarray(first, first + K));
    return { ...setMetrics({ items: vectors, directions: vectors, query: row(held, i) }), distinct: K };
  }),
);

const networks: Record<string, NetworkConfig> = {
  small: presets.small,
  'three layers': { ...presets.small, layers: 3, hidden: 512 },
  '512 anchors': { ...presets.small, maxAnchors: 512 },
  'no anchors': { ...presets.small, maxAnchors: 0 },
};
const samplings: Record<string, Partial<SetDiffusionOptions>[]> = {
  small: [
    ...[3, 4, 5, 6, 8, 16].map((n) => ({ steps: n })),
    { guidance: 0.1 },
    { sampler: 'heun', steps: 4 },
    { sampler: 'exponentialSde', steps: 8 },
    { sampler: 'eulerMaruyama', steps: 256 },
  ],
};

console.log(`${items.rows} items, ${steps} steps, ${threads} threads`);
console.log('target', format(target));
for (const [name, network] of Object.entries(networks)) {
  const started = performance.now();
  const model = await trainDiffusion({ data, network, steps, seed: 1, runtime: { threads } });
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name}: ${countParameters(model.parameters)} numbers, trained in ${seconds.toFixed(0)} s`);
  for (const sampling of samplings[name] ?? [{}]) await measure(model, sampling);
}

async function measure(model: DiffusionModel, sampling: Partial<SetDiffusionOptions>): Promise<void> {
  const diffusion = await SetDiffusion.create({ model, runtime: { threads }, ...sampling });
  const sets = await diffusion.sample({ conditions: held, rows: K });
  const quality = mean(
    Array.from({ length: TEST }, (_, i) => {
      const directions = rowRange(sets, i * K, (i + 1) * K);
      const hits = Array.from({ length: K }, (_, j) => nearest(row(directions, j)));
      const found = gatherRows(items, hits);
      return {
        ...setMetrics({ items: found, directions, query: row(held, i) }),
        distinct: new Set(hits).size,
      };
    }),
  );
  const eight = rowRange(held, 0, 8);
  const times: number[] = [];
  for (let seed = 0; seed < 41; seed++) {
    const started = performance.now();
    await diffusion.sample({ conditions: eight, rows: K, seed });
    times.push(performance.now() - started);
  }
  await diffusion.release();
  const share = ((100 * quality.composite) / target.composite).toFixed(1);
  const median = times.sort((a, b) => a - b)[20].toFixed(1);
  console.log(`  ${JSON.stringify(sampling)} ${format(quality)}, ${share}% of target, ${median} ms`);
}

interface OpenMoji {
  readonly annotation: string;
  readonly subgroups: string;
  readonly group: string;
  readonly skintone: string;
  readonly tags: string;
  readonly openmoji_tags: string;
}

async function embeddings(): Promise<{ items: Matrix; queries: Matrix }> {
  const { openmojis } = createRequire(import.meta.url)('openmoji') as { openmojis: readonly OpenMoji[] };
  const kept = openmojis.filter((e) => !e.skintone && !/^(flags|component|extras)/.test(e.group));
  const tags = new Set(kept.flatMap((e) => `${e.tags},${e.openmoji_tags}`.toLowerCase().split(/\s*,\s*/)));
  tags.delete('');
  const chosen = new CounterRandom(1, 'queries').shuffle([...tags]).slice(0, TRAIN + TEST);
  const encoder = await UseLiteEncoder.load({ threads });
  const texts = await encoder.encode(kept.map((e) => `${e.annotation}, ${e.subgroups}`));
  const asked = await encoder.encode(chosen);
  await encoder.release();
  const projection = await fitProjection([texts, rowRange(asked, 0, TRAIN)], { d: 128, threads });
  return { items: await project(projection, texts), queries: await project(projection, asked) };
}

interface Near {
  readonly item: number;
  readonly cosine: number;
}

/** Ten of the near items, one by one: close to the query, far from those chosen, perturbed by Gumbel noise. */
function drawSet(near: readonly Near[], random: CounterRandom): number[] {
  const left = near.map((item) => ({ ...item, repeated: 0 }));
  const chosen: number[] = [];
  while (chosen.length < K) {
    const scores = left.map(
      ({ cosine, repeated }) =>
        0.6 * cosine - 0.4 * repeated - 0.05 * Math.log(-Math.log(random.uniform() + 1e-12)),
    );
    const [{ item: best }] = left.splice(scores.indexOf(Math.max(...scores)), 1);
    chosen.push(best);
    for (const other of left)
      other.repeated = Math.max(other.repeated, dot(row(items, other.item), row(items, best)));
  }
  return chosen;
}

function nearestItems(query: Float32Array): Near[] {
  const all = Array.from({ length: items.rows }, (_, item) => ({
    item,
    cosine: dot(query, row(items, item)),
  }));
  return all.sort((a, b) => b.cosine - a.cosine).slice(0, NEAREST);
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
