import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, gatherRows, matrix, row } from '../matrix.js';
import { type DppOptions, dppMap } from './dpp.js';
import { randomCandidates } from './testing/candidates.js';

/** Greedy MAP by explicit determinants of L = diag(q) S diag(q). */
function greedyByDeterminants({ candidates, relevance, theta, k }: DppOptions): number[] {
  // float32 rows are only nearly of unit length; the diagonal of S is 1 by definition.
  const cosine = (i: number, j: number) => (i === j ? 1 : dot(row(candidates, i), row(candidates, j)));
  const kernel = (i: number, j: number) => Math.exp(theta * (relevance[i] + relevance[j])) * cosine(i, j);
  const picked: number[] = [];
  while (picked.length < k) {
    const dets = Array.from({ length: candidates.rows }, (_, i) => {
      if (picked.includes(i)) return Number.NEGATIVE_INFINITY;
      const set = [...picked, i];
      return determinant(set.map((a) => set.map((b) => kernel(a, b))));
    });
    picked.push(dets.indexOf(Math.max(...dets)));
  }
  return picked;
}

/** Laplace expansion: slow and beyond doubt. */
function determinant(m: number[][]): number {
  if (m.length === 0) return 1;
  return m[0].reduce((sum, value, j) => {
    const minor = m.slice(1).map((r) => r.filter((_, c) => c !== j));
    return sum + (j % 2 === 0 ? value : -value) * determinant(minor);
  }, 0);
}

describe('dppMap', () => {
  it('picks what greedy search over determinants picks', () => {
    const cases = fc.record({
      n: fc.integer({ min: 5, max: 8 }),
      d: fc.integer({ min: 12, max: 24 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(
        cases,
        fc.double({ min: 0, max: 4, noNaN: true }),
        fc.integer({ min: 1, max: 5 }),
        (shape, theta, k) => {
          const options = { ...randomCandidates(shape), theta, k };
          expect([...dppMap(options)]).toEqual(greedyByDeterminants(options));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is plain search for a large theta, without overflow', () => {
    const { candidates, relevance } = randomCandidates({ n: 30, d: 64, seed: 2 });
    expect([...dppMap({ candidates, relevance, theta: 1e6, k: 5 })]).toEqual([0, 1, 2, 3, 4]);
  });

  it('starts with the most relevant item and takes duplicates last, by relevance', () => {
    const { candidates, relevance } = randomCandidates({ n: 3, d: 8, seed: 3 });
    const doubled = gatherRows(candidates, [0, 0, 1, 1, 2, 2]);
    const scores = [0, 0, 1, 1, 2, 2].map((i) => relevance[i]);
    const picked = [...dppMap({ candidates: doubled, relevance: scores, theta: 1, k: 6 })];
    expect(picked[0]).toBe(0);
    expect(new Set(picked.slice(0, 3))).toEqual(new Set([0, 2, 4]));
    expect(picked.slice(3)).toEqual([1, 3, 5]);
  });

  it('always returns min(k, n) different positions, also beyond the rank of the candidates', () => {
    const cases = fc.record({
      n: fc.integer({ min: 0, max: 20 }),
      d: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, fc.nat(25), (shape, k) => {
        const picked = dppMap({ ...randomCandidates(shape), theta: 1, k });
        expect(picked).toHaveLength(Math.min(k, shape.n));
        expect(new Set(picked).size).toBe(picked.length);
        expect(picked.every((i: number) => i >= 0 && i < shape.n)).toBe(true);
      }),
    );
  });

  it('prefers an orthogonal item to a nearly parallel one of the same relevance', () => {
    const candidates = matrix(3, 2, Float32Array.of(1, 0, 0.96, 0.28, 0, 1));
    expect([...dppMap({ candidates, relevance: [0.9, 0.8, 0.8], theta: 1, k: 2 })]).toEqual([0, 2]);
  });
});
