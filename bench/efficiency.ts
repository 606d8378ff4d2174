/**
 * The time that k directions for a batch of queries take, and with the index search the sets of items.
 *
 *     npx jiti bench/efficiency.ts     # --run runs/quickstart --batches 1,8,64,256,1024 --runs 5 --limit 20 --threads 2
 *
 * Time starts at the query's embedding, which all methods need, and ends at the k directions of every query in the batch. The
 * FOLM writes sub-queries and embeds them, none remembered from earlier batches; "words only" leaves the embedding out. The
 * untrained policy is the same network with the warm start's weights. The diffusion of the run is timed with its own weights and
 * sampling, with one set a query where that is the best of several; the `paper` preset (53.9M parameters) with random weights and one
 * set: time does not depend on weights, quality is no subject here.
 *
 * A figure is the median of `--runs` batches; slow ones are timed less often. A batch that would take longer than `--limit`
 * seconds is not run: its figure is that of the largest batch timed, times the ratio of the sizes, and has a `~` before it.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type DenoiserConfig, presets } from '../src/diffusion/config.js';
import type { DiffusionModel } from '../src/diffusion/model.js';
import { parameterGraph, readDiffusion } from '../src/diffusion/modelFiles.js';
import { SetDiffusion, type SetDiffusionOptions } from '../src/diffusion/setDiffusion.js';
import { CachedEncoder } from '../src/encode/cached.js';
import { countParameters, initialize } from '../src/engine/index.js';
import { formatTable } from '../src/evaluate/table.js';
import { gatherRows, type Matrix, rowRange } from '../src/matrix.js';
import type { Policy } from '../src/policy/policy.js';
import { loadPolicy, loadPolicyModel, POLICY_FILES } from '../src/policy/policyFiles.js';
import { fannedOutSets } from '../src/retrieve/fannedOut.js';
import { loadRun } from '../src/retrieve/loadRun.js';

const { values: options } = parseArgs({
  options: {
    run: { type: 'string', default: join('runs', 'quickstart') },
    batches: { type: 'string', default: '1,8,64,256,1024' },
    runs: { type: 'string', default: '5' },
    limit: { type: 'string', default: '20' },
    threads: { type: 'string' },
  },
});
const runtime = options.threads === undefined ? {} : { threads: Number(options.threads) };
const batches = options.batches.split(',').map(Number);
const runs = Number(options.runs);
const limitMs = 1000 * Number(options.limit);
const STEPS = [1, 3, 8, 16];

interface Batch {
  readonly queries: readonly string[];
  readonly vectors: Matrix;
}

interface Method {
  readonly name: string;
  /** The directions of a batch; another seed each time. None where there are only words. */
  readonly directions: (batch: Batch, seed: number) => Promise<Matrix | undefined>;
}

/** Milliseconds for a batch. */
interface Time {
  readonly directions: number;
  readonly withSearch: number;
  readonly extrapolated: boolean;
}

const { run, config, workspace, space } = await loadRun(options.run, { ...runtime, methods: ['folm'] });
const { policy: trained, k } = space;
if (!trained) throw new Error(`${options.run} has no trained policy; compile it to the end`);
const untrained = await loadPolicy(
  await loadPolicyModel(run.path(...POLICY_FILES.model)),
  run.path(...POLICY_FILES.untrained),
  workspace,
  runtime,
);
const known = workspace.queries.map(({ query }) => query);
const knownVectors = await workspace.encoder.encode(known);
const { model: own, sampling } = await readDiffusion(run.path('diffusion'));
const { preset } = config.diffusion;
const paper = randomModel({ ...own.config, ...presets.paper, anchors: 0, anchorSpread: 0 });

const measured: { name: string; times: Map<number, Time> }[] = [];
await measure(folm('FOLM', trained));
await measure(folm('untrained policy', untrained));
await measure({
  name: 'FOLM, words only',
  directions: async (batch, seed) => {
    await trained.sample({ ...batch, seed });
    return undefined;
  },
});
for (const candidates of new Set([sampling.candidates, 1]))
  for (const steps of STEPS) await measureDiffusion(preset, { model: own, ...sampling, candidates, steps });
for (const steps of STEPS) await measureDiffusion('paper', { model: paper, steps });
await measureDiffusion('paper', {
  model: paper,
  sampler: 'eulerMaruyama',
  steps: 256,
});

