/** Soft-GRPO (docs/paper.md, Soft-GRPO) of whichever policy can be trained: rollout, reward, advantage, loss. */
import {
  type Feeds,
  floats,
  likeParameters,
  ops,
  type Parameters,
  type RuntimeOptions,
  Trainer,
  warmupCosine,
} from '../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { gatherRows } from '../matrix.js';
import { batchOf } from '../queryBatch.js';
import { CounterRandom } from '../random.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { RewardFunction } from '../reward/reward.js';
import type { TrainingControl } from '../training.js';
import { collapseWarning, duplicateShare } from './collapse.js';
import { retrieveFanOuts } from './fanOut.js';
import type { Completion, TrainablePolicy } from './policy.js';
import {
  groupAdvantages,
  type SoftGrpoCoefficients,
  softGrpoLoss,
  subQueryAdvantages,
  tokenMean,
} from './softGrpo.js';

export interface ReinforceOptions extends TrainingControl {
  /** The policy that is trained; its parameters, the warm start's, follow the training. */
  readonly policy: TrainablePolicy;
  readonly world: RetrievalWorld;
  readonly queries: QueryBatch;
  readonly reward: RewardFunction;
  /** B: items which all sub-queries retrieve together, for rewards which count them. */
  readonly budget?: number;
  readonly steps: number;
  readonly queriesPerStep: number;
  /** G: completions a query. */
  readonly groupSize: number;
  /** Whose gain a sub-query's advantage is: the whole set's, or its own, where the reward tells what each gained. */
  readonly credit: 'set' | 'subQuery';
  readonly epochs: number;
  readonly learningRate: number;
  readonly coefficients: SoftGrpoCoefficients;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
}

/** How much of what later sub-queries gain an earlier one is credited with. */
const DISCOUNT = 0.5;

/**
 * Trains the policy; resolves with the moving average of its parameters. `onStep` gets every component of the reward, `reward`, `kl`,
 * `entropy` (nats a token), `zeroVarianceGroups`.
 *
 * @throws TrainingError when loss or gradient stop being finite
 */
export async function reinforce(options: ReinforceOptions): Promise<Parameters> {
  const { policy, world, queries, reward, budget, steps, groupSize, seed } = options;
  const { signal, onProgress, onStep, learningRate } = options;
  const trainer = await createTrainer(options);
  const stepsPerRollout =
    options.epochs * Math.ceil(options.queriesPerStep / policy.training.queriesPerUpdate);
  try {
    if (options.resume) trainer.restore(options.resume);
    for (let step = trainer.step / stepsPerRollout; step < steps; step++) {
      signal?.throwIfAborted();
      const random = new CounterRandom(seed, 'pointer/queries', step);
      const rows = Array.from({ length: options.queriesPerStep }, () => random.integer(queries.texts.length));
      const batch: QueryBatch = {
        texts: rows.map((i) => queries.texts[i]),
        vectors: gatherRows(queries.vectors, rows),
        references: queries.references && rows.map((i) => queries.references![i]),
      };
      policy.parameters = trainer.parameters;
      const completions = await policy.rollout(batch, { samplesPerQuery: groupSize, step, seed, signal });
      const fanOuts = await retrieveFanOuts(completions, batch, world, { budget, signal });
      const { results, rewards, meanReward, meanComponents } = scoreFanOuts(fanOuts, reward);
      const { advantages, zeroVarianceGroups } = groupAdvantages(rewards, groupSize);
      const gains = results.flatMap((r) => (r.gains ? [r.gains] : []));
      const earned =
        options.credit === 'subQuery' && gains.length === results.length
          ? subQueryAdvantages(gains, groupSize, DISCOUNT)
          : advantages;
      const rate = warmupCosine(step, { peak: learningRate, warmupSteps: 5, totalSteps: steps, final: 0.1 });
      const trained = await optimise(trainer, batch, completions, earned, rate, options);
      const entropy =
        completions.reduce((sum, { entropies }) => sum + entropies.reduce((a, b) => a + b, 0), 0) /
        completions.reduce((sum, { entropies }) => sum + entropies.length, 0);
      const components = Object.entries(meanComponents).map(([name, { normalized }]) => [name, normalized]);
      const metrics = {
        ...Object.fromEntries(components),
        reward: meanReward,
        ...trained,
        entropy,
        zeroVarianceGroups,
        duplicateShare: fanOuts.reduce((sum, f) => sum + duplicateShare(f), 0) / fanOuts.length,
      };
      onProgress?.({
        stage: 'policy/rl',
        done: step + 1,
        total: steps,
        metrics: { reward: meanReward, kl: trained.kl, entropy },
        warning: collapseWarning(metrics),
      });
      policy.parameters = trainer.averaged;
      await onStep?.({ step: step + 1, metrics, state: trainer.state });
    }
    policy.parameters = likeParameters(trainer.averaged, true);
    return policy.parameters;
  } finally {
    await trainer.release();
  }
}

