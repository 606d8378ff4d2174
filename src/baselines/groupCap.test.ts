import fc from 'fast-check';
import { expect, it } from 'vitest';
import { groupCap } from './groupCap.js';

it('groupCap keeps the best of each group, in their order', () => {
  const groups = ['a', 'a', 'b', 'a', undefined, undefined, 'b', 'b'];
  const groupOf = (item: number) => groups[item];
  expect([...groupCap([0, 1, 3, -1, 2, 4, 5, 6, 7], groupOf, { perGroup: 2 })]).toEqual([0, 1, 2, 4, 5, 6]);
  expect([...groupCap([0, 1, 2], groupOf, { perGroup: 1, k: 1 })]).toEqual([0]);
});

it('groupCap leaves a ranking as it is where no group is too large, and takes every group', () => {
  const ranked = fc.uniqueArray(fc.nat(30), { maxLength: 20 });
  fc.assert(
    fc.property(ranked, fc.integer({ min: 1, max: 3 }), (rows, perGroup) => {
      const groupOf = (item: number) => `${item % 4}`;
      const kept = [...groupCap(rows, groupOf, { perGroup })];
      const counts = (list: readonly number[], group: string) =>
        list.filter((i) => groupOf(i) === group).length;
      for (const group of ['0', '1', '2', '3'])
        expect(counts(kept, group)).toBe(Math.min(perGroup, counts(rows, group)));
      expect(kept).toEqual(rows.filter((i) => kept.includes(i)));
      expect([...groupCap(rows, groupOf, { perGroup: rows.length + 1 })]).toEqual(rows);
    }),
  );
});
