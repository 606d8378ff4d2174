/**
 * The reward-hacking ablation: what the policy learns when objectives are missing from the reward.
 *
 *     npx jiti bench/rewardHacking.ts     # --steps 80 --out runs/reward-hacking --threads 2
 *
 * On the OpenMoji catalog, one warm start, then Soft-GRPO from there once for each arm: the same seed, queries and steps, another
 * reward. The policy of an arm is the one `r4t compile` would keep: the best on validation queries by the arm's own reward. Every arm
 * is a run folder of its own in `--out`; a run that was stopped goes on where it was. Prints a table over test queries
 * and the sub-queries of every arm; writes `reward-hacking.json` and `reward-hacking.svg`.
 */
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from '../src/compile/compile.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { formatTable } from '../src/evaluate/table.js';
import { writeFileAtomic, writeJson } from '../src/files.js';
import { gatherRows } from '../src/matrix.js';
import { retrieveFanOuts } from '../src/policy/fanOut.js';
import { loadPolicy, loadPolicyModel, POLICY_FILES } from '../src/policy/policyFiles.js';
import { alignment, groundedness } from '../src/reward/objectives.js';
import { vendi } from '../src/reward/vendi.js';
import type { UserConfig } from '../src/run/config.js';
import { readMetrics } from '../src/run/metricsLog.js';
import { parseConfig } from '../src/run/parseConfig.js';
import { RunFolder } from '../src/run/runFolder.js';
import { loadWorkspace, splitQueries } from '../src/run/workspace.js';
import { picture } from './rewardHacking/picture.js';

interface Arm {
  readonly name: string;
  /** Groundedness, diversity, alignment; scaled to sum to 1. */
  readonly weights: readonly [number, number, number];
  readonly credit?: 'set' | 'subQuery';
}

const ARMS: Readonly<Record<string, Arm>> = {
  ground: { name: 'ground only', weights: [1, 0, 0] },
  'ground-align': { name: 'ground + align 6:0:2', weights: [6, 0, 2] },
  'all-622': { name: 'all three 6:2:2', weights: [6, 2, 2] },
  'all-433': { name: 'all three 4:3:3', weights: [4, 3, 3] },
  'all-244': { name: 'all three 2:4:4', weights: [2, 4, 4] },
  'all-622-set': { name: '6:2:2, credit to the set', weights: [6, 2, 2], credit: 'set' },
};
/** Validation queries whose sub-queries are printed, spread over all of them. */
const SHOWN = 4;

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '80' },
    out: { type: 'string', default: join('runs', 'reward-hacking') },
    threads: { type: 'string' },
  },
});
const runtime = options.threads === undefined ? {} : { threads: Number(options.threads) };

const data = join('runs', 'openmoji');
const [catalog, sets] = [join(data, 'catalog.jsonl'), join(data, 'sets.jsonl')];
if (!existsSync(sets)) await import('../examples/openmoji.js');

const encoder = await UseLiteEncoder.load(runtime);
const shared = {
  catalog: { text: '{title} {category}' },
  // Free to write anything, as in the paper: texts of near items leave little to hack.
  policy: { warmStartSteps: 300, writes: 'anything', maxSubQueryTokens: 8 },
  ...runtime,
} as const satisfies UserConfig;
const warmStart = join(options.out, 'warm-start');
await compileUpTo('warm-start', 'warm start', warmStart, shared);
const base = await RunFolder.open(warmStart);
const workspace = await loadWorkspace(base, encoder, runtime);
const test = await splitQueries(workspace, 'test');
const shown = await shownQueries();

const results = [await result('warm start', base, POLICY_FILES.untrained)];
for (const [folder, arm] of Object.entries(ARMS)) {
  const config = armConfig(arm);
  const run = await startFromWarmStart(join(options.out, folder), config);
  await compileUpTo('policy', arm.name, run.folder, config);
  results.push(await result(arm.name, await RunFolder.open(run.folder), POLICY_FILES.trained));
}

const [, ...trained] = results;
await writeJson(join(options.out, 'reward-hacking.json'), { steps: Number(options.steps), arms: results });
await writeFileAtomic(join(options.out, 'reward-hacking.svg'), `${picture(trained)}\n`);
console.log(table());
for (const query of results[0].examples.keys()) printExamples(query);
console.log(`\nThe same figures and the curves: ${join(options.out, 'reward-hacking.{json,svg}')}`);

