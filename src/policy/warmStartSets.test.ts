import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item } from '../catalog/item.js';
import { buildPostings } from '../catalog/postings.js';
import { CounterRandom } from '../random.js';
import { drawSubQueries, itemWords } from './warmStartSets.js';

const TITLES = [
  'red pleated skirt',
  'blue denim jacket',
  'red leather bag',
  'the white shirt',
  'denim skirt',
];
const items: Item[] = TITLES.map((title, i) => ({
  id: String(i),
  text: title,
  title,
  category: i % 2 === 0 ? 'Clothing > Women' : undefined,
  metadata: {},
}));
const postings = buildPostings(items);
const draw = (seed: number, query: string, reference: readonly number[] = [1]) =>
  drawSubQueries({
    items,
    postings,
    query,
    reference,
    neighbours: [0, 2, 4],
    k: 10,
    random: new CounterRandom(seed, 'test'),
  });

describe('drawSubQueries', () => {
  it('writes k sub-queries of words of the query and of the catalog, and nothing else', () => {
    const known = new Set(TITLES.flatMap((t) => t.split(' ')).concat('women', 'look'));
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('red denim look', 'party', ''), (seed, query) => {
        const subQueries = draw(seed, query);
        expect(subQueries).toHaveLength(10);
        for (const subQuery of subQueries) {
          expect(subQuery).not.toBe('');
          for (const word of subQuery.toLowerCase().split(' ')) expect(known).toContain(word);
        }
      }),
    );
  });

  it('uses words of the query, those of the reference, and differs from draw to draw', () => {
    const all = Array.from({ length: 50 }, (_, seed) => draw(seed, 'red look'));
    const texts = all.flat();
    expect(texts.some((t) => t.split(' ').filter((w) => w === 'red').length >= 2)).toBe(true);
    expect(texts).toContain('blue denim jacket');
    expect(texts).toContain('red look');
    expect(new Set(all.map((s) => s.join('|'))).size).toBe(50);
  });

  it('needs neither a known word nor a reference', () => {
    expect(draw(1, 'party', [])).toHaveLength(10);
  });
});

describe('itemWords', () => {
  it('is the title, the last part of the category, or neighbouring words', () => {
    const found = new Set(
      Array.from({ length: 200 }, (_, seed) => itemWords(items[0], new CounterRandom(seed, 'test'))),
    );
    expect([...found].sort()).toEqual([
      'Women',
      'pleated',
      'pleated skirt',
      'red',
      'red pleated',
      'red pleated skirt',
      'skirt',
    ]);
  });
});
