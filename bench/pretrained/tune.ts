/**
 * A pretrained model on a data folder of sets: what it finds zero-shot, after the supervised warm-up on the training sets' titles, and
 * after Soft-GRPO by the label reward. Takes up an interrupted run where it was.
 *
 *     npx jiti bench/pretrained/tune.ts --model SmolLM2-135M-Instruct.Q4_1.gguf --data ../shared/data/recipes \
 *       --encoder ./all-MiniLM-L6-v2 --out runs/tune [--warm-up 60] [--rl 30] [--rate 1e-3] [--rl-rate 1e-4]
 *
 * Figures of every step go to `steps.jsonl`, those of the test queries to `results.jsonl`. Seconds of the processor are told beside those
 * of the clock, for machines that have other work.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadCatalog } from '../../src/catalog/catalog.js';
import { loadSets } from '../../src/catalog/sets.js';
import { CachedEncoder } from '../../src/encode/cached.js';
import { TransformersEncoder } from '../../src/encode/transformersEncoder.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/engine/index.js';
import type { LabelledQueries, RetrievalWorld } from '../../src/environment.js';
import { labelMetrics } from '../../src/evaluate/labelMetrics.js';
import { lexiconOf } from '../../src/lexical/lexicon.js';
import { retrieveFanOuts } from '../../src/policy/fanOut.js';
import { writeAdapter } from '../../src/policy/pretrained/files/adapter.js';
import { openLanguageModel } from '../../src/policy/pretrained/files/open.js';
import { LanguageModel, readWeights } from '../../src/policy/pretrained/languageModel.js';
import { LORA_TARGETS } from '../../src/policy/pretrained/lora.js';
import { PretrainedPolicy } from '../../src/policy/pretrained/pretrainedPolicy.js';
import { warmUp } from '../../src/policy/pretrained/warmUp.js';
import { reinforce } from '../../src/policy/reinforce.js';
import { labelReward } from '../../src/reward/labelReward.js';
import type { StepReport } from '../../src/training.js';
import { ExactIndex } from '../../src/vectorIndex/exactIndex.js';

const K = 10;
const SEED = 1;
const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    encoder: { type: 'string' },
    out: { type: 'string' },
    'warm-up': { type: 'string', default: '60' },
    rl: { type: 'string', default: '30' },
    rate: { type: 'string', default: '1e-3' },
    'rl-rate': { type: 'string', default: '1e-4' },
  },
});
const { model: file, data, encoder: encoderFolder, out } = args;
if (!file || !data || !encoderFolder || !out) throw new Error('give --model, --data, --encoder and --out');
const folder = out;
mkdirSync(folder, { recursive: true });

const encoder = new CachedEncoder(await TransformersEncoder.load({ model: resolve(encoderFolder) }));
const catalog = await loadCatalog(join(data, 'catalog.jsonl'));
const { items } = catalog;
const vectors = await encoder.encode(items.map(({ title }) => title));
const index = await ExactIndex.create({ vectors });
const world: RetrievalWorld = {
  items,
  vectors,
  index,
  lexicon: lexiconOf(items),
  encoder,
  subQueryEncoder: encoder,
};

const sets = (await loadSets(join(data, 'sets.jsonl'), catalog)).filter(({ query }) => query !== undefined);
async function queriesOf(split: string): Promise<LabelledQueries> {
  const own = sets.filter((set) => set.split === split);
  const texts = own.map(({ query }) => query as string);
  return { texts, vectors: await encoder.encode(texts), references: own.map((set) => set.items) };
}
const [train, test] = [await queriesOf('train'), await queriesOf('test')];

const lora = { rank: 16, alpha: 32, targets: LORA_TARGETS };
const { weights, tokenizer } = await openLanguageModel(file);
const frozen = await readWeights(weights, file);
await weights.close();
const model = LanguageModel.create({ settings: weights.settings, lora }, frozen, { seed: SEED });
const policy = new PretrainedPolicy({ model, tokenizer, k: K });

const since = () => {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { seconds: (performance.now() - start) / 1000, processorSeconds: (user + system) / 1e6 };
  };
};
function record(name: string, row: Readonly<Record<string, unknown>>): void {
  const rounded = Object.entries(row).map(([key, x]) => [
    key,
    typeof x === 'number' ? Number(x.toPrecision(4)) : x,
  ]);
  const line = JSON.stringify(Object.fromEntries(rounded));
  appendFileSync(join(folder, name), `${line}\n`);
  console.log(line);
}

/** P@10 and R@10 of sets of rows. */
function quality(found: readonly Int32Array[]): { precision: number; recall: number } {
  const of = (key: 'precisionAtK' | 'recallAtK') =>
    found.reduce((sum, retrieved, q) => {
      const reference = test.references[q];
      return sum + labelMetrics({ retrieved, reference, k: K })[key];
    }, 0) / found.length;
  return { precision: of('precisionAtK'), recall: of('recallAtK') };
}

