import { expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { parseConfig } from '../run/parseConfig.js';
import { shortSets } from './aggregate.js';
import type { MethodEvaluation } from './evaluateRun.js';

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
