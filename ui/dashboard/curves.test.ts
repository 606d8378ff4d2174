import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fitScale, linePath, nearestStep, pointsPath, smooth } from './curves.ts';

const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });

it('a smoothed curve stays within its values, and a constant one is itself', () => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 1 }), fc.integer({ min: 1, max: 50 }), (values, span) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const slack = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high));
      for (const value of smooth(values, span)) {
        expect(value).toBeGreaterThanOrEqual(low - slack);
        expect(value).toBeLessThanOrEqual(high + slack);
      }
    }),
  );
  expect(smooth([2, Number.NaN, 2], 5)).toEqual([2, 2, 2]);
  expect(smooth([1, 3], 1)).toEqual([1, 3]);
});

it('a scale holds the values between a few round ticks', () => {
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 60 }), (values) => {
      const { min, max, ticks } = fitScale(values);
      const slack = 1e-6 * (max - min);
      expect(min).toBeLessThan(max);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(min - slack);
      expect(Math.max(...values)).toBeLessThanOrEqual(max + slack);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(7);
    }),
  );
  expect(fitScale([0, 0.31]).ticks).toEqual([0, 0.2, 0.4]);
  expect(fitScale([]).ticks).toHaveLength(3);
});

it('a path goes from corner to corner, with a gap where a figure is missing', () => {
  const scale = { min: 0, max: 1, ticks: [] };
  const path = linePath({ steps: [0, 1, 2, 3], values: [0, 1, Number.NaN, 0.5] }, 3, scale, 300, 100);
  expect(path).toBe('M0.0 100.0L100.0 0.0M300.0 50.0');
});

it('finds the nearest step', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), fc.nat(1000), (all, step) => {
      const steps = all.sort((a, b) => a - b);
      const least = Math.min(...steps.map((s) => Math.abs(s - step)));
      expect(Math.abs(steps[nearestStep(steps, step)] - step)).toBe(least);
    }),
  );
  expect(nearestStep([], 3)).toBe(-1);
});

it('points are where the line goes', () => {
  const scale = { min: 0, max: 1, ticks: [] };
  const curve = { steps: [0, 4, 8], values: [0.5, Number.NaN, 1] };
  expect(pointsPath(curve, 8, scale, 80, 10)).toBe('M0.0 5.0l0 0M80.0 0.0l0 0');
});