const sizes = [own, paper].map(({ parameters }) => `${(countParameters(parameters) / 1e6).toFixed(1)}M`);
console.log(
  `${workspace.items.length} items, k = ${k}; \`${preset}\` has ${sizes[0]} parameters, \`paper\` ${sizes[1]}. ` +
    'Milliseconds a batch, and how many times faster than the FOLM; ~ extrapolated.',
);
console.log(`\nDirections alone\n\n${table('directions')}`);
console.log(`\nWith the index search: ${k} distinct items a query\n\n${table('withSearch')}`);

function folm(name: string, policy: Policy): Method {
  return {
    name,
    directions: async (batch, seed) => {
      const completions = await policy.sample({ ...batch, seed });
      if (workspace.encoder instanceof CachedEncoder) workspace.encoder.clear();
      return workspace.encoder.encode(completions.flatMap(({ subQueries }) => subQueries));
    },
  };
}

async function measureDiffusion(name: string, settings: SetDiffusionOptions): Promise<void> {
  const diffusion = await SetDiffusion.create({ ...settings, runtime });
  const { candidates = 1, sampler } = settings;
  const sets = candidates === 1 ? 'one set' : `best of ${candidates} sets`;
  const steps = settings.steps === 1 ? '1 step' : `${settings.steps} steps`;
  await measure({
    name: `Diffusion \`${name}\`, ${sets}, ${steps}${sampler === 'eulerMaruyama' ? ' of its own sampler' : ''}`,
    directions: ({ vectors }, seed) => diffusion.sample({ conditions: vectors, rows: k, seed }),
  });
  await diffusion.release();
}

async function measure({ name, directions }: Method): Promise<void> {
  const times = new Map<number, Time>();
  let largest: { batch: number; time: Time } | undefined;
  for (const batch of batches) {
    process.stderr.write(`\r\x1b[K${name}, batch ${batch}`);
    const scale = batch / (largest?.batch ?? batch);
    const expected = largest ? scaled(largest.time, scale) : undefined;
    if (expected && expected.directions > limitMs) {
      times.set(batch, expected);
      continue;
    }
    const time = await timeBatch(directions, batch);
    times.set(batch, time);
    largest = { batch, time };
  }
  process.stderr.write('\r\x1b[K');
  measured.push({ name, times });
}

async function timeBatch(directions: Method['directions'], batch: number): Promise<Time> {
  const rows = Array.from({ length: batch }, (_, i) => i % known.length);
  const embedded = { queries: rows.map((i) => known[i]), vectors: gatherRows(knownVectors, rows) };
  const alone: number[] = [];
  const withSearch: number[] = [];
  let spent = 0;
  // The first is a warm-up, which counts only where it takes so long that it is all there is.
  for (let seed = 0; seed <= runs && spent < limitMs; seed++) {
    const started = performance.now();
    const found = await directions(embedded, seed);
    const directed = performance.now();
    if (found) await fannedOutSets(workspace, fanOutsOf(found), { k });
    const ended = performance.now();
    spent += ended - started;
    alone.push(directed - started);
    withSearch.push(found ? ended - started : Number.NaN);
  }
  const counted = alone.length > 1 ? 1 : 0;
  return {
    directions: median(alone.slice(counted)),
    withSearch: median(withSearch.slice(counted)),
    extrapolated: false,
  };
}

/** k directions a query, one query after another. */
const fanOutsOf = (found: Matrix) =>
  Array.from({ length: found.rows / k }, (_, q) => ({ directions: rowRange(found, q * k, (q + 1) * k) }));

function scaled({ directions, withSearch }: Time, scale: number): Time {
  return { directions: directions * scale, withSearch: withSearch * scale, extrapolated: true };
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function randomModel(config: DenoiserConfig): DiffusionModel {
  return { config, parameters: initialize(parameterGraph(config), 1) };
}

function table(what: 'directions' | 'withSearch'): string {
  const [{ times: reference }] = measured;
  const cell = (times: Map<number, Time>, batch: number) => {
    const [time, base] = [times.get(batch), reference.get(batch)];
    if (!time || !base || Number.isNaN(time[what])) return '-';
    const approximate = time.extrapolated ? '~' : '';
    return `${approximate}${short(time[what])} (${short(base[what] / time[what])}x)`;
  };
  return formatTable(
    measured,
    [
      { title: 'method', value: ({ name }) => name },
      ...batches.map((batch) => ({
        title: `batch ${batch}`,
        value: ({ times }: (typeof measured)[number]) => cell(times, batch),
      })),
    ],
    { style: 'markdown' },
  );
}
