import { expect, it } from 'vitest';
import { Eta } from './eta.js';

it('tells the time left once it has seen a rate', () => {
  const eta = new Eta();
  expect(eta.update(1, 100, 0)).toBeUndefined();
  expect(eta.update(11, 100, 5)).toBeCloseTo(44.5);
  expect(eta.update(100, 100, 50)).toBe(0);
});

it('does not count what an earlier run did', () => {
  const eta = new Eta();
  eta.update(301, 600, 100);
  expect(eta.update(302, 600, 102)).toBeCloseTo(2 * 298);
});

it('follows a rate that changes', () => {
  const eta = new Eta();
  for (let step = 0; step <= 100; step++) eta.update(step, 1000, step);
  for (let step = 1; step <= 10; step++) eta.update(100 + step, 1000, 100 + 10 * step);
  expect(eta.update(111, 1000, 210)).toBeGreaterThan(889 * 9);
});

it('waits through reports without progress', () => {
  const eta = new Eta();
  eta.update(0, 10, 0);
  expect(eta.update(0, 10, 1)).toBeUndefined();
  expect(eta.update(1, 10, 2)).toBeCloseTo(18);
});
