/** Step 3 of R4T: learns p(set | query) from synthesised sets (docs/paper.md, Set diffusion). */
import type { Standard } from '../candidates/candidates.js';
import { sourcesFeed, vectorsFeed } from '../candidates/feeds.js';
import type { ReadQueries } from '../candidates/reader.js';
import {
  type Feeds,
  floats,
  Graph,
  initialize,
  likeParameters,
  ops,
  type RuntimeOptions,
  Trainer,
  type Value,
  warmupCosine,
} from '../engine/index.js';
import type { VectorTable } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { TrainingControl } from '../training.js';
import { anchoredLoss, anchorsOf } from './anchorHead.js';
import { type Batch, batcher, type DiffusionData } from './batches.js';
import {
  type DenoiserConfig,
  type NetworkConfig,
  type PresetName,
  presets,
  trainingDefaults,
} from './config.js';
import { Dropout } from './dropout.js';
import { rowsLoss } from './edmHead.js';
import { candidateInputs, type DiffusionModel } from './model.js';
import { edmNoise, type LogNormal } from './schedule.js';
import { conditionMemory } from './transformer.js';

/** The candidates of training queries, each read without its own set, and what their scores were taken by. */
export interface TrainingCandidates extends Omit<ReadQueries, 'vectors'> {
  readonly standard: Standard;
}

export interface TrainDiffusionOptions extends TrainingControl {
  readonly data: DiffusionData;
  /** A preset, or sizes of your own, which take the small preset's training defaults ('small'). */
  readonly network?: PresetName | NetworkConfig;
  /** Optimiser steps, each on `batchSize` sets. */
  readonly steps?: number;
  readonly batchSize?: number;
  /** Peak of the learning rate: linear warm-up over `warmupSteps`, then half a cosine down. */
  readonly learningRate?: number;
  readonly warmupSteps?: number;
  /** Decay of the moving average of the parameters. */
  readonly emaDecay?: number;
  /** The candidates of each condition's query, which the rows of its sets are among; needed with head `anchors`. */
  readonly candidates?: TrainingCandidates;
  /** Probability of a set to lose its query, which guidance needs (0.1). */
  readonly conditionDropout?: number;
  /** Where training spends its noise levels (`trainingNoise`). */
  readonly noise?: LogNormal;
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
  /** Measures the model now and then; what it says stands among the metrics of that step. */
  readonly probe?: (model: DiffusionModel) => Promise<Readonly<Partial<Record<string, number>>>>;
}

/** Times that the probe is asked in a whole training. */
const PROBES = 8;

/** Between candidates sources decide; decay keeps what only tells one training query from another small. */
const WEIGHT_DECAY = 1;

/**
 * Trains the set denoiser; resolves with the moving average of its parameters.
 *
 * `onStep` gets `loss`, `gradientNorm`, `learningRate` and the mean loss of each third of the noise distribution in
 * `loss.low`, `loss.middle` and `loss.high` (absent where the batch has none).
 *
 * @throws TrainingError when loss or gradient stop being finite
 * @throws RangeError when `data` is inconsistent, or `resume` is no checkpoint of this training
 */
