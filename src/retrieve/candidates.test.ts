import { expect, it } from 'vitest';
import type { Item } from '../catalog/item.js';
import { candidateMask, firstOfText } from './candidates.js';

const items = ['red hat', 'blue hat', 'Red  hat', 'green hat', 'blue hat'].map(
  (text, i): Item => ({ id: `${i}`, text, title: text, metadata: {} }),
);

it('equal texts are one candidate, the first of them', () => {
  expect([...(candidateMask(items) ?? [])]).toEqual([1, 1, 0, 1, 0]);
  expect([...firstOfText(items)]).toEqual([0, 1, 0, 3, 1]);
  expect(candidateMask(items.slice(0, 2))).toBeUndefined();
});

it('of equal texts the first that passes is taken', () => {
  const mask = Uint8Array.of(0, 1, 1, 1, 1);
  expect([...(candidateMask(items, { mask }) ?? [])]).toEqual([0, 1, 1, 1, 0]);
  expect([...mask]).toEqual([0, 1, 1, 1, 1]);
});

it('an excluded item is left out with its equals', () => {
  for (const id of ['1', '4'])
    expect([...(candidateMask(items, { exclude: [id] }) ?? [])]).toEqual([1, 0, 0, 1, 0]);
});
