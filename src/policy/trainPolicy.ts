/** Step 1 of R4T: reinforcement learning of the fan-out policy (docs/paper.md, Soft-GRPO). */
import {
  type Feeds,
  floats,
  type Parameters,
  type RuntimeOptions,
  Trainer,
  warmupCosine,
} from '../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { gatherRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { FanOut, RewardComponent, RewardFunction } from '../reward/reward.js';
import type { TrainingControl } from '../training.js';
import { type Sequence, trainingBatch } from './batch.js';
import type { DecoderConfig } from './decoder.js';
import type { DecoderPolicy } from './decoderPolicy.js';
import { retrieveFanOuts } from './fanOut.js';
import { type Format, formatTable } from './format.js';
import type { Completion } from './policy.js';
import { groupAdvantages, type SoftGrpoCoefficients, softGrpoGraph, subQueryAdvantages } from './softGrpo.js';
import { SEPARATOR, type Tokenizer } from './tokenizer.js';

export interface TrainPolicyOptions extends TrainingControl {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly format: Format;
  /** Where the training starts: the warm start's parameters. */
  readonly parameters: Parameters;
  /** The policy that samples; its parameters follow the training. */
  readonly policy: DecoderPolicy;
  readonly world: RetrievalWorld;
  readonly queries: QueryBatch;
  readonly reward: RewardFunction;
  /** B: items which all sub-queries of a completion retrieve together, for rewards which count them (absent: the best of each). */
  readonly budget?: number;
  /** Rollout batches in all. */
  readonly steps: number;
  readonly queriesPerStep: number;
  /** G: completions a query. */
  readonly groupSize: number;
  /**
   * `set`: every token has its completion's advantage, as in the paper (the default). `subQuery`: that of its sub-query, where
   * the reward tells what each gained.
   */
  readonly credit?: 'set' | 'subQuery';
  /** Completions an optimiser step; a rollout batch is cut into as many as needed (64). */
  readonly miniBatch?: number;
  /** Optimiser passes over each rollout batch. */
  readonly epochs: number;
  readonly learningRate: number;
  readonly coefficients: SoftGrpoCoefficients;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
}

const MINI_BATCH = 64;
/** How much of what later sub-queries gain an earlier one is credited with: it may have left them room. */
const DISCOUNT = 0.5;

/** Alarms: a policy that repeats itself this often, or is this sure of every token, has collapsed. */
const DUPLICATE_ALARM = 0.5;
const ENTROPY_ALARM = 0.02;

/**
 * Trains the policy; resolves with its parameters. `onStep` gets every component of the reward (`reward`,
 * `<component>`, `<component>.raw`), `kl`, `clipShare`, `entropy` (nats a token), `zeroVarianceGroups`,
 * `duplicateShare` (sub-queries equal to an earlier one of their completion), `tokensPerSecond`.
 *
 * @throws TrainingError when loss or gradient stop being finite
 * @throws R4tError when the reward function fails or returns anything but finite numbers
 * @throws RangeError when `resume` is not a checkpoint of this training
 */