async function shownQueries() {
  const { texts, vectors } = await splitQueries(workspace, 'valid');
  const rows = Array.from({ length: SHOWN }, (_, i) => Math.floor((i * texts.length) / SHOWN));
  return { queries: rows.map((i) => texts[i]), vectors: gatherRows(vectors, rows) };
}

function armConfig({ weights: [ground, div, align], credit }: Arm): UserConfig {
  const sum = ground + div + align;
  return {
    ...shared,
    reward: {
      preset: 'paper',
      weights: { groundedness: ground / sum, diversity: div / sum, alignment: align / sum },
    },
    policy: {
      ...shared.policy,
      steps: Number(options.steps),
      // Half the rollouts at five times the default rate: a collapse is to be seen in minutes.
      queriesPerStep: 16,
      learningRate: 1e-3,
      credit,
    },
  };
}

async function compileUpTo(
  stage: 'warm-start' | 'policy',
  name: string,
  out: string,
  config: UserConfig,
): Promise<void> {
  let last = 0;
  await compile({
    catalog,
    sets,
    out,
    config,
    stage,
    encoder,
    onProgress: ({ stage: part, done, total, warning }) => {
      if (performance.now() - last < 1000 && done < total) return;
      last = performance.now();
      process.stderr.write(`\r\x1b[K${name}: ${part} ${done}/${total} ${warning ?? ''}`);
    },
  });
  process.stderr.write('\r\x1b[K');
}

/** A run of its own which has the warm start's stages already. */
async function startFromWarmStart(folder: string, config: UserConfig): Promise<RunFolder> {
  const run = await RunFolder.create(folder, { ...base.manifest, config: parseConfig(config) });
  for (const stage of ['encode', 'warm-start'] as const) {
    const done = base.stageDone(stage);
    if (run.stageDone(stage) || !done) continue;
    await cp(base.path(stage), run.path(stage), { recursive: true });
    await run.finishStage(stage, done);
  }
  return run;
}

/** What a policy writes for the test queries, and for the shown ones; with the curves of its training. */
async function result(name: string, run: RunFolder, weights: readonly string[]) {
  const model = await loadPolicyModel(run.path(...POLICY_FILES.model));
  const policy = await loadPolicy(model, run.path(...weights), workspace, runtime);
  const completions = await policy.sample({ queries: test.texts, vectors: test.vectors, seed: 1 });
  const fanOuts = await retrieveFanOuts(completions, test, workspace);
  const probes = await policy.sample({ ...shown, seed: 1 });
  await policy.release();
  const mean = (of: (fanOut: (typeof fanOuts)[number]) => number) =>
    fanOuts.reduce((sum, fanOut) => sum + of(fanOut), 0) / fanOuts.length;
  const all = fanOuts.flatMap(({ subQueries }) => subQueries);
  return {
    name,
    groundedness: mean((f) => groundedness(f.subQueryVectors, f.retrievedVectors)),
    vendi: mean((f) => vendi(f.retrievedVectors)),
    similarity: mean((f) => alignment(f.subQueryVectors, f.queryVector)),
    itemSimilarity: mean((f) => alignment(f.retrievedVectors, f.queryVector)),
    distinctSubQueries: mean((f) => new Set(f.subQueries).size / f.subQueries.length),
    distinctItems: mean((f) => new Set(f.retrieved).size / f.retrieved.length),
    distinctOverall: new Set(all).size / all.length,
    bestStep: run.stageDone('policy')?.bestStep as number | undefined,
    examples: probes.map(({ query, subQueries }) => ({ query: shown.queries[query], subQueries })),
    metrics: await readMetrics(run.path('policy', 'metrics.jsonl')),
  };
}

function table(): string {
  return formatTable(
    results,
    [
      { title: 'reward', value: (r) => r.name },
      { title: 'groundedness', value: (r) => r.groundedness },
      { title: 'Vendi', value: (r) => r.vendi, digits: 2 },
      { title: 'cosine of sub-queries to query', value: (r) => r.similarity },
      { title: 'of items', value: (r) => r.itemSimilarity },
      { title: 'distinct sub-queries', value: (r) => r.distinctSubQueries, digits: 2 },
      { title: 'distinct items', value: (r) => r.distinctItems, digits: 2 },
      { title: 'distinct over all queries', value: (r) => r.distinctOverall, digits: 2 },
      { title: 'best step', value: (r) => r.bestStep, digits: 0 },
    ],
    { style: 'markdown' },
  );
}

function printExamples(i: number): void {
  console.log(`\n"${results[0].examples[i].query}"\n`);
  for (const { name, examples } of results) console.log(`- ${name}: ${examples[i].subQueries.join(' · ')}`);
}
