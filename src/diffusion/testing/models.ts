/** Small models with random parameters, and queries to ask them, for tests. */
import { SOURCES } from '../../candidates/candidates.js';
import type { ReadQueries } from '../../candidates/reader.js';
import { initialize } from '../../engine/index.js';
import { type Matrix, matrix, normalizeRows } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import { type DenoiserConfig, presets } from '../config.js';
import { type DiffusionModel, parameterGraph } from '../model.js';

/** A config small enough for fast tests; head `anchors` unless told otherwise. */
export function tinyConfig(changes: Partial<DenoiserConfig> = {}): DenoiserConfig {
  const dimension = changes.dimension ?? 8;
  const { head = 'anchors' } = changes;
  return {
    ...presets.small,
    width: 16,
    hidden: 24,
    heads: 2,
    layers: 2,
    conditionWidth: 8,
    noiseFeatures: 8,
    dimension,
    conditionDimension: dimension,
    sigmaData: 1 / Math.sqrt(dimension),
    head,
    ...(head === 'anchors' && {
      standard: { means: SOURCES.map(() => 0), deviations: SOURCES.map(() => 1) },
    }),
    ...changes,
  };
}

/** Random unit rows. */
export function unitRows(rows: number, cols: number, seed: number): Matrix {
  const m = matrix(rows, cols);
  new CounterRandom(seed, 'unit rows').fillNormal(m.data);
  return normalizeRows(m);
}

/** A model as training starts with it: the network's output is zero. */
export const untrainedModel = (config: DenoiserConfig, seed = 1): DiffusionModel => ({
  config,
  parameters: initialize(parameterGraph(config), seed),
});

/** A model with every parameter drawn at random, those that start at zero included. */
export function randomModel(config: DenoiserConfig, seed = 1): DiffusionModel {
  const model = untrainedModel(config, seed);
  for (const [name, { data, dims }] of model.parameters)
    if (data.every((x) => x === 0)) new CounterRandom(seed, name).fillNormal(data, 1 / Math.sqrt(dims[0]));
  return model;
}

export interface RandomRead {
  readonly queries: number;
  /** Candidates a query. */
  readonly size: number;
  /** Items of the catalog, at least `size`. */
  readonly items: number;
  /** Length of a query's vector. */
  readonly dimension: number;
  readonly seed?: number;
}

/** Queries with different random candidates of a catalog, of which the sources say random numbers. */
export function randomRead({ queries, size, items, dimension, seed = 1 }: RandomRead): ReadQueries {
  const scores = new Float32Array(queries * size * SOURCES.length);
  new CounterRandom(seed, 'scores').fillNormal(scores);
  const candidates = Array.from({ length: queries }, (_, q) => [
    ...new CounterRandom(seed, 'candidates', q).permutation(items).subarray(0, size),
  ]);
  return {
    vectors: unitRows(queries, dimension, seed),
    size,
    items: Int32Array.from(candidates.flat()),
    scores,
  };
}

/** The queries [start, end) with their candidates. */
export function partOfRead(
  { vectors, size, items, scores }: ReadQueries,
  start: number,
  end: number,
): ReadQueries {
  const { cols } = vectors;
  const said = size * SOURCES.length;
  return {
    vectors: matrix(end - start, cols, vectors.data.slice(start * cols, end * cols)),
    size,
    items: items.slice(start * size, end * size),
    scores: scores.slice(start * said, end * said),
  };
}
