/** The pointer's warm start: it learns to choose what the reference sets of training queries have, in any order. */
import type { ReadQueries } from '../../candidates/reader.js';
import {
  initialize,
  likeParameters,
  ops,
  type Parameters,
  type RuntimeOptions,
  Trainer,
  warmupCosine,
} from '../../engine/index.js';
import { CounterRandom } from '../../random.js';
import type { TrainingControl } from '../../training.js';
import { tokenMean } from '../softGrpo.js';
import { queryFeeds, setFeeds } from './batch.js';
import { type PointerConfig, pointerGraph } from './model.js';

export interface ImitateOptions extends TrainingControl {
  readonly config: PointerConfig;
  /** The candidates of training queries, read without their own sets. */
  readonly queries: ReadQueries;
  /** Rows of each query's reference set; what is no candidate cannot be learnt. */
  readonly references: readonly (readonly number[])[];
  readonly steps: number;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
}

const QUERIES_PER_STEP = 16;
/** Orders in which a query's set is chosen, a step. */
const ORDERS = 4;
const LEARNING_RATE = 3e-3;
/** Training sets are few and soon known by heart; decay keeps what only tells one query from another small. */
export const WEIGHT_DECAY = 1;
const EMA_DECAY = 0.97;

/** Resolves with the moving average of the parameters; `onStep` gets `loss`, nats a place. */
export async function imitate(options: ImitateOptions): Promise<Parameters> {
  const { config, queries, steps, seed, runtime, signal, onProgress, onStep } = options;
  const targets = placesOf(options.references, queries);
  const learnt = [...targets.keys()].filter((q) => targets[q].length > 0);
  if (learnt.length === 0) throw new RangeError('no reference set has an item that is a candidate');
  const { graph, logProbs, weights } = pointerGraph(config);
  const loss = ops.neg(tokenMean(logProbs, weights));
  const trainer = await Trainer.create({
    loss,
    parameters: initialize(graph, seed),
    optimizer: { weightDecay: WEIGHT_DECAY },
    clipNorm: 1,
    emaDecay: EMA_DECAY,
    runtime,
  });
  try {
    if (options.resume) trainer.restore(options.resume);
    for (let step = trainer.step; step < steps; step++) {
      signal?.throwIfAborted();
      const random = new CounterRandom(seed, 'pointer/imitate', step);
      const rows = Array.from(
        random.permutation(learnt.length).subarray(0, QUERIES_PER_STEP),
        (i) => learnt[i],
      );
      const sets = rows.flatMap((q) =>
        Array.from({ length: ORDERS }, () => {
          const order = random.permutation(targets[q].length).subarray(0, config.k);
          return order.map((i) => targets[q][i]);
        }),
      );
      const feeds = {
        ...queryFeeds(queries, rows),
        ...setFeeds(sets, rows.length, queries.size, config),
      };
      const learningRate = warmupCosine(step, {
        peak: LEARNING_RATE,
        warmupSteps: 10,
        totalSteps: steps,
        final: 0.05,
      });
      const { loss, gradientNorm } = await trainer.train(feeds, { learningRate });
      onProgress?.({ stage: 'policy/warm-start', done: step + 1, total: steps, metrics: { loss } });
      await onStep?.({ step: step + 1, metrics: { loss, gradientNorm, learningRate }, state: trainer.state });
    }
    return likeParameters(trainer.averaged, true);
  } finally {
    await trainer.release();
  }
}

/** Where the items of each reference set are among their query's candidates. */
function placesOf(
  references: readonly (readonly number[])[],
  { items, size }: ReadQueries,
): readonly (readonly number[])[] {
  return references.map((reference, q) => {
    const wanted = new Set(reference);
    const places: number[] = [];
    for (let i = 0; i < size; i++) if (wanted.has(items[q * size + i])) places.push(i);
    return places;
  });
}
