import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LabelledSet, type LabelMetrics, labelMetrics } from './labelMetrics.js';
import { LABEL_METRICS } from './results.js';

interface Case extends Omit<LabelledSet, 'aspectOf'> {
  readonly retrieved: readonly number[];
  readonly aspects: readonly (number | null)[] | null;
  readonly metrics: LabelMetrics;
}
/** From trec_eval, TREC's ndeval and ranx: fixtures/make_label_metrics.py. */
const cases: Case[] = JSON.parse(
  readFileSync(new URL('fixtures/label_metrics.json', import.meta.url), 'utf8'),
);

/** Twelve items, each of one of three aspects or of none; at least one of them relevant. */
const items = Array.from({ length: 12 }, (_, item) => item);
const labelledSets = fc
  .record({
    retrieved: fc.shuffledSubarray(items),
    reference: fc.shuffledSubarray(items, { minLength: 1 }),
    k: fc.integer({ min: 1, max: 14 }),
    aspects: fc.array(fc.option(fc.nat(2), { nil: undefined }), { minLength: 12, maxLength: 12 }),
  })
  .map(({ aspects, ...set }) => ({ ...set, aspectOf: (item: number) => aspects[item] }));

/** No metric of `a` is above that of `b`. */
function expectNoneAbove(a: LabelMetrics, b: LabelMetrics): void {
  for (const name of LABEL_METRICS) expect(a[name], name).toBeLessThanOrEqual(b[name] + 1e-12);
}

describe('labelMetrics', () => {
  it.each(cases)('is what other implementations find: case %#', ({ aspects, metrics, ...set }) => {
    const result = labelMetrics({
      ...set,
      ...(aspects && { aspectOf: (item) => aspects[item] ?? undefined }),
    });
    expect(Object.keys(result).sort()).toEqual([...LABEL_METRICS].sort());
    for (const name of LABEL_METRICS) expect(result[name], name).toBeCloseTo(metrics[name], 6);
  });

  it('measures a set by hand', () => {
    const kinds = new Map([
      [4, 'cake'],
      [9, 'cake'],
      [5, 'balloon'],
      [8, 'card'],
    ]);
    const aspectOf = (item: number) => kinds.get(item);
    const result = labelMetrics({
      retrieved: Int32Array.of(4, 7, 9, 2),
      reference: [4, 5, 8, 9],
      k: 4,
      aspectOf,
    });
    const ranks = [1, 2, 3, 4].map((rank) => 1 / Math.log2(1 + rank));
    expect(result).toMatchObject({ precisionAtK: 0.5, recallAtK: 0.5, hitAtK: 1 });
    expect(result.sRecallAtK).toBeCloseTo(1 / 3, 12);
    const ideal = ranks[0] + ranks[1] + ranks[2] + ranks[3] / 2;
    expect(result.alphaNdcgAtK).toBeCloseTo((ranks[0] + ranks[2] / 2) / ideal, 12);
    expect(result.ndcgAtK).toBeCloseTo((ranks[0] + ranks[2]) / ranks.reduce((a, b) => a + b), 12);
    expect(result.averagePrecisionAtK).toBeCloseTo((1 + 2 / 3) / 4, 12);
  });

  it('is 0 to 1, and 0 where nothing relevant is among the first k', () => {
    fc.assert(
      fc.property(labelledSets, (set) => {
        const found = set.retrieved.slice(0, set.k).some((item) => set.reference.includes(item));
        for (const value of Object.values(labelMetrics(set))) {
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
          if (found) expect(value).toBeGreaterThan(0);
          else expect(value).toBe(0);
        }
      }),
    );
  });

  it('is 1 for all reference items and nothing else, an item of each aspect first', () => {
    fc.assert(
      fc.property(labelledSets, ({ reference, aspectOf }) => {
        const shown = new Map<unknown, number>();
        const again = reference.map((item) => {
          const aspect = aspectOf(item) ?? `item ${item}`;
          shown.set(aspect, (shown.get(aspect) ?? 0) + 1);
          return { item, times: shown.get(aspect) ?? 0 };
        });
        const retrieved = again.sort((a, b) => a.times - b.times).map(({ item }) => item);
        const result = labelMetrics({ retrieved, reference, k: reference.length, aspectOf });
        for (const name of LABEL_METRICS) expect(result[name], name).toBeCloseTo(1, 12);
      }),
    );
  });

  it('never gains by an irrelevant item that changes places with a relevant one after it', () => {
    fc.assert(
      fc.property(labelledSets, fc.nat(11), fc.nat(11), (set, a, b) => {
        const swapped = [...set.retrieved];
        const [i, j] = a < b ? [a, b] : [b, a];
        fc.pre(
          j < swapped.length && set.reference.includes(swapped[i]) && !set.reference.includes(swapped[j]),
        );
        [swapped[i], swapped[j]] = [swapped[j], swapped[i]];
        const after = labelMetrics({ ...set, retrieved: swapped });
        const before = labelMetrics(set);
        expectNoneAbove(after, before);
        if (i < set.k)
          for (const name of ['alphaNdcgAtK', 'ndcgAtK', 'averagePrecisionAtK'] as const)
            expect(after[name], name).toBeLessThan(before[name]);
      }),
    );
  });

  it('gives nothing for an irrelevant item of a wanted aspect, nor for a relevant one shown again', () => {
    fc.assert(
      fc.property(labelledSets, fc.nat(11), (set, place) => {
        const before = labelMetrics(set);
        const at = Math.min(place, set.retrieved.length);
        const insert = (item: number) => [...set.retrieved.slice(0, at), item, ...set.retrieved.slice(at)];
        const wanted = set.aspectOf(set.reference[0]);
        const aspectOf = (item: number) => (item === 99 ? wanted : set.aspectOf(item));
        expectNoneAbove(labelMetrics({ ...set, retrieved: insert(99), aspectOf }), before);
        if (at > 0) expectNoneAbove(labelMetrics({ ...set, retrieved: insert(set.retrieved[0]) }), before);
      }),
    );
  });

  it('looks at the first k alone, and at the order of neither reference set nor aspects', () => {
    fc.assert(
      fc.property(labelledSets, (set) => {
        const result = labelMetrics(set);
        expect(labelMetrics({ ...set, retrieved: set.retrieved.slice(0, set.k) })).toEqual(result);
        const other = labelMetrics({
          ...set,
          reference: [...set.reference, ...set.reference].reverse(),
          aspectOf: (item) => ['x', 'a', 'm'][set.aspectOf(item) ?? -1],
        });
        for (const name of LABEL_METRICS) expect(other[name], name).toBeCloseTo(result[name], 12);
      }),
    );
  });

  it('says what is wrong', () => {
    const set = { retrieved: [1], reference: [1], k: 1 };
    expect(() => labelMetrics({ ...set, reference: [] })).toThrow('field "reference": is empty');
    for (const k of [0, 1.5, Number.NaN])
      expect(() => labelMetrics({ ...set, k })).toThrow(`field "k": is ${k}; give a whole number`);
  });
});
