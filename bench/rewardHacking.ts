/**
 * The reward-hacking ablation: what becomes of sets that are trained for a reward of the paper's objectives, by the labels of people.
 *
 *     npx jiti bench/rewardHacking.ts --data runs/openmoji     # --steps 80 --out runs/reward-hacking --threads 2
 *
 * `--data` is a folder with `catalog.jsonl` and `sets.jsonl`. One warm start imitates the reference sets, then Soft-GRPO goes on from
 * there once for each arm: the same seed, queries and steps, another reward. Eight times in a training the policy is asked for the
 * likeliest set of every validation query with a reference set: what the arm's own reward says of it, and P@k and alpha-nDCG@k by the
 * labels. Where the first rises while the others fall, the reward is hacked. A chosen item is its own sub-query, so groundedness is 1
 * whatever is chosen: the weights are diversity's against alignment's. Test queries are not asked. Prints a table; writes
 * `reward-hacking.json` and `reward-hacking.svg` to `--out`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { aspectsOf } from '../src/candidates/aspects.js';
import { compile } from '../src/compile/compile.js';
import { openPolicy } from '../src/compile/policyStages.js';
import { type StageContext, trainedPolicySettings } from '../src/compile/stage.js';
import { trainingQueries, validationQueries } from '../src/compile/trainingQueries.js';
import { labelMetrics } from '../src/evaluate/labelMetrics.js';
import { labelsOf } from '../src/evaluate/measure.js';
import { formatTable } from '../src/evaluate/table.js';
import { writeFileAtomic, writeJson } from '../src/files.js';
import { retrieveFanOuts } from '../src/policy/fanOut.js';
import type { PointerPolicy } from '../src/policy/pointer/pointerPolicy.js';
import { reinforce } from '../src/policy/reinforce.js';
import { loadRun } from '../src/retrieve/loadRun.js';
import { scoreFanOuts } from '../src/reward/evaluateReward.js';
import { labelReward } from '../src/reward/labelReward.js';
import { alignment } from '../src/reward/objectives.js';
import type { RewardFunction } from '../src/reward/reward.js';
import { vendi } from '../src/reward/vendi.js';
import { paperWeights, type UserConfig } from '../src/run/config.js';
import { parseConfig } from '../src/run/parseConfig.js';
import { TASKS } from '../src/tasks/tasks.js';
import { type Figures, picture } from './rewardHacking/picture.js';

/** Weights of groundedness, diversity and alignment; without any the reward is alpha-nDCG by the labels. */
const ARMS: Readonly<Record<string, readonly [number, number, number] | undefined>> = {
  labels: undefined,
  'all three 6:2:2': [0.6, 0.2, 0.2],
  'all three 2:4:4': [0.2, 0.4, 0.4],
  'alignment alone': [0, 0, 1],
  'diversity alone': [0, 1, 0],
};
/** Times that the policy is asked in a training, besides the start. */
const ROUNDS = 8;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: join('runs', 'openmoji') },
    steps: { type: 'string', default: '80' },
    out: { type: 'string', default: join('runs', 'reward-hacking') },
    threads: { type: 'string' },
  },
});
const runtime = options.threads === undefined ? {} : { threads: Number(options.threads) };
const steps = Number(options.steps);
const [catalog, sets] = ['catalog.jsonl', 'sets.jsonl'].map((name) => join(options.data, name));
if (!existsSync(sets)) throw new Error(`${sets} does not exist; give --data a folder with reference sets`);

const shared: UserConfig = { ...runtime, policy: { steps } };
const warmStart = join(options.out, 'warm-start');
await compile({
  catalog,
  sets,
  out: warmStart,
  config: shared,
  stage: 'warm-start',
  onProgress: ({ stage, done, total }) => progress(`${stage} ${done}/${total}`),
});
const { run, workspace, release } = await loadRun(warmStart, { ...runtime, methods: ['plain'] });
const aspectOf = aspectsOf(workspace.items, workspace.vectors);
const labels = labelsOf(workspace, aspectOf);
const first = contextOf(undefined);
const validation = await validationQueries(first);
const { references } = validation;
if (!references || validation.texts.length === 0)
  throw new Error(`${sets} has no set with a query and the split "valid"`);