function createTrainer({ policy, coefficients, runtime }: ReinforceOptions): Promise<Trainer> {
  const { logProbs, weights } = policy.graph();
  const { optimizer, emaDecay } = policy.training;
  const { graph, shape } = logProbs;
  const { loss, ratio, logRatio } = softGrpoLoss(
    {
      logProbs,
      weights,
      oldLogProbs: graph.input('oldLogProbs', shape),
      advantages: graph.input('advantages', shape),
    },
    coefficients,
  );
  return Trainer.create({
    loss,
    // KL(old || new) by Schulman's estimator rho - 1 - log rho.
    metrics: { kl: tokenMean(ops.sub(ops.sub(ratio, 1), logRatio), weights) },
    parameters: policy.parameters,
    frozen: policy.frozen,
    optimizer,
    clipNorm: 1,
    emaDecay,
    runtime,
  });
}

/** The optimiser steps on one rollout. `advantages` has one number a completion, or one a sub-query. */
async function optimise(
  trainer: Trainer,
  batch: QueryBatch,
  completions: readonly Completion[],
  advantages: Float32Array,
  learningRate: number,
  options: ReinforceOptions,
): Promise<{ loss: number; kl: number; gradientNorm: number }> {
  const { queriesPerUpdate, queriesPerRun = queriesPerUpdate } = options.policy.training;
  const totals = { loss: 0, kl: 0, gradientNorm: 0 };
  let count = 0;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    for (let start = 0; start < batch.texts.length; start += queriesPerUpdate) {
      const end = Math.min(start + queriesPerUpdate, batch.texts.length);
      const runs: { feeds: Feeds; tokens: number }[] = [];
      for (let from = start; from < end; from += queriesPerRun)
        runs.push(
          await runFeeds(batch, from, Math.min(from + queriesPerRun, end), completions, advantages, options),
        );
      const tokens = Math.max(
        1,
        runs.reduce((sum, run) => sum + run.tokens, 0),
      );
      const { loss, gradientNorm, metrics } = await trainer.train(
        // The loss is a mean over tokens. One run is the whole, whatever it holds.
        runs.map((run) => ({ feeds: run.feeds, share: runs.length === 1 ? 1 : run.tokens / tokens })),
        { learningRate },
      );
      totals.loss += loss;
      totals.gradientNorm += gradientNorm;
      totals.kl += floats(metrics.kl)[0];
      count++;
    }
  }
  return { loss: totals.loss / count, kl: totals.kl / count, gradientNorm: totals.gradientNorm / count };
}

/** The graph's inputs for the completions of queries `start` to `end` of a batch. */
async function runFeeds(
  batch: QueryBatch,
  start: number,
  end: number,
  completions: readonly Completion[],
  advantages: Float32Array,
  { policy, groupSize }: ReinforceOptions,
): Promise<{ feeds: Feeds; tokens: number }> {
  const perCompletion = advantages.length / completions.length;
  const first = start * groupSize;
  const own = completions.slice(first, end * groupSize);
  const { feeds, dims } = await policy.feeds(batchOf(batch, start, end), own);
  const places = (dims[0] * dims[1]) / own.length;
  const oldLogProbs = new Float32Array(own.length * places);
  const earned = new Float32Array(own.length * places);
  own.forEach(({ logProbs, subQueryOf }, i) => {
    oldLogProbs.set(logProbs, i * places);
    for (let t = 0; t < logProbs.length; t++) {
      const subQuery = Math.min(subQueryOf?.[t] ?? t, perCompletion - 1);
      earned[i * places + t] = advantages[(first + i) * perCompletion + subQuery];
    }
  });
  return {
    feeds: { ...feeds, oldLogProbs: { data: oldLogProbs, dims }, advantages: { data: earned, dims } },
    tokens: own.reduce((sum, { logProbs }) => sum + logProbs.length, 0),
  };
}
