/** The set denoiser D(x; sigma, query) and its training loss, as graph code. */
import { ones, ops, type Value, zeros } from '../engine/index.js';
import { besideAnchors, excludeTaken, repel } from './anchors.js';
import { besideQuery } from './besideQuery.js';
import type { DenoiserConfig } from './config.js';
import { preconditioningGraph } from './edm.js';
import { type ConditionMemory, type Drop, transformer } from './transformer.js';

const { add, matmul, mul, sub } = ops;

export interface DenoiserInputs {
  /** Noisy rows [batch, rows, dimension]; a batch may hold several sets a query, one after another. */
  readonly x: Value;
  /** Noise levels [batch, 1, 1], or [1, 1, 1] for one that all share. */
  readonly sigma: Value;
  readonly condition: ConditionMemory;
  /** [anchors, dimension], or a choice of them for each query [batch, n, dimension]; needed where the model has anchors. */
  readonly anchors?: Value;
  readonly drop?: Drop;
}

/** The denoised rows, in the shape of `x`, and with anchors how likely each is for each row, [batch, rows, anchors]. */
export function denoise(config: DenoiserConfig, inputs: DenoiserInputs): { clean: Value; posterior?: Value } {
  const { x, sigma, anchors } = inputs;
  if (!anchors) {
    const { skip, out } = preconditioningGraph(sigma, config.sigmaData);
    return { clean: add(mul(x, skip), mul(network(config, inputs, config.dimension), out)) };
  }
  const { logits, residual } = anchorPosterior(config, inputs, anchors);
  const posterior = ops.softmax(logits);
  const mixture = besideAnchors(posterior, anchors, (p) => matmul(p, anchors));
  if (!residual) return { clean: mixture, posterior };
  const { skip, out } = preconditioningGraph(sigma, config.anchorSpread);
  return { clean: add(mixture, add(mul(sub(x, mixture), skip), mul(residual, out))), posterior };
}

export interface LossInputs extends Omit<DenoiserInputs, 'x'> {
  /** Rows without noise [batch, rows, dimension], and standard normals of that shape. */
  readonly clean: Value;
  readonly noise: Value;
  /** Number of each row's anchor, int32 [batch, rows, 1]; needed with anchors only. */
  readonly labels?: Value;
}

/**
 * Loss of each set of a batch, [batch]. Plain: lambda(sigma) * |D - clean|^2 a coordinate (docs/paper.md, Set diffusion), written as
 * the squared error of F against its unit-variance target. With anchors: see `anchors.ts`.
 */
export function denoisingLoss(config: DenoiserConfig, loss: LossInputs): Value {
  const { clean, noise, sigma, labels, anchors } = loss;
  const x = add(clean, mul(noise, sigma));
  const inputs = { ...loss, x };
  if (!anchors) {
    const { skip, out } = preconditioningGraph(sigma, config.sigmaData);
    const target = ops.div(sub(clean, mul(x, skip)), out);
    return meanSquare(sub(network(config, inputs, config.dimension), target));
  }
  if (!labels) throw new RangeError('training with anchors needs labels');
  const { logits, residual } = anchorPosterior(config, inputs, anchors);
  const entropy = ops.neg(ops.mean(ops.gatherLast(ops.logSoftmax(logits), labels), [1, 2]));
  if (!residual) return entropy;
  const { skip, out } = preconditioningGraph(sigma, config.anchorSpread);
  const [batch, rows] = labels.shape;
  const anchor = ops.gather(anchors, ops.reshape(labels, [batch, rows]));
  const target = ops.div(sub(sub(clean, anchor), mul(sub(x, anchor), skip)), out);
  return add(entropy, meanSquare(sub(residual, target)));
}

const meanSquare = (x: Value): Value => ops.mean(ops.square(x), [1, 2]);

/** Logits of every row over the anchors [batch, rows, anchors], and r where the data has a spread around them. */
function anchorPosterior(
  config: DenoiserConfig,
  inputs: DenoiserInputs,
  anchors: Value,
): { logits: Value; residual?: Value } {
  const { dimension: d, anchorSpread: spread } = config;
  const { x, sigma, condition } = inputs;
  const heads = network(config, inputs, spread > 0 ? 2 * d : d);
  const [h, residual] = spread > 0 ? ops.split(heads, [d, d], 2) : [heads];
  // Below sigma = 0.01 the anchor is certain anyway, and larger quotients would only lose digits.
  const variance = ops.maximum(add(ops.square(sigma), spread ** 2), 1e-4);
  const { vote } = condition;
  const own = vote ? besideQuery(h, vote, (rows) => add(rows, vote)) : h;
  const evidence = add(ops.div(x, variance), own);
  const near = besideAnchors(evidence, anchors, (rows) => matmul(rows, anchors, { transB: true }));
  const { prior } = condition;
  const votes = prior ? besideQuery(near, prior, (rows) => add(rows, prior)) : near;
  // Among thousands of anchors it would cost as much again, and sets differ by themselves.
  const logits =
    config.nearAnchors > 0 ? repel(votes, anchors, x.graph.parameter('repulsion', [1], zeros)) : votes;
  if (spread > 0) return { logits, residual };
  return { logits: excludeTaken(logits, x.graph.parameter('exclusion', [1], ones)) };
}

/** F of the preconditioned denoiser. */
function network(
  config: DenoiserConfig,
  { x, sigma, condition, drop }: DenoiserInputs,
  outputs: number,
): Value {
  const { in: scale, noise } = preconditioningGraph(sigma, config.sigmaData);
  return transformer(config, { x: mul(x, scale), level: noise, condition, drop }, outputs);
}
