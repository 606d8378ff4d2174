import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORBIDDEN } from './format.js';
import { type Speller, TextSpeller, WordSpeller } from './speller.js';

const SIZE = 9;
const SEPARATOR = 0;
const allowed = (speller: Speller) => {
  const bias = new Float32Array(SIZE);
  speller.writeBias(bias);
  expect(bias.every((x) => x === 0 || x === Math.fround(FORBIDDEN))).toBe(true);
  return [...bias.keys()].filter((id) => bias[id] === 0);
};

describe('TextSpeller', () => {
  it('follows the texts, each once', () => {
    const texts = new TextSpeller([Int32Array.of(4, 5), Int32Array.of(4), Int32Array.of(6, 5)]);
    expect(allowed(texts)).toEqual([4, 6]);
    texts.write(4);
    expect(allowed(texts)).toEqual([SEPARATOR, 5]);
    texts.write(SEPARATOR);
    expect(allowed(texts)).toEqual([4, 6]);
    texts.write(4);
    expect(allowed(texts)).toEqual([5]);
  });

  it('writes only whole texts, and none twice before all are written', () => {
    const text = fc.array(fc.integer({ min: 4, max: SIZE - 1 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        (lists, choices) => {
          const follow = new TextSpeller(lists.map((ids) => Int32Array.from(ids)));
          const different = new Set(lists.map(String));
          const written: string[] = [];
          let current: number[] = [];
          while (written.length < different.size + 1) {
            const options = allowed(follow);
            expect(options.length).toBeGreaterThan(0);
            const token = options[choices.next().value! % options.length];
            follow.write(token);
            if (token === SEPARATOR) {
              written.push(String(current));
              current = [];
            } else current.push(token);
          }
          expect(new Set(written.slice(0, -1))).toEqual(different);
        },
      ),
    );
  });
});

describe('WordSpeller', () => {
  const anyOrder = (pieces: readonly Int32Array[]) => ({ pieces, piecesOf: [], own: 0, free: pieces.length });

  it('writes words of the list, with room for each', () => {
    const pieces = [Int32Array.of(4, 5), Int32Array.of(4, 5, 6), Int32Array.of(7)];
    const speller = new WordSpeller(anyOrder(pieces), 4);
    expect(allowed(speller)).toEqual([4, 7]);
    speller.write(4);
    expect(allowed(speller)).toEqual([5]);
    speller.write(5);
    expect(allowed(speller)).toEqual([SEPARATOR, 4, 6, 7]);
    speller.write(7);
    expect(allowed(speller)).toEqual([SEPARATOR, 7]);
    speller.write(SEPARATOR);
    expect(allowed(speller)).toEqual([4, 7]);
  });

  it('never stops within a word, nor runs out of room', () => {
    // Tokens 4 and 5 begin words, the others go on with one.
    const rest = fc.array(fc.integer({ min: 6, max: SIZE - 1 }), { maxLength: 3 });
    const word = fc.tuple(fc.integer({ min: 4, max: 5 }), rest).map(([begin, end]) => [begin, ...end]);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.nat()),
        (words, choices) => {
          const speller = new WordSpeller(anyOrder(words.map((ids) => Int32Array.from(ids))), 5);
          const known = new Set(words.map(String));
          let current: number[] = [];
          for (let step = 0; step < 40; step++) {
            const options = allowed(speller);
            expect(options.length).toBeGreaterThan(0);
            const token = options[choices.next().value! % options.length];
            speller.write(token);
            if (token !== SEPARATOR) {
              current.push(token);
              expect(current.length).toBeLessThanOrEqual(5);
              continue;
            }
            const parts = String(current).split(/,(?=[45])/);
            for (const part of parts) expect(known).toContain(part);
            expect(current.length).toBeGreaterThan(0);
            current = [];
          }
        },
      ),
    );
  });

  describe('with words of a query, a category and three items', () => {
    // 1, 2 and 3 are the query's, 4 is a category; no item has 2.
    const near = {
      pieces: [1, 2, 3, 4, 5, 6, 7].map((token) => Int32Array.of(token)),
      piecesOf: [Int32Array.of(0, 4, 5), Int32Array.of(0, 3, 6), Int32Array.of(2, 5)],
      own: 3,
      free: 4,
    };
    const after = (...tokens: number[]) => {
      const speller = new WordSpeller(near, 8);
      for (const token of tokens) speller.write(token);
      return allowed(speller).filter((token) => token !== SEPARATOR);
    };

    it('begins with any', () => {
      expect(after()).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(after(5, SEPARATOR)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    it('goes on in the order of the query or repeats one word, and writes beside it what its items have', () => {
      expect(after(1)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(after(1, 1)).toEqual([1, 4, 5, 6, 7]);
      expect(after(3)).toEqual([3, 4, 6]);
      expect(after(1, 3)).toEqual([1, 3, 4, 5, 6, 7]);
      // Nothing has it: anything may stand beside it.
      expect(after(2)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(after(2, 3)).toEqual([3, 4, 6]);
    });

    it('writes words together that an item has', () => {
      expect(after(5)).toEqual([1, 4, 5, 6]);
      expect(after(6)).toEqual([1, 3, 4, 5, 6]);
      expect(after(3, 6)).toEqual([3, 4, 6]);
      expect(after(1, 6)).toEqual([1, 4, 5, 6]);
      expect(after(5, 6, 1)).toEqual([1, 4, 5, 6]);
    });

    it('writes a category anywhere, and then words of its items', () => {
      expect(after(4)).toEqual([1, 4, 7]);
      expect(after(1, 1, 4)).toEqual([1, 4, 7]);
      expect(after(3, 4)).toEqual([4]);
    });
  });

  it('says whether a word may be next', () => {
    const near = {
      pieces: [Int32Array.of(4, 6), Int32Array.of(5), Int32Array.of(7)],
      piecesOf: [Int32Array.of(0), Int32Array.of(1, 2)],
      own: 0,
      free: 0,
    };
    const speller = new WordSpeller(near, 3);
    expect(speller.writeWord(0)).toBe(true);
    expect(speller.writeWord(1)).toBe(false);
    expect(speller.writeWord(0)).toBe(false);
    speller.write(SEPARATOR);
    expect([1, 2, 1, 1].map((piece) => speller.writeWord(piece))).toEqual([true, true, true, false]);
  });
});
