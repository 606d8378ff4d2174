/** Small models with random parameters, for tests. */
import { Graph, initialize, type Parameters } from '../../engine/index.js';
import { type Matrix, matrix, normalizeRows } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import { type DenoiserConfig, presets } from '../config.js';
import { denoise } from '../denoiser.js';
import { ANCHORS, type DiffusionModel } from '../model.js';
import { conditionMemory } from '../transformer.js';

/** A config small enough for fast tests. */
export function tinyConfig(changes: Partial<DenoiserConfig> = {}): DenoiserConfig {
  const dimension = changes.dimension ?? 8;
  return {
    ...presets.small,
    width: 16,
    hidden: 24,
    heads: 2,
    conditionWidth: 8,
    noiseFeatures: 8,
    dimension,
    conditionDimension: dimension,
    conditionWords: 0,
    sigmaData: 1 / Math.sqrt(dimension),
    anchors: 0,
    nearAnchors: 0,
    features: 0,
    anchorSpread: 0,
    ...changes,
  };
}

/** Random unit rows. */
export function unitRows(rows: number, cols: number, seed: number): Matrix {
  const m = matrix(rows, cols);
  new CounterRandom(seed, 'unit rows').fillNormal(m.data);
  return normalizeRows(m);
}

/** A model with every parameter drawn at random, those that start at zero included. */
export function randomModel(config: DenoiserConfig, seed = 1): DiffusionModel {
  const parameters = untrainedModel(config, seed).parameters;
  for (const [name, { data, dims }] of parameters) {
    if (name !== ANCHORS && data.every((x) => x === 0))
      new CounterRandom(seed, name).fillNormal(data, 1 / Math.sqrt(dims[0]));
  }
  return { config, parameters };
}

/** A model as training starts with it: the network's output is zero. */
export function untrainedModel(config: DenoiserConfig, seed = 1): DiffusionModel {
  const { dimension: d, anchors: n, nearAnchors, features, conditionDimension } = config;
  const graph = new Graph();
  denoise(config, {
    x: graph.input('x', ['batch', 'rows', d]),
    sigma: graph.input('sigma', [1, 1, 1]),
    condition: conditionMemory(config, graph.input('condition', ['batch', conditionDimension]), {
      kept: graph.input('kept', ['batch', 1, 1]),
      near: nearAnchors > 0 ? graph.input('near', ['batch', nearAnchors, d]) : undefined,
      features: features > 0 ? graph.input('features', ['batch', n, features]) : undefined,
    }),
    anchors: n > 0 ? graph.constant(new Float32Array(n * d), [n, d]) : undefined,
  });
  const parameters: Parameters = initialize(graph, seed);
  if (n > 0) parameters.set(ANCHORS, { data: unitRows(n, d, seed).data, dims: [n, d] });
  return { config, parameters };
}