export async function trainPolicy(options: TrainPolicyOptions): Promise<Parameters> {
  const { config, tokenizer, format, policy, world, queries, reward, budget, steps, seed } = options;
  const { queriesPerStep, groupSize, signal, onProgress, onStep } = options;
  const { loss, metrics } = softGrpoGraph(config, formatTable(tokenizer), options.coefficients);
  const trainer = await Trainer.create({
    loss,
    metrics,
    parameters: options.parameters,
    optimizer: { beta1: 0.9, beta2: 0.95 },
    clipNorm: 1,
    runtime: options.runtime,
  });
  const stepsPerRollout =
    options.epochs * Math.ceil((queriesPerStep * groupSize) / (options.miniBatch ?? MINI_BATCH));
  try {
    if (options.resume) {
      trainer.restore(options.resume);
      if (trainer.step % stepsPerRollout !== 0)
        throw new RangeError(
          `the checkpoint is ${trainer.step} optimiser steps in, which is no end of a rollout of ${stepsPerRollout}`,
        );
    }
    const pick = queryPicker(queries, queriesPerStep, seed);
    for (let step = trainer.step / stepsPerRollout; step < steps; step++) {
      // Only here, between steps: a step that has begun is finished, so that `onStep` can save it.
      signal?.throwIfAborted();
      const started = performance.now();
      const batch = pick(step);
      policy.parameters = trainer.parameters;
      const completions = await policy.sample({
        queries: batch.texts,
        vectors: batch.vectors,
        samplesPerQuery: groupSize,
        seed,
        streams: batch.texts.map((_, i) => `${step}/${i}`),
      });
      const sampled = performance.now();
      const fanOuts = await retrieveFanOuts(completions, batch, world, { budget });
      const { results, rewards, meanReward, meanComponents } = scoreFanOuts(fanOuts, reward);
      const scored = performance.now();
      const { advantages, zeroVarianceGroups } = groupAdvantages(rewards, groupSize);
      const gains = results.flatMap((r) => (r.gains ? [r.gains] : []));
      const credit =
        options.credit === 'subQuery' && gains.length === results.length
          ? subQueryAdvantages(gains, groupSize, DISCOUNT)
          : advantages;
      const training = await optimise(trainer, completions, credit, batch, step, options);
      const tokens = completions.reduce((n, c) => n + c.tokens.length, 0);
      const measured = {
        ...flattenComponents(meanComponents),
        reward: meanReward,
        ...training,
        entropy: meanOf(completions.map((c) => meanOf(c.entropies))),
        zeroVarianceGroups,
        duplicateShare: meanOf(fanOuts.map(duplicateShare)),
        duplicateItemShare: meanOf(fanOuts.map((f) => 1 - new Set(f.retrieved).size / f.retrieved.length)),
        tokensPerSubQuery: tokens / (completions.length * format.k) - 1,
        tokensPerSecond: (1000 * tokens) / (performance.now() - started),
        sampleSeconds: (sampled - started) / 1000,
        rewardSeconds: (scored - sampled) / 1000,
        trainSeconds: (performance.now() - scored) / 1000,
      };
      onProgress?.({
        stage: 'policy/rl',
        done: step + 1,
        total: steps,
        metrics: { reward: meanReward, kl: measured.kl, entropy: measured.entropy },
        warning: collapseWarning({ ...measured, sharesBudget: budget !== undefined }),
      });
      await onStep?.({ step: step + 1, metrics: measured, state: trainer.state });
    }
  } finally {
    // After a failure too: the trainer still holds the last good parameters.
    policy.parameters = trainer.parameters;
    await trainer.release();
  }
  return trainer.parameters;
}

/** Each component as `<name>` (normalised) and `<name>.raw`. */
function flattenComponents(components: Readonly<Record<string, RewardComponent>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(components).flatMap(([name, { raw, normalized }]) => [
      [name, normalized],
      [`${name}.raw`, raw],
    ]),
  );
}

/**
 * One line that says how the policy collapsed, or undefined while it is healthy. Where sub-queries share a budget, a repeat is no waste: it
 * gets a larger share for what is asked.
 */
export function collapseWarning({
  duplicateShare: duplicates,
  entropy,
  sharesBudget,
}: {
  readonly duplicateShare: number;
  readonly entropy: number;
  readonly sharesBudget: boolean;
}): string | undefined {
  if (!sharesBudget && duplicates > DUPLICATE_ALARM)
    return `collapse: ${Math.round(100 * duplicates)}% of the sub-queries are repeats`;
  if (entropy < ENTROPY_ALARM) return `collapse: entropy fell to ${entropy.toFixed(3)} nats a token`;
  return undefined;
}

/** The queries of each step: every epoch is a new permutation of all of them. */
export function queryPicker(queries: QueryBatch, count: number, seed: number): (step: number) => QueryBatch {
  const { texts, vectors, references } = queries;
  const total = texts.length;
  // Steps come in order, so one permutation is enough to keep.
  let epoch = -1;
  let order: Int32Array = new Int32Array();
  const rowAt = (position: number) => {
    const wanted = Math.floor(position / total);
    if (wanted !== epoch) {
      epoch = wanted;
      order = new CounterRandom(seed, 'policy/epoch', epoch).permutation(total);
    }
    return order[position % total];
  };
  return (step) => {
    const rows = Array.from({ length: count }, (_, i) => rowAt(step * count + i));
    return {
      texts: rows.map((r) => texts[r]),
      vectors: gatherRows(vectors, rows),
      references: references && rows.map((r) => references[r]),
    };
  };
}

