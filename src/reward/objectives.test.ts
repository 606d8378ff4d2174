import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { alignment, coverage, groundedness } from './objectives.js';

describe('groundedness', () => {
  const direction = matrix(1, 2, Float32Array.of(1, 0));
  it.each([
    { item: [1, 0], expected: 1 },
    { item: [0.5, Math.sqrt(0.75)], expected: 0 }, // 60 degrees: distance 1
    { item: [0, 1], expected: 1 - Math.SQRT2 },
    { item: [-1, 0], expected: -1 },
  ])('is $expected for a direction [1, 0] and an item $item', ({ item, expected }) => {
    expect(groundedness(direction, matrix(1, 2, new Float32Array(item)))).toBeCloseTo(expected, 6);
  });

  it('averages over directions and wants one item each', () => {
    const directions = matrix(2, 2, Float32Array.of(1, 0, 0, 1));
    const items = matrix(2, 2, Float32Array.of(1, 0, 0, -1));
    expect(groundedness(directions, items)).toBe(0);
    expect(() => groundedness(directions, direction)).toThrow('directions [2, 2] and items [1, 2]');
  });
});

describe('alignment', () => {
  it('is the mean cosine to the query', () => {
    const vectors = matrix(3, 2, Float32Array.of(1, 0, 0, 1, -0.6, 0.8));
    expect(alignment(vectors, Float32Array.of(1, 0))).toBeCloseTo(0.4 / 3, 6);
  });
});

describe('coverage', () => {
  it('is the share of the reference which was retrieved, both as sets', () => {
    expect(coverage([1, 2, 2, 9], [2, 9, 5, 7])).toBe(0.5);
    expect(coverage([], [1])).toBe(0);
    expect(coverage(Int32Array.of(3, -1), [3, 3])).toBe(1);
    expect(coverage([1], [])).toBeNaN();
  });

  it('is 1 exactly when everything was found, and grows with what is retrieved', () => {
    const rowNumbers = fc.array(fc.nat(30), { maxLength: 20 });
    fc.assert(
      fc.property(rowNumbers, rowNumbers, fc.array(fc.nat(30), { minLength: 1 }), (a, b, reference) => {
        const share = coverage(a, reference);
        expect(share === 1).toBe(reference.every((item) => a.includes(item)));
        expect(coverage([...a, ...b], reference)).toBeGreaterThanOrEqual(share);
      }),
    );
  });
});
