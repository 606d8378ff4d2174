import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CounterRandom } from '../random.js';
import { edmNoise, fillSigmas, karrasSchedule, tangentSchedule } from './schedule.js';

test.each([
  ['tangent', tangentSchedule],
  ['karras', karrasSchedule],
] as const)('the %s schedule falls from sigmaMax through sigmaMin to 0', (_, schedule) => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 300 }), (steps) => {
      const sigmas = schedule({ steps, sigmaMin: 1e-4, sigmaMax: 8.8 });
      expect(sigmas).toHaveLength(steps + 1);
      expect(sigmas[0]).toBeCloseTo(8.8, 9);
      expect(sigmas[steps - 1]).toBeCloseTo(1e-4, 9);
      expect(sigmas[steps]).toBe(0);
      for (let i = 0; i < steps; i++) expect(sigmas[i + 1]).toBeLessThan(sigmas[i]);
    }),
  );
});

test('one step starts from sigmaMax', () => {
  const [first, last] = karrasSchedule({ steps: 1, sigmaMin: 0.1, sigmaMax: 2 });
  expect(first).toBeCloseTo(2, 12);
  expect(last).toBe(0);
});

test.each([0, -1, 2.5, Number.NaN])('%s steps are refused', (steps) => {
  expect(() => karrasSchedule({ steps, sigmaMin: 0.1, sigmaMax: 2 })).toThrow(RangeError);
});

test('training noise is log-normal, and at sd = 0.5 it is EDM', () => {
  expect(edmNoise(0.5).mean).toBeCloseTo(-1.2, 12);
  const { mean, deviation } = edmNoise(0.088);
  const logs = fillSigmas(new Float32Array(20_000), new CounterRandom(1), { mean, deviation }).map(Math.log);
  const average = logs.reduce((a, b) => a + b) / logs.length;
  const variance = logs.reduce((sum, x) => sum + (x - average) ** 2, 0) / logs.length;
  expect(average).toBeCloseTo(-1.2 + Math.log(0.176), 1);
  expect(Math.sqrt(variance)).toBeCloseTo(1.2, 1);
});
