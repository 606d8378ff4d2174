import { expect, it } from 'vitest';
import type { Item } from '../catalog/item.js';
import { gatherRows, matrix } from '../matrix.js';
import { candidateMask, firstOfSame } from './candidates.js';

const items = ['red hat', 'blue hat', 'Red  hat', 'green hat', 'blue hat'].map(
  (text, i): Item => ({ id: `${i}`, text, title: text, metadata: {} }),
);
const axes = matrix(3, 3, Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1));
const content = { items, vectors: gatherRows(axes, [0, 1, 0, 2, 1]) };

it('items of the same text and vector are one candidate, the first of them', () => {
  expect([...(candidateMask(content) ?? [])]).toEqual([1, 1, 0, 1, 0]);
  expect([...firstOfSame(content)]).toEqual([0, 1, 0, 3, 1]);
  expect(candidateMask({ ...content, items: items.slice(0, 2) })).toBeUndefined();
});

it('items of the same text whose pictures differ are not the same', () => {
  const pictures = { items: [...items], vectors: gatherRows(axes, [0, 1, 1, 2, 1]) };
  expect([...firstOfSame(pictures)]).toEqual([0, 1, 2, 3, 1]);
});

it('of the same items the first that passes is taken', () => {
  const mask = Uint8Array.of(0, 1, 1, 1, 1);
  expect([...(candidateMask(content, { mask }) ?? [])]).toEqual([0, 1, 1, 1, 0]);
  expect([...mask]).toEqual([0, 1, 1, 1, 1]);
});

it('an excluded item is left out with its equals', () => {
  for (const id of ['1', '4'])
    expect([...(candidateMask(content, { exclude: [id] }) ?? [])]).toEqual([1, 0, 0, 1, 0]);
});
