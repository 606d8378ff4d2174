import { describe, expect, it } from 'vitest';
import { CounterRandom } from '../random.js';
import { amongCandidates } from './fitDiffusion.js';

const among = (sets: readonly { query: number; items: number[] }[], candidates: readonly number[][]) => {
  const { queryOf, rows } = amongCandidates(
    {
      queryOf: Int32Array.from(sets, ({ query }) => query),
      rows: Int32Array.from(sets.flatMap(({ items }) => items)),
    },
    { items: Int32Array.from(candidates.flat()), size: candidates[0].length },
  );
  const length = rows.length / queryOf.length;
  return Array.from(queryOf, (query, s) => ({
    query,
    items: [...rows.subarray(s * length, (s + 1) * length)],
  }));
};

describe('amongCandidates', () => {
  it('keeps sets of candidates as they are', () => {
    const sets = [
      { query: 1, items: [4, 5, 6] },
      { query: 0, items: [2, 1, 0] },
      { query: 1, items: [7, 6, 4] },
    ];
    const candidates = [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ];
    expect(among(sets, candidates)).toEqual(sets);
  });

  it("leaves out items that are another query's candidates alone, and the sets that lose most", () => {
    const candidates = [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ];
    const sets = [
      { query: 0, items: [0, 4, 1] },
      { query: 0, items: [3, 2, 1] },
      { query: 1, items: [7, 6, 0] },
      { query: 1, items: [0, 1, 5] },
      { query: 0, items: [9, 2, 3] },
    ];
    // Four of five keep two of their items.
    expect(among(sets, candidates)).toEqual([
      { query: 0, items: [0, 1] },
      { query: 0, items: [3, 2] },
      { query: 1, items: [7, 6] },
      { query: 0, items: [2, 3] },
    ]);
  });

  it('keeps sets of one item where hardly any has candidates, and never an empty one', () => {
    const sets = [
      { query: 0, items: [8, 1] },
      { query: 0, items: [8, 9] },
      { query: 0, items: [9, 8] },
    ];
    expect(among(sets, [[0, 1]])).toEqual([{ query: 0, items: [1] }]);
  });

  it('makes sets of one size, at least three quarters of them, in their order', () => {
    const random = new CounterRandom(1, 'sets');
    const candidates = Array.from({ length: 5 }, () => [...random.permutation(40).subarray(0, 25)]);
    const sets = Array.from({ length: 60 }, (_, s) => ({
      query: s % 5,
      items: [...random.permutation(40).subarray(0, 6)],
    }));
    const kept = among(sets, candidates);
    const length = kept[0].items.length;
    const whole = sets
      .map(({ query, items }) => ({ query, items: items.filter((item) => candidates[query].includes(item)) }))
      .filter(({ items }) => items.length >= length);
    expect(kept).toEqual(whole.map(({ query, items }) => ({ query, items: items.slice(0, length) })));
    expect(kept.length).toBeGreaterThanOrEqual(0.75 * sets.length);
    // Longer sets would be fewer than that.
    expect(whole.filter(({ items }) => items.length > length).length).toBeLessThan(0.75 * sets.length);
  });
});