/** The optimiser steps on one rollout batch. */
async function optimise(
  trainer: Trainer,
  completions: readonly Completion[],
  advantages: Float32Array,
  queries: QueryBatch,
  step: number,
  {
    config,
    tokenizer,
    format,
    policy,
    epochs,
    miniBatch = MINI_BATCH,
    steps,
    learningRate,
  }: TrainPolicyOptions,
): Promise<{ loss: number; kl: number; clipShare: number; gradientNorm: number }> {
  const encoded = queries.texts.map((text) => tokenizer.encode(text));
  const near = await policy.near(queries.vectors, encoded);
  const prompts = encoded.map((prompt, i) => ({ prompt, near: near[i] }));
  const rate = warmupCosine(step, { peak: learningRate, warmupSteps: 5, totalSteps: steps, final: 0.1 });
  const totals = { loss: 0, kl: 0, clipShare: 0, gradientNorm: 0 };
  const order = miniBatchOrder(queries.texts.length, completions.length, miniBatch);
  let count = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let start = 0; start < order.length; start += miniBatch) {
      const rows = order.slice(start, start + miniBatch);
      const feeds = grpoFeeds(rows, completions, advantages, queries, prompts, { config, format });
      const { loss, gradientNorm, metrics } = await trainer.train(feeds, { learningRate: rate });
      totals.loss += loss;
      totals.gradientNorm += gradientNorm;
      totals.kl += floats(metrics.kl)[0];
      totals.clipShare += floats(metrics.clipShare)[0];
      count++;
    }
  }
  return {
    loss: totals.loss / count,
    kl: totals.kl / count,
    clipShare: totals.clipShare / count,
    gradientNorm: totals.gradientNorm / count,
  };
}

/**
 * The completions in the order of the mini-batches: each has some of every query, side by side, so that no step hears of a few queries
 * only, and a query's vocabulary is looked up once for all its completions there.
 */
export function miniBatchOrder(queries: number, completions: number, miniBatch: number): number[] {
  const groupSize = completions / queries;
  const each = Math.max(1, Math.floor(miniBatch / queries));
  const order: number[] = [];
  for (let first = 0; first < groupSize; first += each)
    for (let query = 0; query < queries; query++)
      for (let i = first; i < Math.min(first + each, groupSize); i++) order.push(query * groupSize + i);
  return order;
}

/**
 * A training batch of the given completions, with what Soft-GRPO reads besides. `advantages` has one number a completion,
 * or one a sub-query, [completions * k].
 */
export function grpoFeeds(
  rows: ArrayLike<number>,
  completions: readonly Completion[],
  advantages: Float32Array,
  queries: QueryBatch,
  prompts: readonly Pick<Sequence, 'prompt' | 'near'>[],
  { config, format }: { config: DecoderConfig; format: Format },
): Feeds {
  const picked = Array.from(rows, (r) => completions[r]);
  const sequences = picked.map(({ query, tokens }) => ({
    ...prompts[query],
    condition: row(queries.vectors, query),
    tokens,
  }));
  const { feeds, written, choices } = trainingBatch(sequences, format, config);
  const oldLogProbs = new Float32Array(picked.length * written);
  const tokenAdvantages = new Float32Array(picked.length * written);
  const perCompletion = advantages.length / completions.length;
  picked.forEach(({ logProbs, tokens }, i) => {
    oldLogProbs.set(logProbs, i * written);
    let subQuery = 0;
    tokens.forEach((token, t) => {
      tokenAdvantages[i * written + t] =
        advantages[rows[i] * perCompletion + Math.min(subQuery, perCompletion - 1)];
      if (token === SEPARATOR) subQuery++;
    });
  });
  return {
    ...feeds,
    oldLogProbs: { data: oldLogProbs, dims: choices },
    advantages: { data: tokenAdvantages, dims: choices },
  };
}

/** Share of sub-queries which repeat an earlier one of the same completion. */
export const duplicateShare = ({ subQueries }: Pick<FanOut, 'subQueries'>): number =>
  1 - new Set(subQueries).size / subQueries.length;

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / Math.max(1, values.length);
}
