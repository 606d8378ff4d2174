/** AdamW as graph nodes, and learning-rate schedules as plain functions. */
import type { Graph, Value } from './graph.js';
import { add, div, mul, sqrt, sub } from './ops.js';

export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled weight decay; 0 makes it plain Adam. Applied to matrices only, as is usual. */
  readonly weightDecay?: number;
}

/** The per-step numbers the update nodes read; see `adamScalars`. */
export interface AdamInputs {
  readonly stepSize: Value;
  readonly epsilon: Value;
  readonly decay: Value;
}

export function adamInputs(graph: Graph): AdamInputs {
  return {
    stepSize: graph.input('adam.stepSize', []),
    epsilon: graph.input('adam.epsilon', []),
    decay: graph.input('adam.decay', []),
  };
}

/**
 * One AdamW update (Loshchilov & Hutter 2019; Kingma & Ba 2015). The moments are kept as the plain discounted sums
 * M = beta1 M + g and V = beta2 V + g^2: the factors 1 - beta and the bias corrections are scalars which `adamScalars`
 * folds into the step size and epsilon, which saves a third of the memory passes.
 */
export function adamUpdate(
  parameter: Value,
  gradient: Value,
  [M, V]: readonly [Value, Value],
  { stepSize, epsilon, decay }: AdamInputs,
  { beta1 = 0.9, beta2 = 0.999, weightDecay = 0 }: AdamWOptions,
): { parameter: Value; moments: [Value, Value] } {
  const nextM = add(mul(M, beta1), gradient);
  const nextV = add(mul(V, beta2), mul(gradient, gradient));
  const step = mul(div(nextM, add(sqrt(nextV), epsilon)), stepSize);
  const kept = weightDecay > 0 && parameter.rank >= 2 ? mul(parameter, decay) : parameter;
  return { parameter: sub(kept, step), moments: [nextM, nextV] };
}

/** The scalars of step `t` (from 1): lr * m^ / (sqrt(v^) + eps) = stepSize * M / (sqrt(V) + epsilon). */
export function adamScalars(
  t: number,
  learningRate: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamWOptions,
): { stepSize: number; epsilon: number; decay: number } {
  const mScale = (1 - beta1) / (1 - beta1 ** t);
  const vScale = Math.sqrt((1 - beta2) / (1 - beta2 ** t));
  return {
    stepSize: (learningRate * mScale) / vScale,
    epsilon: epsilon / vScale,
    decay: 1 - learningRate * weightDecay,
  };
}

export interface WarmupCosineOptions {
  readonly peak: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** Learning rate at the end, as a share of the peak (0). */
  readonly final?: number;
}

/** Linear warm-up to `peak`, then half a cosine down (Loshchilov & Hutter 2017). `step` counts from 0. */
export function warmupCosine(
  step: number,
  { peak, warmupSteps, totalSteps, final = 0 }: WarmupCosineOptions,
): number {
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return peak * (final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
