import { expect, test } from 'vitest';
import { samplers } from './sampling.js';
import { defaultSteps, samplingSigmas } from './samplingGrid.js';
import { tinyConfig } from './testing/models.js';

const configs = [tinyConfig(), tinyConfig({ head: 'edm', dimension: 128 })];
const names = Object.keys(samplers) as (keyof typeof samplers)[];

test.each(configs.flatMap((config) => names.map((name) => ({ config, head: config.head, name }))))(
  'the grid of $name for head $head falls to 0 in as many steps as asked',
  ({ config, name }) => {
    for (const steps of [1, 3, Math.max(1, defaultSteps(config, name))]) {
      const sigmas = samplingSigmas(config, name, steps);
      expect(sigmas).toHaveLength(steps + 1);
      expect(sigmas.at(-1)).toBe(0);
      for (let i = 0; i < steps; i++) expect(sigmas[i + 1]).toBeLessThan(sigmas[i]);
      // Above it rows say nothing of where they came from.
      expect(sigmas[0]).toBeGreaterThanOrEqual(1);
    }
  },
);

test('between candidates no steps are needed, and the last of several tells any two apart', () => {
  const [candidates, anywhere] = configs;
  for (const name of names.filter((other) => other !== 'eulerMaruyama')) {
    expect(defaultSteps(candidates, name)).toBe(0);
    expect(defaultSteps(anywhere, name)).toBe(16);
  }
  const last = samplingSigmas(candidates, 'dpmSolverPlusPlus2M', 3).at(-2) as number;
  // Candidates of cosine 0.95 are ten deviations apart.
  expect(Math.sqrt(2 - 2 * 0.95) / last).toBeGreaterThan(10);
});
