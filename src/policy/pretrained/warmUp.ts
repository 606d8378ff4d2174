/** Supervised warm-up of a pretrained model: it learns to write given sub-queries, before Soft-GRPO. */
import {
  type Feeds,
  likeParameters,
  ops,
  type RuntimeOptions,
  Trainer,
  warmupCosine,
} from '../../engine/index.js';
import { CounterRandom } from '../../random.js';
import type { TrainingControl } from '../../training.js';
import { tokenMean } from '../softGrpo.js';
import type { FanOutExample } from './fanOutText.js';
import type { PretrainedPolicy } from './pretrainedPolicy.js';

export interface WarmUpOptions extends TrainingControl {
  /** Its adapter follows the training. */
  readonly policy: PretrainedPolicy;
  /** Recorded fan-outs, or queries with the titles of their reference sets. */
  readonly examples: readonly FanOutExample[];
  readonly steps: number;
  /** Peak; the usual one of an adapter is 2e-4 to 1e-3. */
  readonly learningRate: number;
  readonly examplesPerStep?: number;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
}

/** Examples of one run of the graph: their prompts begin alike, and that is read once. */
const PER_RUN = 8;

/**
 * Trains the policy's adapter on `examples`. A set has no order: each time an example is shown, its sub-queries come in another, at most
 * k of them. `onStep` gets `loss`, in nats a token.
 *
 * @throws TrainingError when loss or gradient stop being finite
 */
export async function warmUp({
  policy,
  examples,
  steps,
  learningRate,
  examplesPerStep = 16,
  seed,
  runtime,
  resume,
  signal,
  onProgress,
  onStep,
}: WarmUpOptions): Promise<void> {
  if (examples.length === 0) throw new RangeError('no example to learn from');
  const { logProbs, weights } = policy.graph();
  const trainer = await Trainer.create({
    loss: ops.neg(tokenMean(logProbs, weights)),
    parameters: policy.parameters,
    frozen: policy.frozen,
    optimizer: policy.training.optimizer,
    clipNorm: 1,
    runtime,
  });
  try {
    if (resume) trainer.restore(resume);
    for (let step = trainer.step; step < steps; step++) {
      signal?.throwIfAborted();
      const shown = examplesOf(step, examples, examplesPerStep, seed);
      const runs: { feeds: Feeds; tokens: number }[] = [];
      for (let start = 0; start < shown.length; start += PER_RUN) {
        const part = shown.slice(start, start + PER_RUN);
        const completions = part.map(({ subQueries }) => ({ tokens: policy.taught(subQueries) }));
        const { feeds } = await policy.feeds({ texts: part.map(({ query }) => query) }, completions);
        runs.push({ feeds, tokens: completions.reduce((n, { tokens }) => n + tokens.length, 0) });
      }
      const tokens = runs.reduce((n, run) => n + run.tokens, 0);
      const rate = warmupCosine(step, { peak: learningRate, warmupSteps: 10, totalSteps: steps, final: 0.1 });
      const { loss, gradientNorm } = await trainer.train(
        runs.map((run) => ({ feeds: run.feeds, share: run.tokens / tokens })),
        { learningRate: rate },
      );
      onProgress?.({ stage: 'policy/warm-up', done: step + 1, total: steps, metrics: { loss } });
      policy.parameters = trainer.parameters;
      await onStep?.({
        step: step + 1,
        metrics: { loss, gradientNorm, learningRate: rate },
        state: trainer.state,
      });
    }
    policy.parameters = likeParameters(trainer.parameters, true);
  } finally {
    await trainer.release();
  }
}

/** The examples of a step: all of them in random order, again and again, so that each is shown equally often. */
function examplesOf(
  step: number,
  examples: readonly FanOutExample[],
  count: number,
  seed: number,
): FanOutExample[] {
  return Array.from({ length: count }, (_, i) => {
    const at = step * count + i;
    const round = Math.floor(at / examples.length);
    const order = new CounterRandom(seed, 'pretrained/round', round).permutation(examples.length);
    const { query, subQueries } = examples[order[at % examples.length]];
    const random = new CounterRandom(seed, 'pretrained/lines', at);
    return { query, subQueries: random.shuffle([...subQueries]) };
  });
}
