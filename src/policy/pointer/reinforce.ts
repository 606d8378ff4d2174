/** Soft-GRPO of the pointer (docs/paper.md, Soft-GRPO): rollout, reward, advantage, loss. */
import type { ReadQueries } from '../../candidates/reader.js';
import {
  floats,
  likeParameters,
  ops,
  type Parameters,
  type RuntimeOptions,
  Trainer,
  warmupCosine,
} from '../../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../../environment.js';
import { gatherRows } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import { scoreFanOuts } from '../../reward/evaluateReward.js';
import type { RewardFunction } from '../../reward/reward.js';
import type { TrainingControl } from '../../training.js';
import { collapseWarning, duplicateShare } from '../collapse.js';
import { retrieveFanOuts } from '../fanOut.js';
import { groupAdvantages, type SoftGrpoCoefficients, softGrpoLoss, subQueryAdvantages } from '../softGrpo.js';
import { queryFeeds, setFeeds } from './batch.js';
import type { ChosenSet } from './choose.js';
import { WEIGHT_DECAY } from './imitate.js';
import { placeMean, pointerGraph } from './model.js';
import { completionOf, type PointerPolicy } from './pointerPolicy.js';

export interface ReinforceOptions extends TrainingControl {
  /** The policy that chooses; its parameters, the warm start's, follow the training. */
  readonly policy: PointerPolicy;
  readonly world: RetrievalWorld;
  readonly queries: QueryBatch;
  /** These queries' candidates, read without their own sets. */
  readonly read: ReadQueries;
  readonly reward: RewardFunction;
  /** B: items which all sub-queries retrieve together, for rewards which count them. */
  readonly budget?: number;
  readonly steps: number;
  readonly queriesPerStep: number;
  /** G: sets a query. */
  readonly groupSize: number;
  /** Whose gain an item's advantage is: the whole set's, or its own, where the reward tells what each gained. */
  readonly credit: 'set' | 'subQuery';
  readonly epochs: number;
  readonly learningRate: number;
  readonly coefficients: SoftGrpoCoefficients;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
}

/** Queries an optimiser step. */
const MINI_BATCH = 8;
/** How much of what later items gain an earlier one is credited with. */
const DISCOUNT = 0.5;
const EMA_DECAY = 0.9;

/**
 * Trains the policy; resolves with the moving average of its parameters. `onStep` gets every component of the reward, `reward`, `kl`,
 * `entropy` (nats an item), `zeroVarianceGroups`.
 *
 * @throws TrainingError when loss or gradient stop being finite
 */
export async function reinforce(options: ReinforceOptions): Promise<Parameters> {
  const { policy, world, queries, read, reward, budget, steps, groupSize, seed } = options;
  const { signal, onProgress, onStep, learningRate } = options;
  const trainer = await createTrainer(options);
  const stepsPerRollout = options.epochs * Math.ceil(options.queriesPerStep / MINI_BATCH);
  try {
    if (options.resume) trainer.restore(options.resume);
    for (let step = trainer.step / stepsPerRollout; step < steps; step++) {
      signal?.throwIfAborted();
      const random = new CounterRandom(seed, 'pointer/queries', step);
      const rows = Array.from({ length: options.queriesPerStep }, () => random.integer(queries.texts.length));
      policy.parameters = trainer.parameters;
      const chosen = await policy.choose(read, rows, {
        samplesPerQuery: groupSize,
        temperature: 1,
        random: (q, sample) => new CounterRandom(seed, 'pointer/rollout', step, q, sample),
      });
      const batch: QueryBatch = {
        texts: rows.map((i) => queries.texts[i]),
        vectors: gatherRows(queries.vectors, rows),
        references: queries.references && rows.map((i) => queries.references![i]),
      };
      const completions = chosen.map((set, i) => completionOf(set, Math.floor(i / groupSize), world));
      const fanOuts = await retrieveFanOuts(completions, batch, world, { budget, signal });
      const { results, rewards, meanReward, meanComponents } = scoreFanOuts(fanOuts, reward);
      const { advantages, zeroVarianceGroups } = groupAdvantages(rewards, groupSize);
      const gains = results.flatMap((r) => (r.gains ? [r.gains] : []));
      const perItem =
        options.credit === 'subQuery' && gains.length === results.length
          ? subQueryAdvantages(gains, groupSize, DISCOUNT)
          : advantages;
      const rate = warmupCosine(step, { peak: learningRate, warmupSteps: 5, totalSteps: steps, final: 0.1 });
      const trained = await optimise(trainer, rows, chosen, perItem, rate, options);
      const entropy =
        chosen.reduce((sum, { entropies }) => sum + entropies.reduce((a, b) => a + b, 0), 0) /
        chosen.reduce((sum, { entropies }) => sum + entropies.length, 0);
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
  const { graph, logProbs } = pointerGraph(policy.config);
  const weights = graph.input('weights', ['queries', 'places']);
  const { loss, ratio, logRatio } = softGrpoLoss(
    {
      logProbs,
      weights,
      oldLogProbs: graph.input('oldLogProbs', ['queries', 'places']),
      advantages: graph.input('advantages', ['queries', 'places']),
    },
    coefficients,
  );
  return Trainer.create({
    loss,
    // KL(old || new) by Schulman's estimator rho - 1 - log rho.
    metrics: { kl: placeMean(ops.sub(ops.sub(ratio, 1), logRatio), weights) },
    parameters: policy.parameters,
    optimizer: { beta1: 0.9, beta2: 0.95, weightDecay: WEIGHT_DECAY },
    clipNorm: 1,
    emaDecay: EMA_DECAY,
    runtime,
  });
}

/** The optimiser steps on one rollout. `advantages` has one number a set, or one an item. */
async function optimise(
  trainer: Trainer,
  rows: readonly number[],
  chosen: readonly ChosenSet[],
  advantages: Float32Array,
  learningRate: number,
  { policy: { config }, read, groupSize, epochs }: ReinforceOptions,
): Promise<{ loss: number; kl: number; gradientNorm: number }> {
  const { k } = config;
  const perSet = advantages.length / chosen.length;
  const totals = { loss: 0, kl: 0, gradientNorm: 0 };
  let count = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let start = 0; start < rows.length; start += MINI_BATCH) {
      const part = rows.slice(start, start + MINI_BATCH);
      const sets = chosen.slice(start * groupSize, (start + part.length) * groupSize);
      const dims = [part.length, groupSize * k];
      const oldLogProbs = new Float32Array(sets.length * k);
      const own = new Float32Array(sets.length * k);
      sets.forEach(({ logProbs }, s) => {
        oldLogProbs.set(logProbs, s * k);
        for (let t = 0; t < k; t++)
          own[s * k + t] = advantages[(start * groupSize + s) * perSet + Math.min(t, perSet - 1)];
      });
      const { loss, gradientNorm, metrics } = await trainer.train(
        {
          ...queryFeeds(read, part),
          ...setFeeds(
            sets.map(({ places }) => places),
            part.length,
            read.size,
            config,
          ),
          oldLogProbs: { data: oldLogProbs, dims },
          advantages: { data: own, dims },
        },
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
