import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item } from '../catalog/item.js';
import { matrix, normalizeRows } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { aspectsOf } from './aspects.js';

type Labelled = Pick<Item, 'category' | 'metadata'>;
const categorised = (...categories: (string | undefined)[]): Labelled[] =>
  categories.map((category) => ({ ...(category !== undefined && { category }), metadata: {} }));

const unlabelled = (count: number): Labelled[] => categorised(...new Array<undefined>(count).fill(undefined));

/** Rows around `groups` axes, row i around axis i % groups. */
function grouped(rows: number, groups: number, seed = 1) {
  const vectors = matrix(rows, groups);
  new CounterRandom(seed, 'aspects test').fillNormal(vectors.data, 0.05);
  for (let i = 0; i < rows; i++) vectors.data[i * groups + (i % groups)] += 1;
  return normalizeRows(vectors);
}

const aspects = (items: readonly Labelled[], options?: Parameters<typeof aspectsOf>[2]) => {
  const aspectOf = aspectsOf(items, grouped(items.length, 2), options);
  return items.map((_, i) => aspectOf(i));
};

describe('aspectsOf', () => {
  it.each([
    ['Home > Kitchen > Pans', 'Pans'],
    ['Home>Kitchen>Salt/Pepper mills', 'Salt/Pepper mills'],
    ['Home/Kitchen/Pans', 'Pans'],
    ['Home / Kitchen / Pans /', 'Pans'],
    ['Home > Pans > ', 'Pans'],
    [' Pans ', 'Pans'],
    [' > ', undefined],
  ])('takes the leaf of category %j', (category, leaf) => {
    expect(aspects(categorised(category, 'Tents', 'Lamps'))).toEqual([leaf, 'Tents', 'Lamps']);
  });

  it('gives no aspect to an item without category in a catalog with categories', () => {
    expect(aspects(categorised('a', undefined, 'b', undefined))).toEqual(['a', undefined, 'b', undefined]);
  });

  it.each([
    ['there are none', unlabelled(4)],
    ['fewer than half have one', categorised('a', 'b', undefined, undefined, undefined)],
    ['all are the same', categorised('a', 'a', 'a', 'a')],
  ])('clusters the vectors where %s', (_, items) => {
    const found = aspects(items);
    for (const aspect of found) expect(typeof aspect).toBe('number');
    // Even rows lie together, odd ones too.
    expect(found[2]).toBe(found[0]);
    expect(found[3]).toBe(found[1]);
    expect(found[1]).not.toBe(found[0]);
  });

  it('takes the field that is named before the category', () => {
    const items: Labelled[] = [
      { category: 'a', metadata: { slot: 'top', size: 1, new: true, tags: ['y', 'x'] } },
      { category: 'b', metadata: { slot: 'top', size: 2, new: false, tags: ['x', 'y'] } },
      { category: 'b', metadata: { slot: '', size: null, tags: [] } },
    ];
    expect(aspects(items, { field: 'slot' })).toEqual(['top', 'top', undefined]);
    expect(aspects(items, { field: 'size' })).toEqual([1, 2, undefined]);
    expect(aspects(items, { field: 'new' })).toEqual(['true', 'false', undefined]);
    expect(aspects(items, { field: 'tags' })).toEqual(['x, y', 'x, y', undefined]);
    expect(aspects(items, { field: 'category' })).toEqual(['a', 'b', 'b']);
  });

  it('says which fields there are where the one named is in no item', () => {
    const items: Labelled[] = [{ metadata: { color: 'red' } }, { metadata: { price: 3 } }];
    expect(() => aspects(items, { field: 'colour' })).toThrow(
      'field "colour": is to tell the aspects of items, but no item has it; the fields are color, price',
    );
    expect(() => aspects(items, { field: 'constructor' })).toThrow('no item has it');
    expect(() => aspects(categorised('a'), { field: 'slot' })).toThrow('items have no other fields');
  });

  it('makes round(sqrt(items)) clusters, the groups where there are as many', () => {
    const aspectOf = aspectsOf(unlabelled(36), grouped(36, 6));
    const found = Array.from({ length: 36 }, (_, i) => aspectOf(i));
    expect(new Set(found).size).toBe(6);
    for (let i = 6; i < 36; i++) expect(found[i]).toBe(found[i % 6]);
  });

  it('says the same for the same seed, whatever is asked for first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(1000), (groups, seed) => {
        const vectors = grouped(10 * groups, groups, seed);
        const items = unlabelled(vectors.rows);
        const [first, again] = [aspectsOf(items, vectors, { seed }), aspectsOf(items, vectors, { seed })];
        const reversed = items.map((_, i) => again(items.length - 1 - i)).reverse();
        expect(reversed).toEqual(items.map((_, i) => first(i)));
      }),
    );
    const vectors = grouped(400, 3);
    const found = (seed: number) => {
      const aspectOf = aspectsOf(unlabelled(400), vectors, { seed });
      return Array.from({ length: 400 }, (_, i) => aspectOf(i));
    };
    expect(found(1)).not.toEqual(found(2));
  });

  it('makes at most 100 clusters, of a sample of a large catalog', () => {
    const rows = 20_050;
    const vectors = grouped(rows, 3);
    // The rows that the sample leaves out lie apart from all others: fitted to, they would be clusters of their own.
    const left = new Set(new CounterRandom(0, 'evaluate/aspects').permutation(rows).subarray(20_000));
    for (const i of left) vectors.data.set([-1, 0, 0], 3 * i);
    const aspectOf = aspectsOf(unlabelled(rows), vectors);
    const found = Array.from({ length: rows }, (_, i) => aspectOf(i));
    expect(new Set(found).size).toBeLessThanOrEqual(100);
    expect(new Set(found).size).toBeGreaterThan(90);
    const fitted = new Set(found.filter((_, i) => !left.has(i)));
    for (const i of left) expect(fitted).toContain(found[i]);
  });

  it('refuses vectors of another catalog', () => {
    expect(() => aspectsOf(categorised('a'), grouped(2, 2))).toThrow('1 items cannot have 2 vectors');
  });
});
