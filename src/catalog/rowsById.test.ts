import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HashTable } from './hashTable.js';
import type { Item } from './item.js';
import { rowsWithIds } from './itemKeys.js';
import { RowsById } from './rowsById.js';

const item = (id: string): Item => ({ id, text: id, title: id, metadata: {} });

it('is a map from ids to rows', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 200 }), fc.array(fc.string()), (ids, others) => {
      const rows = RowsById.of(ids.map(item));
      const map = new Map(ids.map((id, row) => [id, row]));
      for (const id of [...ids, ...others]) expect(rows.get(id)).toBe(map.get(id));
      expect([...rows]).toEqual([...map]);
    }),
  );
});

it('knows an item by the ids of its variants, the first that has one', () => {
  const variants: Record<string, string[]> = { a: ['a', 'a1', 'b1'], b: ['b', 'b1'], c: ['c'] };
  const rows = new RowsById(Object.keys(variants).map(item), ({ id }) => variants[id]);
  for (const [row, id] of ['a', 'b', 'c'].entries())
    for (const name of variants[id]) if (!rows.has(name)) rows.add(name, row);
  expect([...rows]).toEqual([
    ['a', 0],
    ['a1', 0],
    ['b1', 0],
    ['b', 1],
    ['c', 2],
  ]);
});

it('finds the rows of some ids, all of one that is there twice', () => {
  const items = ['a', 'b', 'a', 'c'].map(item);
  expect(rowsWithIds(items, ['a', 'c', 'x'])).toEqual([0, 2, 3]);
  expect(rowsWithIds(items, [])).toEqual([]);
});

it('tells entries of one hash apart', () => {
  const table = new HashTable();
  const names = ['x', 'y', 'z'];
  for (const _ of names) table.add(7);
  for (const [entry, name] of names.entries()) expect(table.find(7, (at) => names[at] === name)).toBe(entry);
  expect(table.find(7, () => false)).toBe(-1);
  expect(table.find(8, () => true)).toBe(-1);
});
