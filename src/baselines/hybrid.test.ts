import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, row } from '../matrix.js';
import { hybridCandidates, reciprocalRankFusion, weightedFusion } from './hybrid.js';
import { randomCandidates } from './testing/candidates.js';

const ranking = fc.uniqueArray(fc.nat(15), { maxLength: 12 });

describe('reciprocalRankFusion', () => {
  it('adds up 1 / (60 + rank)', () => {
    const { items, scores } = reciprocalRankFusion([
      [7, 3, 5],
      [3, 9, -1],
    ]);
    expect([...items]).toEqual([3, 7, 9, 5]);
    [1 / 61 + 1 / 62, 1 / 61, 1 / 62, 1 / 63].forEach((score, i) => {
      expect(scores[i]).toBeCloseTo(score, 7);
    });
  });

  it('keeps the order of a ranking that it fuses with itself or with nothing', () => {
    fc.assert(
      fc.property(ranking, (one) => {
        expect([...reciprocalRankFusion([one, one]).items]).toEqual(one);
        expect([...reciprocalRankFusion([[], one]).items]).toEqual(one);
        expect([...reciprocalRankFusion([one], { k: 3 }).items]).toEqual(one.slice(0, 3));
      }),
    );
  });

  it('gives way to the ranking of the larger weight', () => {
    fc.assert(
      fc.property(ranking, ranking, (a, b) => {
        const { items } = reciprocalRankFusion([a, b], { weights: [1e6, 1] });
        expect([...items].slice(0, a.length)).toEqual(a);
        expect(new Set(items)).toEqual(new Set([...a, ...b]));
      }),
    );
  });
});

describe('weightedFusion', () => {
  const candidates = { items: Int32Array.of(4, 2, 8), lexical: [0, 10, 5], dense: [0.9, 0.1, 0.5] };

  it('is either side at the ends, and the sum of both scaled ones between', () => {
    expect([...weightedFusion(candidates, { weight: 0 }).items]).toEqual([4, 8, 2]);
    expect([...weightedFusion(candidates, { weight: 1 }).items]).toEqual([2, 8, 4]);
    const { items, scores } = weightedFusion(candidates, { weight: 0.25, k: 2 });
    expect([...items]).toEqual([4, 8]);
    expect([...scores]).toEqual([0.75, 0.5]);
  });

  it('leaves out a side that says nothing', () => {
    const silent = { ...candidates, lexical: [0, 0, 0] };
    expect([...weightedFusion(silent, { weight: 0.9 }).items]).toEqual([4, 8, 2]);
    expect(
      weightedFusion({ items: new Int32Array(), lexical: [], dense: [] }, { weight: 0.5 }).items,
    ).toEqual(new Int32Array());
  });

  it('does not mind the scale of either side', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        fc.integer({ min: 0, max: 10 }),
        (n, seed, w) => {
          const { relevance } = randomCandidates({ n, d: 4, seed });
          const items = Int32Array.from(relevance.keys());
          // Powers of two scale floats exactly.
          const lexical = relevance.map((x) => (x * 7919) % 1);
          const fuse = (scale: number) =>
            weightedFusion(
              { items, lexical: lexical.map((x) => x * scale), dense: relevance },
              { weight: w / 10 },
            );
          expect(fuse(1024)).toEqual(fuse(1));
        },
      ),
    );
  });
});

describe('hybridCandidates', () => {
  it('are what either side found, with both scores', () => {
    const { candidates: vectors, query } = randomCandidates({ n: 6, d: 8, seed: 1 });
    const lexical = { items: Int32Array.of(5, 1), scores: Float32Array.of(3, 2) };
    const found = hybridCandidates(lexical, [0, 1, -1], query, vectors);
    expect([...found.items]).toEqual([5, 1, 0]);
    expect(Array.from(found.lexical)).toEqual([3, 2, 0]);
    expect(Array.from(found.dense)).toEqual([5, 1, 0].map((i) => dot(query, row(vectors, i))));
  });
});
