/** How many steps a sampler takes, and at which noise levels, for a given model. */
import type { DenoiserConfig } from './config.js';
import type { SamplerName } from './sampling.js';
import { karrasSchedule, type Sigmas, tangentSchedule } from './schedule.js';

/** Steps which a sampler takes unless told otherwise; between candidates their order alone says what to choose. */
export function defaultSteps({ head }: DenoiserConfig, sampler: SamplerName): number {
  if (sampler === 'eulerMaruyama') return 256;
  return head === 'anchors' ? 0 : 16;
}

/**
 * The noise levels of a request. Euler-Maruyama has the paper's tangent grid; the others Karras's, from where the rows say next to
 * nothing to where their candidates are certain (head `edm`: to a tenth of the data's deviation).
 */
export function samplingSigmas(
  { sigmaData, head }: DenoiserConfig,
  sampler: SamplerName,
  steps: number,
): Sigmas {
  if (sampler === 'eulerMaruyama')
    return tangentSchedule({ steps, sigmaMin: 1e-4, sigmaMax: Math.min(80, 100 * sigmaData) });
  return head === 'anchors'
    ? karrasSchedule({ steps, sigmaMin: 0.03, sigmaMax: 1 })
    : karrasSchedule({ steps, sigmaMin: 0.1 * sigmaData, sigmaMax: 2 });
}