export async function trainDiffusion(options: TrainDiffusionOptions): Promise<DiffusionModel> {
  const { network = 'small', seed = 0, conditionDropout = 0.1, signal, onProgress, onStep } = options;
  const defaults = trainingDefaults[typeof network === 'string' ? network : 'small'];
  const { steps = defaults.steps, batchSize = defaults.batchSize, emaDecay = defaults.emaDecay } = options;
  const { learningRate: peak = defaults.learningRate } = options;
  const { warmupSteps = Math.min(defaults.warmupSteps, steps / 10) } = options;
  checkData(options.data);
  const sizes = typeof network === 'string' ? presets[network] : network;
  const { data, runtime } = options;
  const candidates = sizes.head === 'anchors' ? options.candidates : undefined;
  if (sizes.head === 'anchors' && !candidates) throw new RangeError('head "anchors" needs candidates');
  const labels = candidates && labelsOf(data, candidates);
  const config: DenoiserConfig = {
    ...sizes,
    dimension: data.table.cols,
    conditionDimension: data.conditions.cols,
    sigmaData: 1 / Math.sqrt(data.table.cols),
    ...(candidates && { standard: candidates.standard }),
  };
  const noise = options.noise ?? trainingNoise(config);
  const rows = data.rows.length / data.queryOf.length;
  const { loss, perSet, dropout } = lossGraph(config, rows);
  const trainer = await Trainer.create({
    loss,
    metrics: { perSet },
    parameters: initialize(loss.graph, seed),
    optimizer: { beta2: 0.99, weightDecay: sizes.head === 'anchors' ? WEIGHT_DECAY : 0 },
    clipNorm: 1,
    emaDecay,
    runtime,
  });
  try {
    if (options.resume) trainer.restore(options.resume);
    const batchAt = batcher({ data, batchSize, noise, conditionDropout, seed, labels });
    for (let step = trainer.step; step < steps; step++) {
      signal?.throwIfAborted();
      const batch = batchAt(step);
      const rate = warmupCosine(step, { peak, warmupSteps, totalSteps: steps, final: 0.02 });
      const random = new CounterRandom(seed, 'diffusion/dropout', step);
      const feeds = {
        ...batchFeeds(batch, config),
        ...(candidates && {
          ...anchorFeeds(candidates, batch, data.table),
          ...earlierFeeds(batch, candidates),
        }),
        ...dropout.feeds(random, batchSize),
      };
      const result = await trainer.train(feeds, { learningRate: rate });
      const levels = lossByLevel(floats(result.metrics.perSet), batch.sigma, noise);
      const metrics = { loss: result.loss, ...levels };
      onProgress?.({ stage: 'diffusion', done: step + 1, total: steps, metrics });
      const isDue = (step + 1) % Math.ceil(steps / PROBES) === 0 || step + 1 === steps;
      const probed = isDue ? await options.probe?.(modelOf(trainer, config)) : undefined;
      await onStep?.({
        step: step + 1,
        metrics: { ...metrics, gradientNorm: result.gradientNorm, learningRate: rate, ...probed },
        state: trainer.state,
      });
    }
    return modelOf(trainer, config);
  } finally {
    await trainer.release();
  }
}

/** A copy of the moving average. */
const modelOf = (trainer: Trainer, config: DenoiserConfig): DiffusionModel => ({
  config,
  parameters: likeParameters(trainer.averaged, true),
});

/**
 * The noise levels worth training on. Between candidates: sigma around 0.37, whatever the dimension, because unit vectors are
 * at most 2 apart: much below, x alone says which it was; much above, it says nothing. Else EDM's.
 */
function trainingNoise({ head, sigmaData }: DenoiserConfig): LogNormal {
  return head === 'anchors' ? { mean: -1, deviation: 0.8 } : edmNoise(sigmaData);
}

/** Where each row of each set is among its query's candidates, [m * L]. */
function labelsOf(
  { queryOf, rows }: DiffusionData,
  { items, size }: Pick<ReadQueries, 'items' | 'size'>,
): Int32Array {
  const L = rows.length / queryOf.length;
  const places = new Map<number, Map<number, number>>();
  return rows.map((item, at) => {
    const query = queryOf[Math.floor(at / L)];
    let own = places.get(query);
    if (!own) {
      own = new Map(Array.from(items.subarray(query * size, (query + 1) * size), (row, i) => [row, i]));
      places.set(query, own);
    }
    const place = own.get(item);
    if (place === undefined) throw new RangeError(`row ${item} of a set is no candidate of its query`);
    return place;
  });
}

interface LossGraph {
  readonly loss: Value;
  readonly perSet: Value;
  readonly dropout: Dropout;
}

