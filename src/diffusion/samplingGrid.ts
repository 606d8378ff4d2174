/** How many steps a sampler takes, and at which noise levels, for a given model. */
import type { DenoiserConfig } from './config.js';
import type { SamplerName } from './sampling.js';
import { karrasSchedule, type Sigmas, tangentSchedule } from './schedule.js';

/** Whether every row the model has seen is an anchor. */
const exact = ({ anchors, anchorSpread }: DenoiserConfig): boolean => anchors > 0 && anchorSpread === 0;

/**
 * Steps which a sampler takes unless told otherwise. Three are enough between exact anchors: with 3, 4, 5 and 6 the
 * composite of items and directions was 98.1, 98.6, 98.8 and 98.9% of the target sets', with 64 98.7%; with 2 it breaks down.
 */
export function defaultSteps(config: DenoiserConfig, sampler: SamplerName): number {
  if (sampler === 'eulerMaruyama') return 256;
  return exact(config) ? 3 : 16;
}

/**
 * The noise levels of a request. Euler-Maruyama has the paper's tangent grid; the others Karras's, from where the rows
 * say next to nothing to where their nearest anchors are certain (without exact anchors: to a tenth of the spread).
 */
export function samplingSigmas(config: DenoiserConfig, sampler: SamplerName, steps: number): Sigmas {
  const { sigmaData, anchors, anchorSpread } = config;
  if (sampler === 'eulerMaruyama')
    return tangentSchedule({ steps, sigmaMin: 1e-4, sigmaMax: Math.min(80, 100 * sigmaData) });
  if (anchors === 0) return karrasSchedule({ steps, sigmaMin: 0.1 * sigmaData, sigmaMax: 2 });
  return karrasSchedule({ steps, sigmaMin: exact(config) ? 0.03 : 0.1 * anchorSpread, sigmaMax: 1 });
}
