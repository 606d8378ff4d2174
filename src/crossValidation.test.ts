import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binaryNdcg, crossValidate, foldsOf } from './crossValidation.js';

const sets = fc.array(fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 40,
});

describe('foldsOf', () => {
  it('keeps queries with nearly the same set together, where these are few', () => {
    fc.assert(
      fc.property(sets, fc.nat(), (drawn, seed) => {
        // As many others that are like none.
        const references = [...drawn, ...Array.from({ length: 5 * drawn.length }, (_, i) => [100 + i])];
        const fold = foldsOf(references, { folds: 4, seed });
        references.forEach((a, i) => {
          references.forEach((b, j) => {
            const shared = a.filter((item) => b.includes(item)).length;
            if (shared / (a.length + b.length - shared) >= 0.5) expect(fold[i]).toBe(fold[j]);
          });
        });
      }),
    );
  });

  it('parts even equal sets where all are', () => {
    const fold = foldsOf([[1], [1], [1], [1]], { folds: 2, seed: 1 });
    expect(fold.toSorted()).toEqual(Int32Array.of(0, 0, 1, 1));
  });

  it('makes folds of one size where all sets differ', () => {
    const fold = foldsOf(
      Array.from({ length: 23 }, (_, i) => [i]),
      { folds: 5, seed: 3 },
    );
    const sizes = [0, 1, 2, 3, 4].map((f) => fold.filter((x) => x === f).length);
    expect(sizes.toSorted()).toEqual([4, 4, 5, 5, 5]);
  });
});

describe('crossValidate', () => {
  it('judges each drawn query once a setting, by what was learnt without it', async () => {
    const references = Array.from({ length: 30 }, (_, i) => [i]);
    const found = await crossValidate({
      references,
      settings: [100, 200],
      seed: 1,
      judged: 12,
      train: (trained, heldOut) => {
        expect(trained.filter((i) => heldOut.includes(i))).toEqual([]);
        expect(trained.length).toBe(24);
        return (setting) => heldOut.map((i) => setting + i);
      },
    });
    expect(found[0]).toHaveLength(12);
    expect(new Set(found[0]).size).toBe(12);
    expect(found[1]).toEqual(found[0].map((x) => x + 100));
  });
});

describe('binaryNdcg', () => {
  it('is 1 for the best order, and counts by rank', () => {
    expect(binaryNdcg([4, 2, 9], [2, 4], 3)).toBe(1);
    expect(binaryNdcg([9, 2, 4], [4, 2], 2)).toBeCloseTo(1 / Math.log2(3) / (1 + 1 / Math.log2(3)), 12);
    expect(binaryNdcg([9, 2], [2, 3, 4], 1)).toBe(0);
    expect(binaryNdcg([1], [], 5)).toBe(0);
  });
});