const trainings: { name: string; points: Figures[] }[] = [];
for (const [name, weights] of Object.entries(ARMS))
  trainings.push({ name, points: await train(name, weights) });
await release();
progress('');

await writeJson(join(options.out, 'reward-hacking.json'), { steps, trainings });
await writeFileAtomic(join(options.out, 'reward-hacking.svg'), `${picture(trainings)}\n`);
console.log(
  `${workspace.items.length} items, ${validation.texts.length} validation queries, ${steps} steps from one warm start\n`,
);
console.log(table());
console.log(`\nThe curves: ${join(options.out, 'reward-hacking.{json,svg}')}`);

/** What the stages of a compilation with these weights would work with. */
function contextOf(weights: (typeof ARMS)[string]): StageContext {
  const [groundedness, diversity, aligned] = weights ?? [];
  const config = parseConfig({
    ...shared,
    ...(weights && {
      reward: { preset: 'paper', weights: { groundedness, diversity, alignment: aligned } },
    }),
  });
  const task = TASKS[config.task];
  const paper = paperWeights(config);
  const reward = paper ? task.paperReward(paper) : labelReward(aspectOf);
  return { run, config, runtime, task, reward, blind: { reward }, workspace };
}

async function train(name: string, weights: (typeof ARMS)[string]): Promise<Figures[]> {
  const context = contextOf(weights);
  const { config, reward } = context;
  const { klOld, klReverse, clip, ...settings } = trainedPolicySettings(config);
  const opened = await openPolicy(context, 'untrained');
  const points = [await figures(opened.policy, reward, 0)];
  const every = Math.max(1, Math.floor(steps / ROUNDS));
  await reinforce({
    ...settings,
    policy: opened.policy,
    world: workspace,
    queries: await trainingQueries(context),
    reward,
    coefficients: { clip, klOld, klReverse },
    seed: config.seed,
    runtime,
    async onStep({ step }) {
      progress(`${name}: ${step}/${steps}`);
      if (step % every === 0 || step === steps) points.push(await figures(opened.policy, reward, step));
    },
  });
  await opened.release();
  return points;
}

/** Means over the validation queries' likeliest sets. */
async function figures(policy: PointerPolicy, reward: RewardFunction, step: number): Promise<Figures> {
  const { texts, vectors } = validation;
  const completions = await policy.sample({
    queries: texts,
    vectors,
    temperature: 0,
    seed: 1,
    streams: texts,
  });
  const fanOuts = await retrieveFanOuts(completions, validation, workspace);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const byLabels = fanOuts.map(({ retrieved }, q) =>
    labelMetrics({
      ...labels,
      retrieved,
      reference: labels.referenceOf(references![q]),
      k: first.config.k,
    }),
  );
  return {
    step,
    reward: scoreFanOuts(fanOuts, reward).meanReward,
    precision: mean(byLabels.map(({ precisionAtK }) => precisionAtK)),
    alphaNdcg: mean(byLabels.map(({ alphaNdcgAtK }) => alphaNdcgAtK)),
    vendi: mean(fanOuts.map(({ retrievedVectors }) => vendi(retrievedVectors))),
    alignment: mean(fanOuts.map((f) => alignment(f.retrievedVectors, f.queryVector))),
  };
}

function table(): string {
  const change = (figure: keyof Figures) => ({
    value: ({ points }: (typeof trainings)[number]) =>
      `${points[0][figure].toFixed(3)} -> ${points.at(-1)![figure].toFixed(3)}`,
  });
  return formatTable(
    trainings,
    [
      { title: 'reward', value: ({ name }) => name },
      { title: 'its own figure', ...change('reward') },
      { title: 'P@k', ...change('precision') },
      { title: 'alpha-nDCG@k', ...change('alphaNdcg') },
      { title: 'Vendi', ...change('vendi') },
      { title: 'cosine to the query', ...change('alignment') },
    ],
    { style: 'markdown' },
  );
}

function progress(text: string): void {
  process.stderr.write(`\r\x1b[K${text}`);
}
