/** A trained set denoiser, and the ONNX models made from it. */
import { encodeOnnx, Graph, ops, type Parameters, type Value } from '../engine/index.js';
import { nearestAnchors, shortlist } from './anchors.js';
import type { DenoiserConfig } from './config.js';
import { denoise } from './denoiser.js';
import { dpmCoefficients } from './sampling.js';
import type { Sigmas } from './schedule.js';
import { conditionMemory, embeddingOf } from './transformer.js';

/** Everything needed to run the denoiser: `config` is JSON, `parameters` one safetensors file. */
export interface DiffusionModel {
  readonly config: DenoiserConfig;
  /** Trained parameters and, under `anchors`, the anchors [anchors, dimension]. */
  readonly parameters: Parameters;
}

/** Name of the anchors among the parameters. */
export const ANCHORS = 'anchors';

/** D of one noise level, guided if asked for: (1 + w) D(x; query) - w D(x; nothing) (Ho & Salimans 2022). */
type DenoiseAt = (x: Value, sigma: Value, anchors?: Value) => { clean: Value; posterior?: Value };

function denoiserGraph(
  { config, parameters }: DiffusionModel,
  graph: Graph,
  guidance?: Value,
): { denoiseAt: DenoiseAt; anchors?: Value; prior?: Value } {
  const { anchors: n, nearAnchors, dimension: d } = config;
  const stored = parameters.get(ANCHORS);
  if (n > 0 && stored?.data.length !== n * d)
    throw new RangeError(`the model needs ${n} anchors of length ${d}`);
  const all = n > 0 && stored ? graph.constant(stored.data, [n, d]) : undefined;
  const condition = graph.input('condition', ['queries', config.conditionDimension]);
  const anchors =
    all && nearAnchors > 0 ? nearestAnchors(embeddingOf(config, condition), all, nearAnchors) : all;
  const near = nearAnchors > 0 ? anchors : undefined;
  const features = config.features > 0 ? graph.input('features', ['queries', n, config.features]) : undefined;
  const query = conditionMemory(config, condition, { near, features });
  const nothing =
    guidance &&
    conditionMemory(config, condition, {
      near,
      features,
      kept: graph.constant(new Float32Array(1), [1, 1, 1]),
    });
  const denoiseAt: DenoiseAt = (x, sigma, from = anchors) => {
    const guided = denoise(config, { x, sigma, condition: query, anchors: from });
    if (!guidance || !nothing) return guided;
    const { clean } = denoise(config, { x, sigma, condition: nothing, anchors: from });
    return { ...guided, clean: ops.add(guided.clean, ops.mul(ops.sub(guided.clean, clean), guidance)) };
  };
  return { denoiseAt, anchors, prior: query.prior };
}

function encode({ parameters }: DiffusionModel, graph: Graph, outputs: Record<string, Value>): Uint8Array {
  const weights = new Map([...parameters].map(([name, { data }]) => [name, data]));
  return encodeOnnx(graph, { outputs, weights });
}

/**
 * The denoiser as an ONNX model: `x` [batch, rows, d], `sigma` [1, 1, 1], `condition` [queries, dz] and, if `guided`,
 * the strength `guidance` [] -> `clean` [batch, rows, d]. A batch holds as many sets of each query, one query's after another's.
 */
export function denoiserOnnx(model: DiffusionModel, { guided }: { readonly guided: boolean }): Uint8Array {
  const graph = new Graph();
  const { denoiseAt } = denoiserGraph(model, graph, guided ? graph.input('guidance', []) : undefined);
  const x = graph.input('x', ['batch', 'rows', model.config.dimension]);
  const { clean } = denoiseAt(x, graph.input('sigma', [1, 1, 1]));
  return encode(model, graph, { clean });
}

/** Anchors that the steps after the first look at: the rest has next to no mass in any row, and most of the cost. */
const SHORTLIST = 256;

export interface SamplerOnnxOptions {
  readonly sigmas: Sigmas;
  /** Strength w of classifier-free guidance; 0 spares its evaluations. */
  readonly guidance: number;
}

/**
 * All steps of DPM-Solver++(2M) as one ONNX model: standard normals `noise` [batch, rows, d] and `condition` [queries, dz]
 * -> `clean` [batch, rows, d]. What depends on the noise level alone is constant there, and the runtime folds it; what
 * depends on the query alone is computed once for all steps.
 */
export function samplerOnnx(model: DiffusionModel, { sigmas, guidance }: SamplerOnnxOptions): Uint8Array {
  const graph = new Graph();
  const { nearAnchors } = model.config;
  const { denoiseAt, anchors, prior } = denoiserGraph(
    model,
    graph,
    guidance > 0 ? graph.scalar(guidance) : undefined,
  );
  let candidates = anchors;
  const noise = graph.input('noise', ['batch', 'rows', model.config.dimension]);
  let x = ops.mul(noise, sigmas[0]);
  let previous = x;
  let inclusion: Value | undefined;
  for (let i = 0; i + 1 < sigmas.length; i++) {
    const sigma = graph.constant(Float32Array.of(sigmas[i]), [1, 1, 1]);
    const { clean, posterior } = denoiseAt(x, sigma, candidates);
    if (
      i === 0 &&
      anchors &&
      posterior &&
      !nearAnchors &&
      model.config.features === 0 &&
      model.config.anchors > SHORTLIST
    ) {
      candidates = shortlist(posterior, anchors, SHORTLIST);
    }
    const { keep, now, before } = dpmCoefficients(sigmas, i);
    const terms = [ops.mul(clean, now)];
    if (keep !== 0) terms.push(ops.mul(x, keep));
    if (before !== 0) terms.push(ops.mul(previous, before));
    x = terms.reduce(ops.add);
    previous = clean;
    if (posterior && model.config.features > 0)
      inclusion = ops.sub(1, ops.exp(ops.sum(ops.log(ops.sub(1.0001, posterior)), [1])));
  }
  return encode(model, graph, { clean: x, ...(inclusion && { inclusion }), ...(prior && { prior }) });
}