async function measure(method: string): Promise<void> {
  const results = join(folder, 'results.jsonl');
  if (existsSync(results) && readFileSync(results, 'utf8').includes(`{"method":"${method}"`)) return;
  const spent = since();
  const completions = await policy.sample({
    queries: test.texts,
    vectors: test.vectors,
    temperature: 0,
    seed: SEED,
  });
  const times = spent();
  const tokens = completions.reduce((sum, c) => sum + c.tokens.length, 0);
  const fanOuts = await retrieveFanOuts(completions, test, world, { budget: K });
  record('results.jsonl', {
    method,
    ...quality(fanOuts.map(({ withinBudget }) => withinBudget)),
    tokens,
    ...times,
    tokensPerSecond: tokens / times.seconds,
    examples: completions
      .slice(0, 4)
      .map(({ query, subQueries }) => [test.texts[query], subQueries.join(' | ')]),
  });
}

/** Where a stage was, and what to do after each of its steps. */
async function stage(name: string) {
  const checkpoint = join(folder, name);
  let spent = since();
  return {
    resume: (await loadCheckpoint(checkpoint))?.state,
    onStep: async ({ step, metrics, state }: StepReport) => {
      const memory = process.memoryUsage().rss / 2 ** 30;
      record('steps.jsonl', { stage: name, step, ...metrics, ...spent(), memory });
      spent = since();
      if (step % 5 === 0) await saveCheckpoint(checkpoint, state);
    },
  };
}

async function saveAdapter(name: string): Promise<void> {
  const tensors = [...policy.parameters].map(([key, { data: values, dims }]) => [
    key,
    { shape: dims, data: values },
  ]);
  await writeAdapter(join(folder, name), { lora, tensors: Object.fromEntries(tensors) });
}

const { indices } = await index.search(test.vectors, { k: K });
record('results.jsonl', {
  method: 'plain search',
  ...quality(test.texts.map((_, q) => indices.subarray(q * K, (q + 1) * K))),
});
await measure('zero-shot');
await warmUp({
  policy,
  examples: train.texts.map((query, q) => ({
    query,
    subQueries: train.references[q].map((i) => items[i].title),
  })),
  steps: Number(args['warm-up']),
  learningRate: Number(args.rate),
  examplesPerStep: 8,
  seed: SEED,
  ...(await stage('warm-up')),
});
await saveAdapter('warm-up-adapter');
await measure('warm-up');
await reinforce({
  policy,
  world,
  queries: train,
  reward: labelReward(),
  steps: Number(args.rl),
  queriesPerStep: 8,
  groupSize: 8,
  credit: 'subQuery',
  epochs: 1,
  learningRate: Number(args['rl-rate']),
  coefficients: { clip: 0.2, klOld: 0.05, klReverse: 0.05 },
  seed: SEED,
  ...(await stage('rl')),
});
await saveAdapter('rl-adapter');
await measure('Soft-GRPO');
await policy.release();
