import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bm25 } from './bm25.js';
import { termsOf } from './terms.js';

const catalog = (texts: readonly string[]) => texts.map((text) => ({ text }));
const words = ['red', 'blue', 'tent', 'boots', 'lamp', 'the'];
const text = fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((list) => list.join(' '));
const texts = fc.array(text, { minLength: 1, maxLength: 12 });

/** The index's terms, and scores by Lucene's BM25 of the Python package bm25s: see fixtures/make_bm25.py. */
interface Fixture {
  readonly texts: readonly string[];
  readonly terms: readonly (readonly string[])[];
  readonly queries: readonly { readonly query: string; readonly scores: readonly number[] }[];
}

describe('Bm25', () => {
  it('scores as bm25s does on the same terms', () => {
    const file = new URL('./fixtures/bm25.json', import.meta.url);
    const { texts, terms, queries } = JSON.parse(readFileSync(file, 'utf8')) as Fixture;
    expect(texts.map(termsOf)).toEqual(terms);
    const bm25 = Bm25.of(catalog(texts));
    for (const { query, scores } of queries) {
      const found = bm25.scores(query);
      expect(found).toHaveLength(scores.length);
      scores.forEach((score, i) => {
        expect(found[i]).toBeCloseTo(score, 5);
      });
      expect(Math.max(...scores)).toBeGreaterThan(0);
    }
  });

  it('finds the best k in order, of equal ones the first row', () => {
    fc.assert(
      fc.property(texts, text, fc.nat(13), (list, query, k) => {
        const bm25 = Bm25.of(catalog(list));
        const all = bm25.scores(query);
        const expected = [...list.keys()]
          .filter((i) => all[i] > 0)
          .sort((a, b) => all[b] - all[a] || a - b)
          .slice(0, k);
        const { items, scores } = bm25.search(query, { k });
        expect([...items]).toEqual(expected);
        expect([...scores]).toEqual(expected.map((i) => all[i]));
      }),
    );
  });

  it('does not mind the order of words, nor what was searched before', () => {
    fc.assert(
      fc.property(texts, text, text, (list, query, other) => {
        const bm25 = Bm25.of(catalog(list));
        const found = bm25.search(query, { k: 20 });
        bm25.search(other, { k: 1, mask: new Uint8Array(list.length) });
        expect(bm25.search(query.split(' ').reverse().join(' '), { k: 20 })).toEqual(found);
      }),
    );
  });

  it('leaves out masked rows only', () => {
    const bm25 = Bm25.of(catalog(['red tent', 'tent', 'red', 'blue tents']));
    const mask = Uint8Array.of(0, 1, 1, 1);
    expect([...bm25.search('tent', { k: 2, mask }).items]).toEqual([1, 3]);
    expect([...bm25.search('tent', { k: 2 }).items]).toEqual([1, 0]);
  });

  it('finds nothing for words that no text has, and something for a stop word alone', () => {
    const bm25 = Bm25.of(catalog(['red tent', 'the it']));
    expect(bm25.search('a blue boot', { k: 3 }).items).toHaveLength(0);
    expect([...bm25.search('The', { k: 3 }).items]).toEqual([1]);
    expect(Bm25.of([]).search('boot', { k: 3 }).items).toHaveLength(0);
  });

  it('follows a catalog that changes as if it were made anew, and stays as it was', () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(12), text, (before, after, kept, query) => {
        const changed = [...before.slice(0, kept), ...after];
        const first = Bm25.of(catalog(before));
        const found = first.search(query, { k: 20 });
        const next = first.with(catalog(changed));
        expect(next.size).toBe(changed.length);
        // Terms are numbered otherwise than in a new index, so sums may round otherwise.
        const [scores, fresh] = [next.scores(query), Bm25.of(catalog(changed)).scores(query)];
        scores.forEach((score, i) => {
          expect(score).toBeCloseTo(fresh[i], 5);
        });
        expect(first.search(query, { k: 20 })).toEqual(found);
      }),
    );
  });
});
