/** The output head of plain EDM (docs/paper.md, Set diffusion): rows may lie anywhere, as the embeddings of sub-queries do. */
import { ops, type Value } from '../engine/index.js';
import type { DenoiserConfig } from './config.js';
import type { DenoiserInputs, LossInputs } from './denoiser.js';
import { preconditioningGraph } from './edm.js';
import { preconditioned } from './transformer.js';

const { add, mul, sub } = ops;

/** D(x; sigma, query), in the shape of `x`. */
export function denoiseRows(config: DenoiserConfig, inputs: DenoiserInputs): Value {
  const { x, sigma } = inputs;
  const { skip, out } = preconditioningGraph(sigma, config.sigmaData);
  return add(mul(x, skip), mul(preconditioned(config, inputs), out));
}

/** lambda(sigma) * |D - clean|^2 a coordinate, [batch], written as the squared error of F against its unit-variance target. */
export function rowsLoss(config: DenoiserConfig, inputs: LossInputs): Value {
  const { clean, noise, sigma } = inputs;
  const x = add(clean, mul(noise, sigma));
  const { skip, out } = preconditioningGraph(sigma, config.sigmaData);
  const target = ops.div(sub(clean, mul(x, skip)), out);
  return ops.mean(ops.square(sub(preconditioned(config, { ...inputs, x }), target)), [1, 2]);
}
