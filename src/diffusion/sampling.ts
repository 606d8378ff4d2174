/**
 * Samplers: they carry `x` from pure noise at sigmas[0] down to sigma = 0 with the help of a denoiser. Each is a pure
 * function of its arguments; `x` is not changed. All work on flat arrays and know nothing of sets or queries.
 */
import type { NormalSource } from '../engine/index.js';
import type { Sigmas } from './schedule.js';

/** The expected clean data given `x` = clean + sigma * noise. The result may be a buffer which the next call reuses. */
export type Denoise = (x: Float32Array, sigma: number) => Promise<Float32Array>;

export interface SamplerOptions {
  /** Source of the noise a stochastic sampler adds; the deterministic ones ignore it. */
  readonly random: NormalSource;
  /** Stops between two steps; the sampler then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** `x` [any length] at noise level sigmas[0], with its noise already in it -> a sample at sigma 0. */
export type Sampler = (
  denoise: Denoise,
  x: Float32Array,
  sigmas: Sigmas,
  options: SamplerOptions,
) => Promise<Float32Array>;

/**
 * Euler-Maruyama on the reverse VE SDE (Song et al. 2021, equation 6) with sigma as its time,
 * dx = -2 sigma score dsigma + sqrt(2 sigma) dw: the paper's sampler. Of first order, it needs dozens of steps: on
 * Gaussian data and the tangent schedule up to 100 sd the spread comes out 1.1 times too large at 16, twice at 8.
 */
export const eulerMaruyama: Sampler = async (denoise, x, sigmas, { random, signal }) => {
  x = x.slice();
  const noise = new Float32Array(x.length);
  for (let i = 0; i + 1 < sigmas.length; i++) {
    signal?.throwIfAborted();
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    const clean = await denoise(x, sigma);
    if (next === 0) return clean.slice();
    const step = (2 * (sigma - next)) / sigma;
    random.fillNormal(noise, Math.sqrt(2 * sigma * (sigma - next)));
    for (let j = 0; j < x.length; j++) x[j] += step * (clean[j] - x[j]) + noise[j];
  }
  return x;
};

/** Heun's method on the probability-flow ODE: Karras et al. 2022, algorithm 1. Two evaluations a step, second order. */
export const heun: Sampler = async (denoise, x, sigmas, { signal }) => {
  x = x.slice();
  const slope = new Float32Array(x.length);
  const ahead = new Float32Array(x.length);
  for (let i = 0; i + 1 < sigmas.length; i++) {
    signal?.throwIfAborted();
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    const clean = await denoise(x, sigma);
    for (let j = 0; j < x.length; j++) {
      slope[j] = (x[j] - clean[j]) / sigma;
      ahead[j] = x[j] + (next - sigma) * slope[j];
    }
    if (next === 0) return ahead;
    const corrected = await denoise(ahead, next);
    for (let j = 0; j < x.length; j++) {
      x[j] += ((next - sigma) / 2) * (slope[j] + (ahead[j] - corrected[j]) / next);
    }
  }
  return x;
};

/**
 * DPM-Solver++(2M) on the probability-flow ODE (Lu et al. 2022, algorithm 2): exact in the linear part, and it
 * extrapolates the denoiser linearly in lambda = -ln(sigma) from the two latest evaluations. One evaluation a step,
 * second order.
 */
export const dpmSolverPlusPlus2M: Sampler = async (denoise, x, sigmas, { signal }) => {
  x = x.slice();
  const previous = new Float32Array(x.length);
  for (let i = 0; i + 1 < sigmas.length; i++) {
    signal?.throwIfAborted();
    const clean = await denoise(x, sigmas[i]);
    const { keep, now, before } = dpmCoefficients(sigmas, i);
    for (let j = 0; j < x.length; j++) x[j] = keep * x[j] + now * clean[j] + before * previous[j];
    previous.set(clean);
  }
  return x;
};

/** What step `i` of DPM-Solver++(2M) computes: x <- keep * x + now * D_i + before * D_(i-1). */
export function dpmCoefficients(sigmas: Sigmas, i: number): { keep: number; now: number; before: number } {
  const [sigma, next] = [sigmas[i], sigmas[i + 1]];
  if (next === 0) return { keep: 0, now: 1, before: 0 };
  const keep = next / sigma;
  if (i === 0) return { keep, now: 1 - keep, before: 0 };
  // 1 / 2r with r = h_last / h, the ratio of the last two steps in lambda.
  const extrapolate = Math.log(sigma / next) / (2 * Math.log(sigmas[i - 1] / sigma));
  return { keep, now: (1 - keep) * (1 + extrapolate), before: (keep - 1) * extrapolate };
}

/**
 * DPM-Solver++(2M) on the reverse SDE (Lu et al. 2022, section 5; in k-diffusion `sample_dpmpp_2m_sde`): an
 * exponential integrator, so that a step of any size adds the right amount of noise. One evaluation a step.
 */
export const exponentialSde: Sampler = async (denoise, x, sigmas, { random, signal }) => {
  x = x.slice();
  const previous = new Float32Array(x.length);
  const noise = new Float32Array(x.length);
  for (let i = 0; i + 1 < sigmas.length; i++) {
    signal?.throwIfAborted();
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    const clean = await denoise(x, sigma);
    if (next === 0) return clean.slice();
    const keep = (next / sigma) ** 2;
    const extrapolate = i === 0 ? 0 : Math.log(sigma / next) / (2 * Math.log(sigmas[i - 1] / sigma));
    random.fillNormal(noise, next * Math.sqrt(1 - keep));
    for (let j = 0; j < x.length; j++) {
      const ahead = clean[j] + extrapolate * (clean[j] - previous[j]);
      x[j] = keep * x[j] + (1 - keep) * ahead + noise[j];
    }
    previous.set(clean);
  }
  return x;
};

/** The samplers by the names used in configuration. */
export const samplers = { eulerMaruyama, heun, dpmSolverPlusPlus2M, exponentialSde } as const;
export type SamplerName = keyof typeof samplers;
