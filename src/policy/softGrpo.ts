/** Soft-GRPO (docs/paper.md, Soft-GRPO): group advantages, and the clipped per-token loss with both KL directions. */
import { ops, type Value } from '../engine/index.js';

const { add, clip, div, exp, maximum, minimum, mul, sub, sum } = ops;

const EPSILON = 1e-6;

/**
 * A_i = (r_i - mean) / (std + eps) within each group of `groupSize` consecutive rewards. A group whose rewards are all
 * equal teaches nothing: its advantages are zero.
 */
export function groupAdvantages(
  rewards: ArrayLike<number>,
  groupSize: number,
): { advantages: Float32Array; zeroVarianceGroups: number } {
  const advantages = new Float32Array(rewards.length);
  let zeroVarianceGroups = 0;
  for (let start = 0; start < rewards.length; start += groupSize) {
    let mean = 0;
    for (let i = 0; i < groupSize; i++) mean += rewards[start + i] / groupSize;
    let variance = 0;
    for (let i = 0; i < groupSize; i++) variance += (rewards[start + i] - mean) ** 2 / groupSize;
    const deviation = Math.sqrt(variance);
    if (deviation < EPSILON) {
      zeroVarianceGroups++;
      continue;
    }
    for (let i = 0; i < groupSize; i++)
      advantages[start + i] = (rewards[start + i] - mean) / (deviation + EPSILON);
  }
  return { advantages, zeroVarianceGroups };
}

/**
 * Advantages of single sub-queries, [n * k], where the reward says what each of them gained, [n][k]: the discounted gain from
 * this sub-query on, less the group's mean at its place, over the group's deviation. What earlier sub-queries gained is
 * no merit of a later one; leaving it out takes most of the noise from the gradient and nothing from its mean at discount 1.
 */
export function subQueryAdvantages(
  gains: readonly (readonly number[])[],
  groupSize: number,
  discount: number,
): Float32Array {
  const k = gains[0]?.length ?? 0;
  const advantages = new Float32Array(gains.length * k);
  for (let start = 0; start < gains.length; start += groupSize) {
    const toGo = new Float64Array(groupSize * k);
    for (let i = 0; i < groupSize; i++) {
      for (let j = k - 1, rest = 0; j >= 0; j--) {
        rest = gains[start + i][j] + discount * rest;
        toGo[i * k + j] = rest;
      }
    }
    let variance = 0;
    for (let j = 0; j < k; j++) {
      let mean = 0;
      for (let i = 0; i < groupSize; i++) mean += toGo[i * k + j] / groupSize;
      for (let i = 0; i < groupSize; i++) {
        toGo[i * k + j] -= mean;
        variance += toGo[i * k + j] ** 2 / toGo.length;
      }
    }
    const deviation = Math.sqrt(variance);
    if (deviation < EPSILON) continue;
    for (let t = 0; t < toGo.length; t++) advantages[start * k + t] = toGo[t] / (deviation + EPSILON);
  }
  return advantages;
}

export interface SoftGrpoCoefficients {
  /** Clipping range of the probability ratio (0.2). */
  readonly clip: number;
  /** b1: weight of rho * (log pi - log pi_old) (0.05). */
  readonly klOld: number;
  /** b2: weight of -log pi on the sampled tokens (0.05). */
  readonly klReverse: number;
}

export interface SoftGrpoTerms {
  /** log pi_theta and log pi_old of the sampled tokens, [queries, choices]. */
  readonly logProbs: Value;
  readonly oldLogProbs: Value;
  /** The advantage of each token, [queries, choices]: its completion's, or its sub-query's. */
  readonly advantages: Value;
  /** 1 on completion tokens, [queries, choices]. */
  readonly weights: Value;
}

/** `-min(rho A, clip(rho) A) + b1 rho (log pi - log pi_old) + b2 (-log pi)`, averaged over the batch's tokens. */
export function softGrpoLoss(
  { logProbs, oldLogProbs, advantages, weights }: SoftGrpoTerms,
  { clip: range, klOld, klReverse }: SoftGrpoCoefficients,
): { loss: Value; ratio: Value; logRatio: Value } {
  const logRatio = sub(logProbs, oldLogProbs);
  const ratio = exp(logRatio);
  const surrogate = minimum(mul(ratio, advantages), mul(clip(ratio, 1 - range, 1 + range), advantages));
  const kl = add(mul(mul(ratio, logRatio), klOld), mul(logProbs, -klReverse));
  return { loss: tokenMean(sub(kl, surrogate), weights), ratio, logRatio };
}

/** Mean over the tokens of weight 1. */
export function tokenMean(x: Value, weights: Value): Value {
  return div(sum(mul(x, weights)), maximum(sum(weights), 1));
}
