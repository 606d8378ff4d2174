import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SearchHits } from '../vectorIndex/vectorIndex.js';
import { type Assignment, assignItems } from './assign.js';

/** Scores of every direction (outer) with every item (inner). */
type Scores = readonly (readonly number[])[];

/** Items by falling score for one direction, ties by row. */
const ranked = (scores: readonly number[], allowed: readonly boolean[]): number[] =>
  Array.from(scores.keys())
    .filter((item) => allowed[item] !== false)
    .sort((a, b) => scores[b] - scores[a] || a - b);

/** What an index finds: the best `k` items of each direction, filled up with -1. */
function hitsOf(scores: Scores, k: number, allowed: readonly boolean[] = []): SearchHits {
  const lists = scores.map((line) => ranked(line, allowed));
  const entries = lists.flatMap((list, i) =>
    Array.from({ length: k }, (_, r) => ({
      item: list[r] ?? -1,
      score: r < list.length ? scores[i][list[r]] : Number.NEGATIVE_INFINITY,
    })),
  );
  return {
    indices: Int32Array.from(entries, ({ item }) => item),
    scores: Float32Array.from(entries, ({ score }) => score),
    k,
  };
}

/** The same by looking at all items: rounds of directions, the strongest first, each taking its best free item. */
function bruteForce(scores: Scores, k: number, allowed: readonly boolean[]): Assignment[] {
  const best = scores.map((line) => Math.max(...line.filter((_, item) => allowed[item] !== false)));
  const order = Array.from(scores.keys()).sort((a, b) => best[b] - best[a] || a - b);
  const free = new Set(ranked(scores[0], allowed));
  const out: Assignment[] = [];
  while (out.length < k && free.size > 0) {
    for (const direction of order) {
      if (out.length === k || free.size === 0) break;
      const list = ranked(scores[direction], allowed);
      const item = list.find((candidate) => free.has(candidate)) ?? -1;
      free.delete(item);
      out.push({ direction, item, score: scores[direction][item], rank: list.indexOf(item) + 1 });
    }
  }
  return out.sort((a, b) => b.score - a.score || a.direction - b.direction);
}

/** Quarters: exact in float32, and often equal. */
const cosine = fc.integer({ min: -4, max: 4 }).map((n) => n / 4);
const problem = fc
  .record({ directions: fc.integer({ min: 1, max: 5 }), items: fc.integer({ min: 1, max: 9 }) })
  .chain(({ directions, items }) =>
    fc.record({
      scores: fc.array(fc.array(cosine, { minLength: items, maxLength: items }), {
        minLength: directions,
        maxLength: directions,
      }),
      allowed: fc
        .array(fc.boolean(), { minLength: items, maxLength: items })
        .filter((mask) => mask.includes(true)),
      k: fc.integer({ min: 1, max: 12 }),
    }),
  );

describe('assignItems', () => {
  it('agrees with brute force, on ties too', () => {
    fc.assert(
      fc.property(problem, ({ scores, allowed, k }) => {
        const hits = hitsOf(scores, k, allowed);
        expect(assignItems(hits, { start: 0, count: scores.length, k })).toEqual(
          bruteForce(scores, k, allowed),
        );
      }),
    );
  });

  it('gives distinct items, as many as there are, best first', () => {
    fc.assert(
      fc.property(problem, ({ scores, allowed, k }) => {
        const count = scores.length;
        const set = assignItems(hitsOf(scores, k, allowed), { start: 0, count, k });
        expect(new Set(set.map(({ item }) => item)).size).toBe(set.length);
        expect(set).toHaveLength(Math.min(k, allowed.filter(Boolean).length));
        expect(set.every(({ item }) => allowed[item])).toBe(true);
        expect(set.map(({ score }) => score)).toEqual(set.map(({ score }) => score).sort((a, b) => b - a));
      }),
    );
  });

  it('gives a direction whose item is taken its next best', () => {
    const hits = hitsOf(
      [
        [0.9, 0.8, 0.1],
        [0.95, 0.5, 0.6],
      ],
      2,
    );
    expect(assignItems(hits, { start: 0, count: 2, k: 2 })).toEqual([
      { direction: 1, item: 0, score: Math.fround(0.95), rank: 1 },
      { direction: 0, item: 1, score: Math.fround(0.8), rank: 2 },
    ]);
  });

  it('goes round again where more items are wanted than there are directions', () => {
    const hits = hitsOf(
      [
        [1, 0.75, 0.25, 0],
        [0.5, 0.25, 0, -0.25],
      ],
      4,
    );
    const set = assignItems(hits, { start: 0, count: 2, k: 4 });
    expect(set.map(({ direction, item, rank }) => [direction, item, rank])).toEqual([
      [0, 0, 1],
      [0, 2, 3],
      [1, 1, 2],
      [1, 3, 4],
    ]);
  });

  it('looks only at the directions of its query', () => {
    const mine = [
      [0.5, 0.25, 0],
      [0, 0.75, 0.25],
    ];
    const others = [[1, 1, 1]];
    const alone = assignItems(hitsOf(mine, 3), { start: 0, count: 2, k: 3 });
    expect(assignItems(hitsOf([...others, ...mine], 3), { start: 1, count: 2, k: 3 })).toEqual(alone);
  });

  it('does not depend on the last bits of the scores', () => {
    const hits = (noise: number) =>
      hitsOf(
        [
          [1 - noise, 0.5, 0.25],
          [0.25, 1 + noise, 0.5],
          [1 + noise, 0.25, 0.75],
        ],
        3,
      );
    const order = (noise: number) => {
      const assigned = assignItems(hits(noise), { start: 0, count: 3, k: 3 });
      return assigned.map(({ direction, item }) => [direction, item]);
    };
    expect(order(3e-7)).toEqual(order(-3e-7));
  });

  it('gives nothing where the filter lets nothing through', () => {
    const hits = hitsOf([[1, 0.5]], 2, [false, false]);
    expect(assignItems(hits, { start: 0, count: 1, k: 2 })).toEqual([]);
  });
});
