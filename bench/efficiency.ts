/**
 * The time that sets for a batch of queries take.
 *
 *     npx jiti bench/efficiency.ts --run runs/quickstart     # --batches 1,8,64 --runs 5 --limit 20 --threads 2
 *
 * Time starts at the query's embedding, which all methods need. For what the run has compiled, its policy and its own set diffusion,
 * it ends at the sets of k items, candidates and all. The `paper` preset (53.9M parameters) draws k directions, whose time is that of
 * the paper's figures; with the index search they are sets as well. Its weights are random: time does not depend on weights, quality
 * is no subject here; `8 bits` is the same with products of 8 bits (src/engine/int8.ts).
 *
 * A figure is the median of `--runs` batches, over the batch: milliseconds a query. Quick ones are timed for a second, as a process that
 * answers all day has its code compiled; slow ones are timed less often, and a batch that would take longer than `--limit` seconds is
 * not run: its figure is that of the largest batch timed, and has a `~` before it.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DenoiserConfig, presets } from '../src/diffusion/config.js';
import { type DiffusionModel, parameterGraph } from '../src/diffusion/model.js';
import { readDiffusion } from '../src/diffusion/modelFiles.js';
import { SetDiffusion, type SetDiffusionOptions } from '../src/diffusion/setDiffusion.js';
import { countParameters, initialize } from '../src/engine/index.js';
import type { EmbeddedQueries } from '../src/environment.js';
import { formatTable } from '../src/evaluate/table.js';
import { gatherRows, rowRange } from '../src/matrix.js';
import { fannedOutSets } from '../src/retrieve/fannedOut.js';
import { findSets } from '../src/retrieve/findSets.js';
import { loadRun } from '../src/retrieve/loadRun.js';

const { values: options } = parseArgs({
  options: {
    run: { type: 'string', default: join('runs', 'quickstart') },
    batches: { type: 'string', default: '1,8,64' },
    runs: { type: 'string', default: '5' },
    limit: { type: 'string', default: '20' },
    threads: { type: 'string' },
  },
});
const runtime = options.threads === undefined ? {} : { threads: Number(options.threads) };
const batches = options.batches.split(',').map(Number);
const runs = Number(options.runs);
const limitMs = 1000 * Number(options.limit);
/** Milliseconds for which quick batches are timed. */
const QUICK_MS = 1000;
/** Denoising steps of a request; the run's own are timed besides. */
const STEPS = [1, 4, 16];

/** Milliseconds a query, by batch. */
type Times = Map<number, { readonly ms: number; readonly extrapolated: boolean }>;

const loaded = await loadRun(options.run, { ...runtime, methods: ['plain', 'folm', 'diffusion'] });
const { run, config, workspace, space } = loaded;
const { k, diffusion } = space;
if (!space.policy || !diffusion)
  throw new Error(`${options.run} has no trained models; compile it to the end`);
const known = workspace.queries.map(({ query }) => query);
const knownVectors = await workspace.encoder.encode(known);
const { model: own, sampling } = await readDiffusion(run.path('diffusion'));
const { dimension, conditionDimension, sigmaData } = own.config;
const paper = randomModel({ ...presets.paper, dimension, conditionDimension, sigmaData });

const measured: { name: string; what: string; times: Times }[] = [];
const sets = `${k} items`;
for (const method of ['plain', 'folm'] as const)
  await measure(method, sets, (queries, seed) => findSets(space, method, queries, { k, seed }));
for (const steps of new Set([diffusion.steps, ...STEPS])) {
  const draws = sampling.draws === undefined ? '' : `, ${counted(sampling.draws, 'draw')}`;
  const name = `diffusion \`${config.diffusion.preset}\`, ${counted(steps, 'step')}${draws}`;
  await measure(name, sets, (queries, seed) => findSets(space, 'diffusion', queries, { k, seed, steps }));
}
for (const steps of STEPS)
  for (const int8 of [false, true]) await measurePaper({ model: paper, steps, int8 });
await measurePaper({ model: paper, sampler: 'eulerMaruyama', steps: 256 });
await loaded.release();

const sizes = [own, paper].map(({ parameters }) => `${(countParameters(parameters) / 1e6).toFixed(2)}M`);
console.log(
  `${workspace.items.length} items, k = ${k}; the run's diffusion has ${sizes[0]} parameters, \`paper\` ${sizes[1]}. ` +
    'Milliseconds a query; ~ extrapolated.\n',
);
console.log(table());

async function measurePaper(settings: SetDiffusionOptions): Promise<void> {
  const model = await SetDiffusion.create({ ...settings, runtime });
  const { sampler, steps = 1, int8 } = settings;
  const name = `diffusion \`paper\`, ${counted(steps, 'step')}${sampler ? ' of its own sampler' : ''}${int8 ? ', 8 bits' : ''}`;
  const directions = ({ vectors }: EmbeddedQueries, seed: number) =>
    model.sample({ conditions: vectors, rows: k, seed });
  await measure(name, `${k} directions`, directions);
  // The search costs the same after any number of steps.
  if (steps === STEPS[0])
    await measure(name, sets, async (queries, seed) => {
      const found = await directions(queries, seed);
      const fanOuts = queries.texts.map((_, q) => ({ directions: rowRange(found, q * k, (q + 1) * k) }));
      return fannedOutSets(workspace, fanOuts, { k });
    });
  await model.release();
}

async function measure(
  name: string,
  what: string,
  ask: (queries: EmbeddedQueries, seed: number) => Promise<unknown>,
): Promise<void> {
  const times: Times = new Map();
  let last: number | undefined;
  for (const batch of batches) {
    process.stderr.write(`\r\x1b[K${name}, batch ${batch}`);
    const extrapolated = last !== undefined && last * batch > limitMs;
    const ms: number = extrapolated ? last! : (await timeBatch(ask, batch)) / batch;
    times.set(batch, { ms, extrapolated });
    last = ms;
  }
  process.stderr.write('\r\x1b[K');
  measured.push({ name, what, times });
}

/** Milliseconds for a batch; another seed each time. */
async function timeBatch(ask: Parameters<typeof measure>[2], batch: number): Promise<number> {
  const rows = Array.from({ length: batch }, (_, i) => i % known.length);
  const queries = { texts: rows.map((i) => known[i]), vectors: gatherRows(knownVectors, rows) };
  const times: number[] = [];
  let spent = 0;
  // The first is a warm-up, which counts only where it takes so long that it is all there is.
  for (let seed = 0; (seed <= runs || spent < QUICK_MS) && spent < limitMs; seed++) {
    const started = performance.now();
    await ask(queries, seed);
    times.push(performance.now() - started);
    spent += times[seed];
  }
  const counting = times.length > 1 ? times.slice(1) : times;
  return counting.toSorted((a, b) => a - b)[counting.length >> 1];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function randomModel(config: DenoiserConfig): DiffusionModel {
  return { config, parameters: initialize(parameterGraph(config), 1) };
}

function table(): string {
  const cell = (times: Times, batch: number) => {
    const { ms, extrapolated } = times.get(batch)!;
    return `${extrapolated ? '~' : ''}${Number(ms.toPrecision(3)).toLocaleString('en-US')}`;
  };
  return formatTable(
    measured,
    [
      { title: 'method', value: ({ name }) => name },
      { title: 'gives', value: ({ what }) => what },
      ...batches.map((batch) => ({
        title: `batch ${batch}`,
        value: ({ times }: (typeof measured)[number]) => cell(times, batch),
      })),
    ],
    { style: 'markdown' },
  );
}
