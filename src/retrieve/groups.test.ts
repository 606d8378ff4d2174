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

it('parts of an item make groups too, and what no item has makes none', () => {
  expect([...groupsOf(items, 'title')]).toEqual([0, 1, 2, 3, 4]);
  expect([...groupsOf(items, 'constructor')]).toEqual([-1, -1, -1, -1, -1]);
});
