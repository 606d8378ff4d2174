import { expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { parseConfig } from '../run/parseConfig.js';
import { aggregateSeeds, shortSets } from './aggregate.js';
import type { MethodEvaluation, RunEvaluation } from './evaluateRun.js';
import type { MethodName } from './results.js';

it('lists queries for which a method found fewer than k items', () => {
  const found = (items: number) => ({
    set: {
      directions: matrix(1, 2),
      assigned: Array.from({ length: items }, (_, item) => ({ item, direction: 0, score: 1, rank: 1 })),
    },
  });
  const method = (...sizes: number[]): MethodEvaluation => ({
    metrics: {},
    msPerQuery: 1,
    answers: sizes.map(found),
  });
  const methods = new Map([
    ['plain', method(3, 3)],
    ['folm', method(3, 1)],
  ] as const);
  const test = { texts: ['tents', 'lamps'], vectors: matrix(2, 2) };
  expect(shortSets({ methods, test, config: parseConfig({ k: 3 }) })).toEqual([
    { method: 'folm', query: 'lamps', reason: '1 of 3 items found' },
  ]);
});

it('compares by the composite only methods that have directions', () => {
  const method = (...composite: number[]): MethodEvaluation => ({
    metrics: { composite: Float64Array.from(composite) },
    msPerQuery: 1,
    answers: [],
  });
  const methods = new Map<MethodName, MethodEvaluation>([
    ['plain', method(0.9, 0.9)],
    ['kmeans', method(0.5, 0.6)],
    ['folm', method(0.7, 0.6)],
  ]);
  const run = {
    methods,
    config: parseConfig({ task: 'oar' }),
    counts: { train: 1, valid: 1, test: 2 },
    workspace: { items: [] },
    tuned: {},
  } as unknown as RunEvaluation;
  const { plain, kmeans, folm } = aggregateSeeds([run], { dataset: 'shop' }).methods;
  expect(folm?.againstBestBaseline).toMatchObject({ baseline: 'kmeans', mean: expect.closeTo(0.1, 10) });
  expect(kmeans?.againstBestBaseline).toBeUndefined();
  expect(plain?.againstBestBaseline).toBeUndefined();
});
