import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogQueries } from './catalogQueries.js';
import type { Item } from './item.js';
import { splitOf } from './split.js';

const item = (title: string, category?: string): Item => ({
  id: title,
  text: title,
  title,
  ...(category !== undefined && { category }),
  metadata: {},
});
const times = (n: number, make: (i: number) => Item): Item[] => Array.from({ length: n }, (_, i) => make(i));
/** Items that share nothing, so that what the others share is a small part of the catalog. */
const crowd = times(40, (i) => item(`${String.fromCharCode(97 + (i % 26)).repeat(4 + Math.floor(i / 26))}`));
const queriesOf = (items: readonly Item[]) => catalogQueries(items).map(({ query }) => query);

describe('catalogQueries', () => {
  it('takes the words, pairs of words and categories that several items share', () => {
    const items = [
      item('Red wool socks', 'Clothing > Socks & Tights'),
      item('red wool hat', 'Clothing > Hats'),
      item('RED WOOL scarf', 'clothing/scarves'),
      item('red tent', 'Camping'),
      ...crowd,
    ];
    expect(queriesOf(items)).toEqual(['red', 'clothing', 'red wool', 'wool']);
  });

  it('leaves out what fewer than three items share, or more than a fifth of the catalog', () => {
    const of = (n: number, word: string) => times(n, (i) => item(`${word} ${'xyzvw'[i % 5].repeat(2 + i)}`));
    expect(queriesOf([...of(2, 'rare'), ...of(3, 'mild'), ...crowd])).toEqual(['mild']);
    // 50 items: ten are a fifth.
    expect(queriesOf([...of(10, 'broad'), ...crowd])).toEqual(['broad']);
    expect(queriesOf([...of(11, 'plain'), ...crowd.slice(1)])).toEqual([]);
  });

  it('counts an item once however often it says a word', () => {
    expect(queriesOf([item('boot boot boot', 'boot'), item('boot'), ...crowd])).toEqual([]);
  });

  it('takes words of any script, numbers only beside a word, and no single letters', () => {
    const items = [...times(3, (i) => item(`чашка кружево 24 ${'бвг'[i]}`)), ...crowd];
    expect(queriesOf(items)).toEqual(['кружево', 'кружево 24', 'чашка', 'чашка кружево']);
    expect(queriesOf([...times(3, () => item("women's t-shirt")), ...crowd])).toEqual([
      't-shirt',
      "women's",
      "women's t-shirt",
    ]);
  });

  it('leaves out stop words, alone and in pairs', () => {
    const items = times(3, (i) => item(`boots with a lace and the ${'xyz'[i].repeat(4)} bag`));
    expect(queriesOf([...items, ...crowd])).toEqual(['bag', 'boots', 'lace']);
  });

  it('gives each query once, with a split of its own and no items', () => {
    const words = fc.constantFrom('red', 'blue', 'tent', 'boot', 'lamp', 'wool', 'Tent');
    const some = fc.array(fc.array(words, { minLength: 1, maxLength: 4 }), { maxLength: 30 });
    fc.assert(
      fc.property(some, (titles) => {
        const queries = catalogQueries(titles.map((title) => item(title.join(' '), title[0])));
        expect(new Set(queries.map(({ query }) => query)).size).toBe(queries.length);
        const isTraining = queries.every(({ split }) => split === 'train');
        expect(isTraining || queries.some(({ split }) => split === 'train')).toBe(true);
        for (const { query, items, split } of queries) {
          expect(query).toBe(query.toLowerCase());
          expect(items).toEqual([]);
          if (!isTraining) expect(split).toBe(splitOf(query));
        }
      }),
    );
  });

  it('makes do with rarer words where a catalog is small', () => {
    expect(queriesOf([item('red jacket'), item('blue hat')])).toContain('jacket');
    expect(queriesOf([item('red jacket'), item('red hat'), item('green hat')])).toEqual(['hat', 'red']);
  });

  it('reads scripts without spaces', () => {
    const items = ['红色双人帐篷', '蓝色双人帐篷', '轻便双人帐篷'].map((title) => item(title, '露营装备'));
    const queries = queriesOf([...items, ...crowd]);
    for (const query of ['露营装备', '帐篷', '双人']) expect(queries).toContain(query);
  });

  it('does not depend on the order of the catalog', () => {
    const items = [...times(6, (i) => item(`red ${i % 2 ? 'boot' : 'tent'} ${'xyz'[i % 3]}`)), ...crowd];
    expect(catalogQueries(items.toReversed())).toEqual(catalogQueries(items));
  });

  it('finds nothing in an empty catalog', () => {
    expect(catalogQueries([])).toEqual([]);
  });
});
