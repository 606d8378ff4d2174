/** Step 3 of R4T: learns p(set | query) from synthesised sets (docs/paper.md, Set diffusion). */
import {
  type Feeds,
  floats,
  Graph,
  initialize,
  likeParameters,
  ops,
  type Parameters,
  type RuntimeOptions,
  Trainer,
  type Value,
  warmupCosine,
} from '../engine/index.js';
import { gatherRows, type Matrix } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { TrainingControl } from '../training.js';
import { type Batch, batcher, type DiffusionData } from './batches.js';
import {
  type DenoiserConfig,
  type NetworkConfig,
  type PresetName,
  presets,
  trainingDefaults,
} from './config.js';
import { denoisingLoss } from './denoiser.js';
import { Dropout } from './dropout.js';
import { labelSets, type NearAnchors, nearOf } from './labelledSets.js';
import { ANCHORS, type DiffusionModel } from './model.js';
import { edmNoise, type LogNormal } from './schedule.js';
import { conditionMemory } from './transformer.js';

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
  /** Words of the query whose embeddings follow its own in `data.conditions` (0). */
  readonly conditionWords?: number;
  /**
   * Rows of the table nearest to a query that its sets are made of (any). Sets with others are left out; the anchors are then all rows, for
   * a query nobody asked before has rows near it that no set has used.
   */
  readonly nearAnchors?: number;
  /** What the sources say of every row of the table for each query, [queries, table.rows * features]; all rows are anchors then. */
  readonly features?: Matrix;
  /** Probability of a set to lose its query, which guidance needs (0.1). */
  readonly conditionDropout?: number;
  /** Where training spends its noise levels (`trainingNoise`). */
  readonly noise?: LogNormal;
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
}

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
  const { nearAnchors = 0, runtime } = options;
  const { data, labels, anchors, near } = await labelSets(options.data, {
    maxAnchors: sizes.maxAnchors,
    nearAnchors,
    everyRow: options.features !== undefined || nearAnchors > 0,
    seed,
    runtime,
  });
  const config: DenoiserConfig = {
    ...sizes,
    dimension: data.table.cols,
    conditionDimension: data.conditions.cols,
    conditionWords: options.conditionWords ?? 0,
    sigmaData: 1 / Math.sqrt(data.table.cols),
    anchors: anchors?.vectors.rows ?? 0,
    anchorSpread: anchors?.spread ?? 0,
    nearAnchors: near?.size ?? 0,
    features: (options.features?.cols ?? 0) / data.table.rows,
  };
  const noise = options.noise ?? trainingNoise(config);
  const rows = data.rows.length / data.queryOf.length;
  const { loss, perSet, dropout } = lossGraph(config, rows, anchors?.vectors.data);
  const trainer = await Trainer.create({
    loss,
    metrics: { perSet },
    parameters: initialize(loss.graph, seed),
    optimizer: { beta2: 0.99 },
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
        ...batchFeeds(batch, config, near, options.features),
        ...dropout.feeds(random, batchSize),
      };
      const result = await trainer.train(feeds, { learningRate: rate });
      const levels = lossByLevel(floats(result.metrics.perSet), batch.sigma, noise);
      const metrics = { loss: result.loss, ...levels };
      onProgress?.({ stage: 'diffusion', done: step + 1, total: steps, metrics });
      await onStep?.({
        step: step + 1,
        metrics: { ...metrics, gradientNorm: result.gradientNorm, learningRate: rate },
        state: trainer.state,
      });
    }
    const parameters: Parameters = likeParameters(trainer.averaged, true);
    if (anchors)
      parameters.set(ANCHORS, { data: anchors.vectors.data, dims: [config.anchors, config.dimension] });
    return { config, parameters };
  } finally {
    await trainer.release();
  }
}

/**
 * The noise levels worth training on. With anchors: sigma around 0.37, whatever the dimension, because unit vectors are
 * at most 2 apart: much below, x alone says which anchor it was; much above, it says nothing. Without: EDM's.
 */
function trainingNoise({ anchors, sigmaData }: DenoiserConfig): LogNormal {
  return anchors > 0 ? { mean: -1, deviation: 0.8 } : edmNoise(sigmaData);
}

interface LossGraph {
  readonly loss: Value;
  readonly perSet: Value;
  readonly dropout: Dropout;
}

function lossGraph(config: DenoiserConfig, rows: number, anchors?: Float32Array): LossGraph {
  const { dimension: d, conditionDimension } = config;
  const graph = new Graph();
  const dropout = new Dropout(graph);
  const condition = graph.input('condition', ['batch', conditionDimension]);
  const kept = graph.input('kept', ['batch', 1, 1]);
  const choice = anchors && choiceOf(config, graph.constant(anchors, [config.anchors, d]));
  const near = config.nearAnchors > 0 ? choice : undefined;
  const features =
    config.features > 0 ? graph.input('features', ['batch', config.anchors, config.features]) : undefined;
  const perSet = denoisingLoss(config, {
    clean: graph.input('clean', ['batch', rows, d]),
    noise: graph.input('noise', ['batch', rows, d]),
    sigma: graph.input('sigma', ['batch', 1, 1]),
    labels: anchors && graph.input('labels', ['batch', rows, 1], 'int32'),
    condition: conditionMemory(config, condition, { kept, near, features }),
    anchors: choice,
    drop: dropout.drop,
  });
  return { loss: ops.mean(perSet), perSet, dropout };
}

/** The anchors [anchors, d], or those near each query of the batch [batch, nearAnchors, d]. */
function choiceOf({ nearAnchors }: DenoiserConfig, anchors: Value): Value {
  if (nearAnchors === 0) return anchors;
  return ops.gather(anchors, anchors.graph.input('near', ['batch', nearAnchors], 'int32'));
}

function batchFeeds(batch: Batch, config: DenoiserConfig, near?: NearAnchors, features?: Matrix): Feeds {
  const { dimension: d, conditionDimension } = config;
  const b = batch.sigma.length;
  const rows = batch.labels.length / b;
  return {
    ...(features && {
      features: {
        data: gatherRows(features, batch.queries).data,
        dims: [b, config.anchors, config.features],
      },
    }),
    ...(near && { near: { data: nearOf(batch.queries, near), dims: [b, near.size] } }),
    clean: { data: batch.clean, dims: [b, rows, d] },
    noise: { data: batch.noise, dims: [b, rows, d] },
    sigma: { data: batch.sigma, dims: [b, 1, 1] },
    condition: { data: batch.condition, dims: [b, conditionDimension] },
    kept: { data: batch.kept, dims: [b, 1, 1] },
    labels: { data: batch.labels, dims: [b, rows, 1] },
  };
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
