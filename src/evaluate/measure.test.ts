import { describe, expect, it } from 'vitest';
import type { Item } from '../catalog/item.js';
import { gatherRows, matrix, rowRange } from '../matrix.js';
import type { RetrievedSet } from '../retrieve/method.js';
import { Judge } from '../reward/judge/judge.js';
import { labelsOf, measureAnswers } from './measure.js';

const axes = matrix(4, 4, Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1));
const items: Item[] = ['a', 'b', 'a', 'c'].map((category, i) => ({
  id: String(i),
  text: String(i),
  title: String(i),
  category,
  metadata: {},
}));
const queries = { texts: ['one', 'two'], vectors: rowRange(axes, 0, 2), references: [[0, 3], [2]] };

const labels = labelsOf({ items, vectors: axes }, (item) => items[item].category);

/** A set whose directions are its items. */
function answer(rows: readonly number[], retrieved: readonly number[]): RetrievedSet {
  return {
    directions: gatherRows(axes, rows),
    assigned: rows.map((item, direction) => ({ item, direction, score: 1, rank: 1 })),
    retrieved: Int32Array.from(retrieved),
  };
}

describe('measureAnswers', () => {
  it('takes recall from the budget and quality from the set', async () => {
    const metrics = await measureAnswers([answer([0, 1], [0, 1]), answer([1, 3], [0, 1, 3])], {
      world: { items, vectors: axes },
      queries,
      k: 2,
      labels,
    });
    expect([...(metrics.precisionAtK ?? [])]).toEqual([0.5, 0]);
    expect([...(metrics.recallAtK ?? [])]).toEqual([0.5, 0]);
    expect([...(metrics.recallAtB ?? [])]).toEqual([0.5, 0]);
    expect([...(metrics.hitAtB ?? [])]).toEqual([1, 0]);
    // Orthogonal items: as diverse as can be; each direction is its item; half of them are the query.
    for (const i of [0, 1]) {
      expect(metrics.diversity?.[i]).toBeCloseTo(1, 6);
      expect(metrics.groundedness?.[i]).toBeCloseTo(1, 6);
      expect(metrics.alignment?.[i]).toBeCloseTo(0.5, 6);
      expect(metrics.composite?.[i]).toBeCloseTo(0.6 + 0.2 + 0.1, 6);
    }
    expect([...(metrics.categoryCoverage ?? [])]).toEqual([1, 1]);
  });

  it('looks at each item from the direction that brought it', async () => {
    const swapped = answer([0, 1], [0, 1]);
    const set = {
      ...swapped,
      assigned: swapped.assigned.map((a) => ({ ...a, direction: 1 - a.direction })),
    };
    const metrics = await measureAnswers([set], {
      world: { items, vectors: axes },
      queries: { texts: ['one'], vectors: rowRange(axes, 0, 1) },
      k: 2,
    });
    expect(metrics.groundedness?.[0]).toBeCloseTo(1 - Math.SQRT2, 6);
    expect(metrics.recallAtB).toBeUndefined();
  });

  it('has no label figures of a query without a reference set', async () => {
    const some = { ...queries, references: [[0], []] };
    const options = { world: { items, vectors: axes }, queries: some, k: 2, labels };
    const { precisionAtK } = await measureAnswers([answer([0, 1], []), answer([0, 1], [])], options);
    expect([...(precisionAtK ?? [])]).toEqual([0.5, Number.NaN]);
  });

  it('takes the mean over k of what the judge says, who is asked about each query alone', async () => {
    const asked: [string, readonly number[]][] = [];
    const judge = new Judge(({ query, rows }) => {
      asked.push([query, rows]);
      return rows.map((row) => row / 4);
    });
    const options = { world: { items, vectors: axes }, queries, k: 2, judge };
    const { judgedAtK } = await measureAnswers([answer([3, 1], []), answer([2], [])], options);
    expect([...(judgedAtK ?? [])]).toEqual([(3 / 4 + 1 / 4) / 2, 2 / 4 / 2]);
    expect(asked).toEqual([
      ['one', [3, 1]],
      ['two', [2]],
    ]);
    const silent = await measureAnswers([answer([3, 1], [])], { ...options, judge: undefined });
    expect(silent.judgedAtK).toBeUndefined();
  });

  it('takes items of the same text for one', async () => {
    const equal = items.map((item) => ({ ...item, text: item.id === '3' ? '1' : item.text }));
    const vectors = gatherRows(axes, [0, 1, 2, 1]);
    const twins = labelsOf({ items: equal, vectors }, () => undefined);
    expect(twins.referenceOf([0, 3])).toEqual([0, 1]);
    expect(twins.referenceOf([1, 3])).toEqual([1]);
  });

  it('measures the same set under an encoder of other lengths', async () => {
    const vectors = matrix(4, 2, Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1));
    const encoder = {
      id: 'other',
      dim: 2,
      encode: async (texts: readonly string[]) =>
        gatherRows(
          vectors,
          texts.map((text) => Number(text)),
        ),
    };
    const heldout = { encoder, vectors, queries: rowRange(vectors, 0, 2) };
    const own = { ...answer([0, 1], [0]), subQueries: ['0', '2'] };
    const options = { world: { items, vectors: axes }, queries, k: 2, heldout };
    const metrics = await measureAnswers([own, own], options);
    expect(metrics.diversityHeldout?.[0]).toBeCloseTo(0, 6);
    expect(metrics.alignmentHeldout?.[0]).toBeCloseTo(1, 6);
    expect(metrics.groundednessHeldout?.[0]).toBeCloseTo(1 - Math.SQRT2 / 2, 6);
    // A method without words has no directions there.
    const mute = await measureAnswers([answer([0, 1], [0]), answer([0, 1], [0])], options);
    expect(mute.groundednessHeldout).toBeUndefined();
    expect(mute.alignmentHeldout?.[1]).toBeCloseTo(1, 6);
  });
});
