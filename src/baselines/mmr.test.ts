import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, matrix, row } from '../matrix.js';
import { type MmrOptions, mmr } from './mmr.js';
import { randomCandidates } from './testing/candidates.js';

/** The definition, word for word: at every step the argmax over what is left, similarities from scratch. */
function mmrByDefinition({ candidates, relevance, lambda, k }: MmrOptions): number[] {
  const picked: number[] = [];
  const left = Array.from({ length: candidates.rows }, (_, i) => i);
  while (picked.length < k && left.length > 0) {
    const scores = left.map((i) => {
      const similarities = picked.map((j) => dot(row(candidates, i), row(candidates, j)));
      return lambda * relevance[i] - (1 - lambda) * (picked.length === 0 ? 0 : Math.max(...similarities));
    });
    picked.push(...left.splice(scores.indexOf(Math.max(...scores)), 1));
  }
  return picked;
}

describe('mmr', () => {
  it('passes over a near-duplicate for something new', () => {
    const candidates = matrix(3, 2, Float32Array.of(1, 0, 1, 0, 0, 1));
    const relevance = [0.9, 0.89, 0.5];
    expect([...mmr({ candidates, relevance, lambda: 0.5, k: 2 })]).toEqual([0, 2]);
    expect([...mmr({ candidates, relevance, lambda: 0.9, k: 2 })]).toEqual([0, 1]);
  });

  it('is plain search for lambda = 1', () => {
    const { candidates } = randomCandidates({ n: 20, d: 8, seed: 1 });
    const relevance = Float32Array.from({ length: 20 }, (_, i) => 1 - i / 20);
    expect([...mmr({ candidates, relevance, lambda: 1, k: 5 })]).toEqual([0, 1, 2, 3, 4]);
  });

  it('follows its definition', () => {
    const cases = fc.record({
      n: fc.integer({ min: 1, max: 12 }),
      d: fc.integer({ min: 1, max: 6 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(14), (shape, lambda, k) => {
        const options = { ...randomCandidates(shape), lambda, k };
        expect([...mmr(options)]).toEqual(mmrByDefinition(options));
      }),
    );
  });
});
