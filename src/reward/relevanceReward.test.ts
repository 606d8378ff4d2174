import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, matrix, normalizeRows } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { relevanceReward } from './relevanceReward.js';
import type { FanOut, RewardResult } from './reward.js';

/** One place of a set: which item, where it lies, how relevant it is. */
interface Place {
  readonly item: number;
  readonly vector: readonly number[];
  readonly relevance: number;
}

function score(places: readonly Place[]): Required<RewardResult> {
  const d = places[0].vector.length;
  const vectors: Matrix = matrix(places.length, d, Float32Array.from(places.flatMap(({ vector }) => vector)));
  const fanOut: FanOut = {
    query: 'camping gear',
    queryVector: new Float32Array(d),
    subQueries: places.map(() => ''),
    subQueryVectors: vectors,
    retrieved: Int32Array.from(places, ({ item }) => item),
    retrievedVectors: vectors,
    withinBudget: new Int32Array(0),
    hits: { indices: new Int32Array(0), scores: new Float32Array(0), k: 1 },
    relevance: Float64Array.from(places, ({ relevance }) => relevance),
    reference: [],
    referenceVectors: matrix(0, d),
    items: [],
  };
  return relevanceReward()(fanOut) as Required<RewardResult>;
}

const axis = (i: number, of = 4): number[] => Array.from({ length: of }, (_, j) => (i === j ? 1 : 0));
const place = (item: number, relevance: number, vector = axis(item)): Place => ({ item, relevance, vector });

/** Random sets of 2 to 10 items in 6 dimensions, many of them alike; a third of them off topic. */
const D = 6;
const item = fc.record({
  item: fc.nat(12),
  relevance: fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
});
const vectorOf = (row: number): number[] => {
  const random = new CounterRandom(7, 'items', row);
  const spread = random.fillNormal(new Float32Array(D)).map((x) => (row % 3 === 0 ? 0.1 * x : x));
  spread[row % 3] += 1;
  return [...normalizeRows(matrix(1, D, spread)).data];
};
/** An item is equally relevant wherever it stands. */
const sets = fc
  .tuple(
    fc.array(item, { minLength: 2, maxLength: 10 }),
    fc.array(
      item.map(({ relevance }) => relevance),
      { minLength: 13, maxLength: 13 },
    ),
  )
  .map(([places, relevance]) => places.map(({ item: row }) => place(row, relevance[row], vectorOf(row))));

describe('relevanceReward', () => {
  it('is 1 for relevant items that have nothing in common, and less for each that is missing', () => {
    const off = place(3, 0);
    expect(score([place(0, 1), place(1, 1), place(2, 1), place(3, 1)]).reward).toBeCloseTo(1, 6);
    expect(score([place(0, 1), place(1, 1), place(2, 1), off]).reward).toBeCloseTo((3 / 4) * (3 / 4), 6);
    expect(score([place(0, 0.5), place(1, 0.5), place(2, 0.5), place(3, 0.5)]).reward).toBeCloseTo(0.5, 6);
  });

  it('is relevance times diversity', () => {
    fc.assert(
      fc.property(sets, (places) => {
        const { reward, components } = score(places);
        const { relevance, diversity } = components;
        expect(relevance.normalized * diversity.normalized).toBeCloseTo(reward, 6);
        expect(reward).toBeGreaterThanOrEqual(0);
        expect(reward).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('pays k times as much for different items as for copies under other names', () => {
    const copies = [0, 1, 2, 3].map((i) => place(i, 1, axis(0)));
    expect(score(copies).reward).toBeCloseTo(1 / 4, 6);
  });

  it('is the same whatever is off topic, and in whatever order', () => {
    fc.assert(
      fc.property(sets, fc.nat(12), (places, other) => {
        const { reward } = score(places);
        const swapped = places.map((p) => (p.relevance === 0 ? place(100 + other, 0, vectorOf(other)) : p));
        expect(score(swapped).reward).toBeCloseTo(reward, 6);
        expect(score(places.toReversed()).reward).toBeCloseTo(reward, 6);
      }),
    );
  });

  it('never falls where an off-topic item becomes one on topic, nor rises the other way', () => {
    const relevance = fc.double({ min: 1e-6, max: 1, noNaN: true });
    fc.assert(
      fc.property(sets, fc.nat(9), fc.nat(12), relevance, (places, at, row, relevant) => {
        const i = at % places.length;
        const known = places.find((p) => p.item === row)?.relevance || relevant;
        const without = places.with(i, place(100, 0, vectorOf(row)));
        const better = places.with(i, place(row, known, vectorOf(row)));
        expect(score(better).reward).toBeGreaterThanOrEqual(score(without).reward - 1e-6);
        expect(score(without).reward).toBeLessThanOrEqual(score(places).reward + 1e-6);
      }),
      { numRuns: 300 },
    );
  });

  it('gains from each item what the set would lose without it, and nothing from repeats and what is off topic', () => {
    fc.assert(
      fc.property(sets, (places) => {
        const { reward, gains } = score(places);
        places.forEach((p, i) => {
          expect(gains[i]).toBeGreaterThanOrEqual(-1e-6);
          const without = score(places.with(i, place(100, 0, p.vector as number[]))).reward;
          expect(gains[i]).toBeCloseTo(reward - without, 6);
          const repeats = places.filter(({ item: other }) => other === p.item).length > 1;
          if (p.relevance === 0 || repeats) expect(gains[i]).toBeCloseTo(0, 6);
        });
      }),
    );
  });

  it('does not pay for the same item twice', () => {
    const one = score([place(0, 1), place(1, 1), place(2, 0)]).reward;
    expect(score([place(0, 1), place(1, 1), place(1, 1)]).reward).toBeCloseTo(one, 6);
  });

  it('needs a judge', () => {
    const judged = () => {
      relevanceReward()({
        query: 'q',
        retrieved: Int32Array.of(1),
        retrievedVectors: matrix(1, 2),
      } as unknown as FanOut);
    };
    expect(judged).toThrow(
      'the reward by relevance needs a judge, and nobody has judged the items of query "q"',
    );
  });
});
