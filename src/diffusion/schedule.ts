/** Noise levels: the grids that samplers step through, and the distribution that training draws from. */
import type { CounterRandom } from '../random.js';

/** A decreasing grid of `steps` noise levels followed by 0: what every sampler takes. */
export type Sigmas = readonly number[];

export interface ScheduleOptions {
  /** Number of sampler steps, at least 1. */
  readonly steps: number;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
}

/**
 * The tangent schedule of the paper (docs/paper.md, Set diffusion): sigma(t) = sigmaMax * tan(b t) / tan(b), b = 1.5, with t falling
 * evenly from 1 until sigma is `sigmaMin`. Dense at small sigma, for many-step stochastic samplers.
 */
export function tangentSchedule({ steps, sigmaMin, sigmaMax }: ScheduleOptions): Sigmas {
  const b = 1.5;
  const last = Math.atan((sigmaMin / sigmaMax) * Math.tan(b)) / b;
  return grid(steps, (u) => (sigmaMax * Math.tan(b * (1 + u * (last - 1)))) / Math.tan(b));
}

export interface KarrasOptions extends ScheduleOptions {
  /** Bends the grid towards small sigma (7). */
  readonly rho?: number;
}

/** The schedule of Karras et al. 2022, equation 5: sigma^(1/rho) falls evenly. For few-step samplers. */
export function karrasSchedule({ steps, sigmaMin, sigmaMax, rho = 7 }: KarrasOptions): Sigmas {
  const high = sigmaMax ** (1 / rho);
  const low = sigmaMin ** (1 / rho);
  return grid(steps, (u) => (high + u * (low - high)) ** rho);
}

function grid(steps: number, sigmaAt: (u: number) => number): Sigmas {
  if (!(Number.isInteger(steps) && steps >= 1)) {
    throw new RangeError(`a schedule needs one or more steps, got ${steps}`);
  }
  const sigmas = Array.from({ length: steps }, (_, i) => sigmaAt(steps === 1 ? 0 : i / (steps - 1)));
  return [...sigmas, 0];
}

/** ln(sigma) ~ N(mean, deviation^2). */
export interface LogNormal {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * EDM's training-noise distribution for data of standard deviation `sigmaData`: its constants (-1.2, 1.2) assume 0.5,
 * so the mean moves by ln(2 * sigmaData).
 */
export function edmNoise(sigmaData: number): LogNormal {
  return { mean: -1.2 + Math.log(2 * sigmaData), deviation: 1.2 };
}

/** Fills `out` with independent draws of sigma. */
export function fillSigmas(
  out: Float32Array,
  random: CounterRandom,
  { mean, deviation }: LogNormal,
): Float32Array {
  random.fillNormal(out);
  for (let i = 0; i < out.length; i++) out[i] = Math.exp(mean + deviation * out[i]);
  return out;
}
