/** EDM preconditioning (Karras et al., arXiv 2206.00364, table 1; docs/paper.md, Set diffusion). */
import { ops, type Value } from '../engine/index.js';

/** The four factors of D(x; sigma) = skip * x + out * F(in * x; noise). */
export interface Preconditioning<T> {
  readonly skip: T;
  readonly out: T;
  readonly in: T;
  /** What the network is told about the noise level: ln(sigma) / 4. */
  readonly noise: T;
}

/**
 * The factors at one noise level. They give the network's input and its target (clean - skip * x) / out unit
 * variance at every sigma, for data of standard deviation `sigmaData`.
 */
export function preconditioning(sigma: number, sigmaData: number): Preconditioning<number> {
  const total = Math.hypot(sigma, sigmaData);
  return {
    skip: (sigmaData / total) ** 2,
    out: (sigma * sigmaData) / total,
    in: 1 / total,
    noise: Math.log(sigma) / 4,
  };
}

/** The same factors as graph values, for noise levels `sigma` of any shape. */
export function preconditioningGraph(sigma: Value, sigmaData: number): Preconditioning<Value> {
  const total = ops.sqrt(ops.add(ops.square(sigma), sigmaData ** 2));
  const inverse = ops.div(1, total);
  return {
    skip: ops.mul(ops.square(inverse), sigmaData ** 2),
    out: ops.mul(ops.mul(sigma, inverse), sigmaData),
    in: inverse,
    noise: ops.mul(ops.log(sigma), 0.25),
  };
}

/** lambda(sigma) = (sigma^2 + sd^2) / (sigma * sd)^2 = 1 / out^2: the loss of every noise level starts out as one. */
export function lossWeight(sigma: number, sigmaData: number): number {
  return (sigma ** 2 + sigmaData ** 2) / (sigma * sigmaData) ** 2;
}
