import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from './catalog.js';
import type { Item, Split } from './item.js';
import { generateSetQueries, setKey } from './setQueries.js';
import { loadSets, type SetRecord } from './sets.js';
import { hasSharedData, sharedFile } from './testing/sharedData.js';
import { wordsOf } from './words.js';

const item = (title: string): Item => ({ id: title, text: title, title, metadata: {} });
const set = (items: readonly number[], split: Split = 'train', id?: string): SetRecord => ({
  items,
  split,
  ...(id !== undefined && { id }),
});

const STYLES = ['red', 'blue', 'silk', 'wool', 'lace', 'retro', 'pleated', 'dolce'];
const NOUNS = ['skirt', 'boots', 'bag', 'shirt'];
/** Every style with every noun, each three times: all styles are style words, all nouns heads. */
const wardrobe = STYLES.flatMap((style) =>
  NOUNS.flatMap((noun) => STYLES.slice(0, 3).map((other) => item(`${style} ${other} ${noun}`))),
);
const someSets = fc.array(
  fc.record({
    items: fc.uniqueArray(fc.nat(wardrobe.length - 1), { minLength: 1, maxLength: 6 }),
    split: fc.constantFrom<Split>('train', 'valid', 'test'),
  }),
  { maxLength: 30 },
);

/** Whether each word can be given an item of its own that has it. */
function fromDifferentItems(words: readonly string[], titles: readonly string[]): boolean {
  if (words.length === 0) return true;
  const [word, ...others] = words;
  return titles.some(
    (title, i) => wordsOf(title).includes(word) && fromDifferentItems(others, titles.toSpliced(i, 1)),
  );
}

describe('generateSetQueries', () => {
  it('makes each query of style words of different items of one set, and gives it that set and split', () => {
    fc.assert(
      fc.property(someSets, fc.integer({ min: 0, max: 1000 }), (sets, seed) => {
        for (const { query, items, split } of generateSetQueries({
          items: wardrobe,
          sets,
          suffix: ' outfit',
          seed,
        })) {
          expect(sets).toContainEqual({ items, split });
          const words = query.split(' ');
          expect(words.pop()).toBe('outfit');
          expect(words.length).toBeGreaterThanOrEqual(2);
          expect(words.length).toBeLessThanOrEqual(3);
          expect(new Set(words).size).toBe(words.length);
          for (const word of words) expect(STYLES).toContain(word);
          expect(
            fromDifferentItems(
              words,
              items.map((row) => wardrobe[row].title),
            ),
          ).toBe(true);
        }
      }),
    );
  });

  it('lets neither words nor sets stand on both sides of a split', () => {
    fc.assert(
      fc.property(someSets, (sets) => {
        const queries = generateSetQueries({ items: wardrobe, sets, queriesPerSet: 5 });
        const wordKeys = queries.map(({ query }) => query.split(' ').sort().join(' '));
        expect(new Set(wordKeys).size).toBe(queries.length);
        const splitOfSet = new Map<string, Split>();
        for (const { items, split } of queries) {
          expect(splitOfSet.get(setKey(items)) ?? split).toBe(split);
          splitOfSet.set(setKey(items), split);
        }
      }),
    );
  });

  it('makes the same queries of the same seed, others of another', () => {
    const sets = Array.from({ length: 20 }, (_, i) => set([i, i + 20, i + 40]));
    const of = (seed: number) => generateSetQueries({ items: wardrobe, sets, seed });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(of(1).length).toBeGreaterThan(10);
  });

  it('leaves out head nouns, rare words, numbers, short words, stop words and the suffix', () => {
    const items = [
      ...['retro v neck 24 with skirt', 'retro v neck 24 with skirt', 'retro v neck 24 with skirt'].map(item),
      ...['lace outfit of 90s unique boots', 'lace outfit of 90s boots', 'lace outfit of 90s boots'].map(
        item,
      ),
    ];
    const queries = generateSetQueries({ items, sets: [set([0, 3])], queriesPerSet: 9, suffix: 'outfit' });
    const words = new Set(queries.flatMap(({ query }) => query.split(' ')));
    expect([...words].sort()).toEqual(['lace', 'neck', 'outfit', 'retro']);
    // One word of each: retro or neck, and lace.
    expect(queries).toHaveLength(2);
    expect(generateSetQueries({ items, sets: [set([0, 3])], fewestItems: 4 })).toEqual([]);
  });

  it('shares scarce words out among the splits, and gives none to a set with one item of words', () => {
    const sets = Array.from({ length: 400 }, (_, i) => ({
      items: [3 * (i % 30), 88 + (i % 7), 60 + (i % 29)],
      split: (['train', 'test'] as const)[i % 2],
    }));
    const queries = generateSetQueries({ items: wardrobe, sets, words: [2, 2] });
    const test = queries.filter(({ split }) => split === 'test').length;
    expect(queries.length).toBeLessThanOrEqual(28);
    expect(Math.min(test, queries.length - test)).toBeGreaterThan(4);
    const items = ['red skirt', 'red skirt', 'red skirt', 'boots', 'boots', 'boots'].map(item);
    expect(generateSetQueries({ items, sets: [set([0, 3]), set([1, 4])] })).toEqual([]);
  });

  it.each([[[0, 2]], [[3, 2]], [[1.5, 2]]] as const)('refuses words %j', (words) => {
    expect(() => generateSetQueries({ items: [], sets: [], words })).toThrow('words must be whole numbers');
  });

  it.skipIf(!hasSharedData())('has queries for nearly every shared outfit', async () => {
    const catalog = await loadCatalog(sharedFile('polyvore-outfits', 'catalog.jsonl'));
    const sets = await loadSets(sharedFile('polyvore-outfits', 'sets.jsonl'), catalog);
    const queries = generateSetQueries({ items: catalog.items, sets, queriesPerSet: 3, suffix: 'outfit' });
    const covered = new Set(queries.map(({ items }) => setKey(items)));
    expect(covered.size / sets.length).toBeGreaterThan(0.9);
    expect(queries.length / sets.length).toBeGreaterThan(2.7);
  });
});
