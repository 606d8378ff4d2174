import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentFrequencies, keywordSubQueries } from './keywords.js';

describe('keywordSubQueries', () => {
  const catalog = documentFrequencies(['block heel', 'block print', 'pleated skirt', 'dolce bag', 'a skirt']);

  it('takes every content word and pair, pairs first', () => {
    expect(keywordSubQueries('a block of the pleated dolce', 10, catalog)).toEqual([
      'block pleated',
      'block dolce',
      'pleated dolce',
      'block',
      'pleated',
      'dolce',
    ]);
  });

  it('keeps the pairs that are rarest in the catalog', () => {
    expect(keywordSubQueries('unheard block pleated dolce', 2, catalog)).toEqual([
      'block pleated',
      'pleated dolce',
    ]);
    expect(keywordSubQueries('dolce pleated skirt block', 1, catalog)).toEqual(['dolce pleated']);
  });

  it('takes at most k, each once, of the words of the query only', () => {
    const word = fc.constantFrom<string>('block', 'pleated', 'dolce', 'bag', 'skirt', 'the', 'unheard', 'of');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), fc.integer({ min: 1, max: 12 }), (words, k) => {
        const query = words.join(' ');
        const found = keywordSubQueries(query, k, catalog);
        const n = new Set(words.filter((w) => w !== 'the' && w !== 'of')).size;
        if (n === 0) expect(found).toEqual([query]);
        else expect(found).toHaveLength(Math.min(k, n + (n * (n - 1)) / 2));
        expect(new Set(found).size).toBe(found.length);
        expect(found.flatMap((s) => s.split(' ')).every((w) => words.includes(w) || n === 0)).toBe(true);
      }),
    );
  });

  it('falls back to the query', () => {
    expect(keywordSubQueries('the of', 10, catalog)).toEqual(['the of']);
  });
});
