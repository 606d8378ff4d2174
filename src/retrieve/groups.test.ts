import { expect, it } from 'vitest';
import type { Item } from '../catalog/item.js';
import { groupsOf } from './groups.js';

const items = [
  { category: 'tents', brand: 'a' },
  { category: 'lamps', brand: 'b' },
  { category: 'tents', brand: null },
  { brand: ['a', 'b'] },
  { category: 'lamps', brand: 'a' },
].map(
  ({ category, brand }, i): Item => ({
    id: `${i}`,
    text: `${i}`,
    title: `${i}`,
    ...(category !== undefined && { category }),
    metadata: { brand },
  }),
);

it('items with the same value are one group, those without are in none', () => {
  expect([...groupsOf(items, 'category')]).toEqual([0, 1, 0, -1, 1]);
  expect([...groupsOf(items, 'brand')]).toEqual([0, 1, -1, 2, 0]);
});

it('refuses a field that no item has', () => {
  expect(() => groupsOf(items, 'colour')).toThrow('field "distinct": is "colour", which no item has');
  expect(() => groupsOf(items, 'constructor')).toThrow('which no item has');
});
