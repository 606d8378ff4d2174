/** The numbers of AdamW's steps, and learning-rate schedules. */
import type { AdamWStep } from './parameterMemory.js';

export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled weight decay; 0 makes it plain Adam. Applied to matrices only, as is usual. */
  readonly weightDecay?: number;
}

/**
 * AdamW (Loshchilov & Hutter 2019; Kingma & Ba 2015), whose moments are kept as the plain discounted sums M = beta1 M + g and
 * V = beta2 V + g^2: the factors 1 - beta and the bias corrections are folded into the scalars of step `t` (from 1),
 * lr * m^ / (sqrt(v^) + eps) = stepSize * M / (sqrt(V) + epsilon).
 */
export function adamScalars(
  t: number,
  learningRate: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamWOptions,
): Omit<AdamWStep, 'scale'> {
  const mScale = (1 - beta1) / (1 - beta1 ** t);
  const vScale = Math.sqrt((1 - beta2) / (1 - beta2 ** t));
  return {
    beta1,
    beta2,
    stepSize: (learningRate * mScale) / vScale,
    epsilon: epsilon / vScale,
    kept: 1 - learningRate * weightDecay,
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
