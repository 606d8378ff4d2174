import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item } from '../catalog/item.js';
import { Bm25 } from './bm25.js';

const catalog = (texts: readonly string[]): Item[] =>
  texts.map((text, i) => ({ id: `${i}`, text, title: text, metadata: {} }));

describe('Bm25', () => {
  it('ranks by the formula: rare words before common ones, short texts before long ones', () => {
    const bm25 = new Bm25(
      catalog(['red tent', 'red red boot', 'red lamp', 'tent pole with a long name', 'blue lamp']),
    );
    // n = 5, mean length 13/5 content words; "tent": idf ln(1 + 3.5/2.5), "red": idf ln(1 + 2.5/3.5).
    const term = (idf: number, count: number, length: number) =>
      (idf * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * length) / 2.6));
    const [tent, red] = [Math.log(1 + 3.5 / 2.5), Math.log(1 + 2.5 / 3.5)];
    const expected = [
      term(tent, 1, 2) + term(red, 1, 2),
      term(red, 2, 3),
      term(red, 1, 2),
      term(tent, 1, 4),
      0,
    ];
    const order = [0, 1, 2, 3].sort((a, b) => expected[b] - expected[a]);
    expect(bm25.search('a red tent', 10)).toEqual(order);
    expect(order).toEqual([0, 3, 1, 2]);
    expect(bm25.search('a red tent', 2)).toEqual([0, 3]);
  });

  it('finds nothing for words that no text has', () => {
    expect(new Bm25(catalog(['red tent'])).search('the blue boot', 3)).toEqual([]);
    expect(new Bm25([]).search('boot', 3)).toEqual([]);
  });

  it('finds exactly the items that have a word, each once, whatever the order of the words', () => {
    const words = ['red', 'blue', 'tent', 'boot', 'lamp'];
    const text = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), text, (texts, query) => {
        const bm25 = new Bm25(catalog(texts.map((list) => list.join(' '))));
        const found = bm25.search(query.join(' '), texts.length);
        const having = texts.flatMap((list, i) => (list.some((word) => query.includes(word)) ? [i] : []));
        expect([...found].sort((a, b) => a - b)).toEqual(having);
        expect(bm25.search([...query].reverse().join(' '), texts.length)).toEqual(found);
      }),
    );
  });
});
