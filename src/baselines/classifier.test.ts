import { describe, expect, it } from 'vitest';
import { RidgeSmoother, withConstant } from '../encode/ridgeSmoother.js';
import { ridgeCases } from '../encode/testing/ridgeCases.js';
import { row } from '../matrix.js';
import { classify } from './classifier.js';
import { itemSets } from './itemSets.js';

describe('classify', () => {
  it.each(ridgeCases())('scores the items of training sets as numpy does, $train.rows sets', (example) => {
    const { ridge, train, sets, queries, scores } = example;
    const classifier = {
      smoother: new RidgeSmoother(withConstant(train)).matrix(ridge),
      sets: itemSets(sets),
    };
    const seen = new Set(sets.flat());
    scores.forEach((expected, q) => {
      const found = classify(classifier, row(queries, q));
      expect(new Set(found.items)).toEqual(seen);
      found.items.forEach((item, i) => {
        expect(found.scores[i]).toBeCloseTo(expected[item], 5);
        if (i > 0) expect(found.scores[i]).toBeLessThanOrEqual(found.scores[i - 1]);
      });
    });
  });
});
