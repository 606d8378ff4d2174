/** A trained set denoiser, and the ONNX models made from it. */
import { type Dim, encodeOnnx, Graph, inInt8, ops, type Parameters, type Value } from '../engine/index.js';
import { anchorsOf, type CandidateInputs, denoiseAnchored, inclusionOf } from './anchorHead.js';
import { type DenoiserConfig, sourcesOf } from './config.js';
import { denoiseRows } from './edmHead.js';
import { orderScores } from './orderHead.js';
import { dpmCoefficients } from './sampling.js';
import type { Sigmas } from './schedule.js';
import { conditionMemory } from './transformer.js';

/** Everything needed to run the denoiser: `config` is JSON, `parameters` one safetensors file. */
export interface DiffusionModel {
  readonly config: DenoiserConfig;
  readonly parameters: Parameters;
}

function encode(
  { parameters }: DiffusionModel,
  graph: Graph,
  outputs: Record<string, Value>,
  { int8 = false }: PrecisionOptions = {},
): Uint8Array {
  const weights = new Map([...parameters].map(([name, { data }]) => [name, data]));
  if (int8) inInt8(graph, weights);
  return encodeOnnx(graph, { outputs, weights });
}

export interface PrecisionOptions {
  /** Whether products by large weights are of 8 bits (false); see `engine/int8.ts`. */
  readonly int8?: boolean;
}

/** D of one noise level, guided if asked for: (1 + w) D(x; query) - w D(x; nothing) (Ho & Salimans 2022). */
function rowsDenoiser(
  config: DenoiserConfig,
  graph: Graph,
  guidance?: Value,
): (x: Value, sigma: Value) => Value {
  const condition = queryInput(config, graph);
  const query = conditionMemory(config, condition);
  const nothing =
    guidance && conditionMemory(config, condition, graph.constant(new Float32Array(1), [1, 1, 1]));
  return (x, sigma) => {
    const clean = denoiseRows(config, { x, sigma, condition: query });
    if (!guidance || !nothing) return clean;
    const free = denoiseRows(config, { x, sigma, condition: nothing });
    return ops.add(clean, ops.mul(ops.sub(clean, free), guidance));
  };
}

/**
 * The denoiser of head `edm` as an ONNX model: `x` [batch, rows, d], `sigma` [1, 1, 1], `condition` [queries, dz] and, if `guided`,
 * the strength `guidance` [] -> `clean` [batch, rows, d]. A batch holds as many sets of each query, one query's after another's.
 */
export function denoiserOnnx(
  model: DiffusionModel,
  { guided, ...precision }: PrecisionOptions & { readonly guided: boolean },
): Uint8Array {
  const graph = new Graph();
  const denoiseAt = rowsDenoiser(model.config, graph, guided ? graph.input('guidance', []) : undefined);
  const x = graph.input('x', ['batch', 'rows', model.config.dimension]);
  return encode(model, graph, { clean: denoiseAt(x, graph.input('sigma', [1, 1, 1])) }, precision);
}

export interface SamplerOnnxOptions extends PrecisionOptions {
  readonly sigmas: Sigmas;
  /** Strength w of classifier-free guidance; 0 spares its evaluations. */
  readonly guidance: number;
}

/**
 * All steps of DPM-Solver++(2M) as one ONNX model of head `edm`: standard normals `noise` [batch, rows, d] and `condition`
 * [queries, dz] -> `clean` [batch, rows, d]. What depends on the noise level alone is constant there, and the runtime folds it; what
 * depends on the query alone is computed once for all steps.
 */
export function samplerOnnx(
  model: DiffusionModel,
  { sigmas, guidance, ...precision }: SamplerOnnxOptions,
): Uint8Array {
  const graph = new Graph();
  const denoiseAt = rowsDenoiser(model.config, graph, guidance > 0 ? graph.scalar(guidance) : undefined);
  return encode(model, graph, { clean: solve(graph, model.config, sigmas, denoiseAt) }, precision);
}

/**
 * The same of head `anchors`: `noise`, `condition`, and of each query's candidates the vectors `anchors` [queries, candidates, d] and
 * what the sources say, `features` [queries, candidates, f] -> how likely each is to be in a set, `inclusion` [batch, candidates], and the
 * score by which a set's items come one after another, `order` [queries, candidates].
 */
export function candidateSamplerOnnx(model: DiffusionModel, sigmas: Sigmas): Uint8Array {
  const { config } = model;
  const graph = new Graph();
  const query = queryInput(config, graph);
  const anchors = anchorsOf(candidateInputs(config, query));
  const condition = conditionMemory(config, query);
  let last: Value | undefined;
  solve(graph, config, sigmas, (x, sigma) => {
    const { clean, posterior } = denoiseAnchored(config, { x, sigma, condition }, anchors);
    last = posterior;
    return clean;
  });
  return encode(model, graph, { inclusion: inclusionOf(last!), order: perCandidate(anchors.order) });
}

/** The order alone: the input `features` [queries, candidates, f] -> `order` [queries, candidates]. */
export function candidateOrderOnnx(model: DiffusionModel): Uint8Array {
  const graph = new Graph();
  return encode(model, graph, { order: perCandidate(orderScores(featuresInput(model.config, graph))) });
}

/** The inputs `anchors` and `features` of the candidates of as many queries as `query` [queries, dz] has. */
export function candidateInputs(config: DenoiserConfig, { graph, shape }: Value): CandidateInputs {
  return {
    vectors: graph.input('anchors', [shape[0], 'candidates', config.dimension]),
    sources: featuresInput(config, graph, shape[0]),
  };
}

const featuresInput = (config: DenoiserConfig, graph: Graph, queries: Dim = 'queries'): Value =>
  graph.input('features', [queries, 'candidates', sourcesOf(config)]);

const queryInput = (config: DenoiserConfig, graph: Graph): Value =>
  graph.input('condition', ['queries', config.conditionDimension]);

const perCandidate = (x: Value): Value => ops.reshape(x, ['queries', 'candidates']);

/** The steps of DPM-Solver++(2M) from the input `noise`. */
function solve(
  graph: Graph,
  { dimension }: DenoiserConfig,
  sigmas: Sigmas,
  denoiseAt: (x: Value, sigma: Value) => Value,
): Value {
  let x = ops.mul(graph.input('noise', ['batch', 'rows', dimension]), sigmas[0]);
  let previous = x;
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const clean = denoiseAt(x, graph.constant(Float32Array.of(sigmas[i]), [1, 1, 1]));
    const { keep, now, before } = dpmCoefficients(sigmas, i);
    const terms = [ops.mul(clean, now)];
    if (keep !== 0) terms.push(ops.mul(x, keep));
    if (before !== 0) terms.push(ops.mul(previous, before));
    x = terms.reduce(ops.add);
    previous = clean;
  }
  return x;
}

/** A graph with every parameter a request may need, guided or not: what the weights must have. */
export function parameterGraph(config: DenoiserConfig): Graph {
  const { dimension: d, conditionDimension } = config;
  const graph = new Graph();
  const query = graph.input('condition', ['batch', conditionDimension]);
  const condition = conditionMemory(config, query, graph.input('kept', ['batch', 1, 1]));
  const inputs = {
    x: graph.input('x', ['batch', 'rows', d]),
    sigma: graph.input('sigma', [1, 1, 1]),
    condition,
  };
  if (config.head === 'edm') denoiseRows(config, inputs);
  else denoiseAnchored(config, inputs, anchorsOf(candidateInputs(config, query)));
  return graph;
}
