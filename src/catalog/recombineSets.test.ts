import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item, Split } from './item.js';
import { recombineSets } from './recombineSets.js';
import { setKey } from './setQueries.js';

const CATEGORIES = ['top', 'bottom', 'shoe', undefined];
const items: Item[] = Array.from({ length: 40 }, (_, i) => {
  const category = CATEGORIES[i % 4];
  return { id: `${i}`, text: `item ${i}`, title: `item ${i}`, ...(category && { category }), metadata: {} };
});
const someSets = fc.array(
  fc.record({
    items: fc.uniqueArray(fc.nat(items.length - 1), { minLength: 1, maxLength: 6 }),
    split: fc.constantFrom<Split>('train', 'train', 'valid', 'test'),
  }),
  { maxLength: 15 },
);

describe('recombineSets', () => {
  it('keeps half or more of a training set and fills it up with items of others', () => {
    fc.assert(
      fc.property(someSets, fc.nat(100), (sets, seed) => {
        const training = sets.filter(({ split }) => split === 'train');
        const rows = new Set(training.flatMap((set) => set.items));
        const known = new Set(sets.map((set) => setKey(set.items)));
        for (const made of recombineSets({ items, sets, count: 10, seed })) {
          expect(made.split).toBe('train');
          expect(new Set(made.items).size).toBe(made.items.length);
          for (const row of made.items) expect(rows).toContain(row);
          const bases = training.filter(
            (set) =>
              set.items.length === made.items.length &&
              set.items.filter((row) => made.items.includes(row)).length >= set.items.length / 2,
          );
          expect(bases).not.toEqual([]);
          expect(known).not.toContain(setKey(made.items));
          known.add(setKey(made.items));
        }
      }),
    );
  });

  it('replaces an item by one of its category', () => {
    const sets = Array.from({ length: 8 }, (_, i) => ({
      items: [4 * i, 4 * i + 1, 4 * i + 2],
      split: 'train' as const,
    }));
    const made = recombineSets({ items, sets, count: 30, seed: 3 });
    expect(made).toHaveLength(30);
    for (const set of made) {
      expect(set.items.map((row) => items[row].category).sort()).toEqual(['bottom', 'shoe', 'top']);
    }
    expect(recombineSets({ items, sets, count: 30, seed: 3 })).toEqual(made);
    expect(recombineSets({ items, sets, count: 30, seed: 4 })).not.toEqual(made);
  });

  it('makes none of fewer than two training sets', () => {
    expect(recombineSets({ items, sets: [{ items: [0, 1, 2], split: 'train' }], count: 5 })).toEqual([]);
  });
});
