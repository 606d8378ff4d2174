import { describe, expect, test } from 'vitest';
import { CounterRandom } from '../random.js';
import {
  type Denoise,
  dpmSolverPlusPlus2M,
  eulerMaruyama,
  exponentialSde,
  heun,
  type Sampler,
  samplers,
} from './sampling.js';
import { karrasSchedule, type Sigmas, tangentSchedule } from './schedule.js';

// Data N(MU, SD^2), whose denoiser is known.
const MU = 0.3;
const SD = 0.088;
const denoise: Denoise = async (x, sigma) =>
  x.map((value) => MU + (SD ** 2 / (SD ** 2 + sigma ** 2)) * (value - MU));

function noise(size: number, sigma: number): Float32Array {
  return new CounterRandom(1, 'start').fillNormal(new Float32Array(size), sigma);
}

async function moments(sampler: Sampler, sigmas: Sigmas, size = 20_000) {
  const random = new CounterRandom(2, 'sampler');
  const samples = await sampler(denoise, noise(size, sigmas[0]), sigmas, { random });
  const mean = samples.reduce((a, b) => a + b) / size;
  const variance = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size;
  return { mean, spread: Math.sqrt(variance) / SD };
}

const karras = (steps: number) => karrasSchedule({ steps, sigmaMin: 1e-3, sigmaMax: 8 });
const tangent = (steps: number) => tangentSchedule({ steps, sigmaMin: 1e-4, sigmaMax: 100 * SD });

describe('on Gaussian data', () => {
  test.each([
    ['eulerMaruyama, 256 steps', eulerMaruyama, tangent(256)],
    ['heun, 32 steps', heun, karras(32)],
    ['dpmSolverPlusPlus2M, 64 steps', dpmSolverPlusPlus2M, karras(64)],
    ['exponentialSde, 64 steps', exponentialSde, karras(64)],
  ] as const)('%s recovers mean and spread', async (_, sampler, sigmas) => {
    const { mean, spread } = await moments(sampler, sigmas);
    expect(Math.abs(mean - MU)).toBeLessThan(0.03 * SD);
    expect(Math.abs(spread - 1)).toBeLessThan(0.02);
  });

  test('Euler-Maruyama spreads too far with few steps, the exponential integrator does not', async () => {
    const few = await moments(eulerMaruyama, tangent(8));
    expect(few.spread).toBeGreaterThan(1.8);
    const exponential = await moments(exponentialSde, karras(8));
    expect(Math.abs(exponential.spread - 1)).toBeLessThan(0.15);
  });
});

describe('order of convergence', () => {
  /** The probability-flow ODE of Gaussian data, solved: distances from the mean shrink with the total deviation. */
  const exact = (x: number, sigma: number) => MU + ((x - MU) * SD) / Math.hypot(sigma, SD);

  async function error(sampler: Sampler, steps: number): Promise<number> {
    // Without the last step to 0, at which every solver returns the denoiser's output.
    const sigmas = karrasSchedule({ steps: steps + 1, sigmaMin: 0.01, sigmaMax: 2 }).slice(0, -1);
    const x = noise(64, 2);
    const result = await sampler(denoise, x, sigmas, { random: new CounterRandom(1) });
    const scale = Math.hypot(0.01, SD) / SD;
    return Math.max(...result.map((value, i) => Math.abs(value - (MU + (exact(x[i], 2) - MU) * scale))));
  }

  test.each([
    ['heun', heun],
    ['dpmSolverPlusPlus2M', dpmSolverPlusPlus2M],
  ] as const)('%s is of second order', async (_, sampler) => {
    const order = Math.log2((await error(sampler, 16)) / (await error(sampler, 32)));
    expect(order).toBeGreaterThan(1.6);
    expect(order).toBeLessThan(2.8);
  });
});

describe.each(Object.entries(samplers))('%s', (_, sampler) => {
  const sample = (seed: number, signal?: AbortSignal) =>
    sampler(denoise, noise(32, 8), karras(6), { random: new CounterRandom(seed), signal });

  test('the same seed gives the same bits', async () => {
    expect(await sample(5)).toEqual(await sample(5));
  });

  test('leaves its input alone', async () => {
    const x = noise(32, 8);
    await sampler(denoise, x, karras(6), { random: new CounterRandom(1) });
    expect(x).toEqual(noise(32, 8));
  });

  test('stops when it is told to', async () => {
    await expect(sample(1, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
