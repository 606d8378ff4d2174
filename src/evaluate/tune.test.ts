import { describe, expect, it } from 'vitest';
import { dppMap } from '../index/dpp.js';
import { mmr } from '../index/mmr.js';
import { randomCandidates } from '../index/testing/candidates.js';
import { gatherRows } from '../matrix.js';
import { setMetrics } from './setMetrics.js';
import { tuneDpp, tuneMmr } from './tune.js';

const validation = [1, 2, 3, 4].map((seed) => randomCandidates({ n: 20, d: 8, seed }));

describe.each([
  {
    name: 'tuneMmr',
    tune: tuneMmr,
    select: (list: (typeof validation)[0], lambda: number) => mmr({ ...list, lambda, k: 5 }),
  },
  {
    name: 'tuneDpp',
    tune: tuneDpp,
    select: (list: (typeof validation)[0], theta: number) => dppMap({ ...list, theta, k: 5 }),
  },
])('$name', ({ tune, select }) => {
  const meanComposite = (value: number) =>
    validation
      .map((list) =>
        setMetrics({ items: gatherRows(list.candidates, select(list, value)), query: list.query }),
      )
      .reduce((sum, metrics) => sum + metrics.composite / validation.length, 0);

  it('returns the value with the highest mean composite, and all scores', () => {
    const { best, scores } = tune(validation, { k: 5 });
    for (const { value, composite } of scores) expect(composite).toBeCloseTo(meanComposite(value), 12);
    expect(meanComposite(best)).toBeCloseTo(Math.max(...scores.map((s) => s.composite)), 12);
  });

  it('takes the first of equal values', () => {
    expect(tune(validation, { k: 20, grid: [0.5, 0.5] }).best).toBe(0.5);
    const single = [randomCandidates({ n: 1, d: 4, seed: 9 })];
    expect(tune(single, { k: 1, grid: [0.3, 0.9] }).best).toBe(0.3);
  });

  it('refuses to tune on nothing', () => {
    expect(() => tune([], { k: 5 })).toThrow('at least one validation query');
    expect(() => tune(validation, { k: 5, grid: [] })).toThrow('at least one value');
  });
});