function lossGraph(config: DenoiserConfig, rows: number): LossGraph {
  const { dimension: d, conditionDimension, head } = config;
  const graph = new Graph();
  const dropout = new Dropout(graph);
  const condition = graph.input('condition', ['batch', conditionDimension]);
  const inputs = {
    clean: graph.input('clean', ['batch', rows, d]),
    noise: graph.input('noise', ['batch', rows, d]),
    sigma: graph.input('sigma', ['batch', 1, 1]),
    condition: conditionMemory(config, condition, graph.input('kept', ['batch', 1, 1])),
    drop: dropout.drop,
  };
  const perSet =
    head === 'edm'
      ? rowsLoss(config, inputs)
      : anchoredLoss(
          config,
          inputs,
          anchorsOf(candidateInputs(config, condition)),
          graph.input('labels', ['batch', rows, 1], 'int32'),
          graph.input('earlier', ['batch', rows, 'candidates']),
        );
  return { loss: ops.mean(perSet), perSet, dropout };
}

function batchFeeds(batch: Batch, { dimension: d, conditionDimension }: DenoiserConfig): Feeds {
  const b = batch.sigma.length;
  const rows = batch.labels.length / b;
  return {
    clean: { data: batch.clean, dims: [b, rows, d] },
    noise: { data: batch.noise, dims: [b, rows, d] },
    sigma: { data: batch.sigma, dims: [b, 1, 1] },
    condition: { data: batch.condition, dims: [b, conditionDimension] },
    kept: { data: batch.kept, dims: [b, 1, 1] },
    labels: { data: batch.labels, dims: [b, rows, 1] },
  };
}

/** The candidates of the batch's queries. */
function anchorFeeds(candidates: TrainingCandidates, { queries }: Batch, table: VectorTable): Feeds {
  return { anchors: vectorsFeed(candidates, queries, table), features: sourcesFeed(candidates, queries) };
}

/** Which candidates came before each row of the sets, [batch, rows, candidates]. */
function earlierFeeds({ queries, labels, places }: Batch, { size }: TrainingCandidates): Feeds {
  const rows = labels.length / queries.length;
  const earlier = new Float32Array(labels.length * size);
  for (let at = 0; at < labels.length; at++) {
    const first = at - (at % rows);
    for (let other = first; other < first + rows; other++)
      // A set may repeat itself.
      if (places[other] < places[at] && labels[other] !== labels[at]) earlier[at * size + labels[other]] = 1;
  }
  return { earlier: { data: earlier, dims: [queries.length, rows, size] } };
}

/** 0.43 deviations on either side of the mean hold a third of a normal distribution. */
const THIRD = 0.43;

function lossByLevel(
  losses: Float32Array,
  sigma: Float32Array,
  { mean, deviation }: LogNormal,
): Record<string, number> {
  const groups: Record<string, number[]> = { low: [], middle: [], high: [] };
  losses.forEach((loss, i) => {
    const z = (Math.log(sigma[i]) - mean) / deviation;
    groups[z < -THIRD ? 'low' : z > THIRD ? 'high' : 'middle'].push(loss);
  });
  return Object.fromEntries(
    Object.entries(groups)
      .filter(([, values]) => values.length > 0)
      .map(([name, values]) => [`loss.${name}`, values.reduce((a, b) => a + b) / values.length]),
  );
}

function checkData({ conditions, queryOf, rows, table }: DiffusionData): void {
  const sets = queryOf.length;
  if (sets === 0) throw new RangeError('there are no sets to learn from');
  if (rows.length === 0 || rows.length % sets !== 0)
    throw new RangeError(`${rows.length} rows do not make ${sets} sets of one size`);
  if (rows.some((i) => i < 0 || i >= table.rows))
    throw new RangeError(`a set has a row outside the table's ${table.rows}`);
  if (queryOf.some((i) => i < 0 || i >= conditions.rows))
    throw new RangeError(`a set has a query outside the ${conditions.rows} conditions`);
}
