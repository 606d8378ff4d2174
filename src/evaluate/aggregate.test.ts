import { describe, expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { parseConfig } from '../run/parseConfig.js';
import { aggregateSeeds, shortSets } from './aggregate.js';
import type { MethodEvaluation, RunEvaluation } from './evaluateRun.js';
import type { MethodName } from './results.js';

it('lists queries for which a method found fewer than k items', () => {
  const found = (items: number) => ({
    directions: matrix(1, 2),
    assigned: Array.from({ length: items }, (_, item) => ({ item, direction: 0, score: 1, rank: 1 })),
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

describe('aggregateSeeds', () => {
  const method = (validation: number, ...values: number[]): MethodEvaluation => ({
    metrics: { alphaNdcgAtK: Float64Array.from(values) },
    msPerQuery: 1,
    answers: [],
    validation,
  });
  const run = (methods: readonly (readonly [MethodName, MethodEvaluation])[]) =>
    ({
      methods: new Map(methods),
      config: parseConfig({}),
      counts: { train: 1, valid: 1, test: 3 },
      test: { texts: ['a', 'b', 'c'], references: [[1], [2], []] },
      workspace: { items: [] },
    }) as unknown as RunEvaluation;

  it('compares on test queries with the baseline that was best on validation queries', () => {
    const results = aggregateSeeds(
      [
        run([
          ['plain', method(0.2, 0.9, 0.9, Number.NaN)],
          ['kmeans', method(0.3, 0.5, 0.6, Number.NaN)],
          ['folm', method(0.25, 0.7, 0.6, Number.NaN)],
        ]),
      ],
      { dataset: 'shop' },
    );
    const { plain, kmeans, folm } = results.methods;
    expect(results).toMatchObject({ chosen: 'kmeans', labelled: 2 });
    expect(folm?.metrics.alphaNdcgAtK?.mean).toBeCloseTo(0.65, 10);
    expect(folm?.againstBestBaseline).toMatchObject({ baseline: 'kmeans', mean: expect.closeTo(0.1, 10) });
    expect(folm?.againstPlain?.mean).toBeCloseTo(-0.25, 10);
    expect(kmeans?.againstBestBaseline).toBeUndefined();
    expect(plain?.againstPlain).toBeUndefined();
  });

  it('never chooses what nobody can search by', () => {
    const results = aggregateSeeds(
      [
        run([
          ['plain', method(0.2, 0.1)],
          ['diffusionSupervised', method(0.9, 0.1)],
        ]),
      ],
      { dataset: 'shop' },
    );
    expect(results.chosen).toBe('plain');
  });
});
