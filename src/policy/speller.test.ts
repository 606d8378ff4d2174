import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORBIDDEN } from './format.js';
import { type Speller, TextSpeller, WordSpeller } from './speller.js';

const SIZE = 9;
const SEPARATOR = 0;
const describeNext = (speller: Speller) => {
  const [bias, near, common, before, now] = Array.from({ length: 5 }, () => new Float32Array(SIZE).fill(9));
  speller.describe({ bias, running: [near, common, before, now] });
  return { bias, near, common, before, now };
};
const allowed = (speller: Speller) => {
  const { bias } = describeNext(speller);
  expect(bias.every((x) => x === 0 || x === Math.fround(FORBIDDEN))).toBe(true);
  return [...bias.keys()].filter((id) => bias[id] === 0);
};

describe('TextSpeller', () => {
  const of = (pieces: readonly Int32Array[]) => ({
    pieces,
    piecesOf: pieces.map((_, i) => Int32Array.of(i)),
    nearness: new Float32Array(pieces.length),
    cosines: new Float32Array(pieces.length ** 2),
  });

  it('follows the texts, each once', () => {
    const texts = new TextSpeller(of([Int32Array.of(4, 5), Int32Array.of(4), Int32Array.of(6, 5)]));
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
          const follow = new TextSpeller(
            of([...new Set(lists.map(String))].map((ids) => Int32Array.from(ids.split(',').map(Number)))),
          );
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

describe('what a TextSpeller tells of the next tokens', () => {
  // Items 0 and 2 have the same text.
  const near = {
    pieces: [Int32Array.of(4, 5), Int32Array.of(4, 6), Int32Array.of(7)],
    piecesOf: [0, 1, 0, 2].map((piece) => Int32Array.of(piece)),
    nearness: Float32Array.of(1, 0.75, 0.5, 0),
    cosines: Float32Array.of(1, 0.5, 1, -0.5, 0.5, 1, 0.5, 0.25, 1, 0.5, 1, -0.5, -0.5, 0.25, -0.5, 1),
  };

  it('is how near the text is, and how close to those written', () => {
    const speller = new TextSpeller(near);
    expect(describeNext(speller).near).toEqual(Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0));
    expect(describeNext(speller).before).toEqual(new Float32Array(SIZE));
    for (const token of [4, 5, SEPARATOR]) speller.write(token);
    const { near: nearness, before, now } = describeNext(speller);
    expect([nearness[4], nearness[7]]).toEqual([0.75, 0]);
    // A cosine below 0 counts as none.
    expect([before[4], before[7]]).toEqual([0.5, 0]);
    expect(now).toEqual(new Float32Array(SIZE));
  });

  it('is, where several texts go on alike, that of the one that is nearest and newest', () => {
    const speller = new TextSpeller({ ...near, pieces: [...near.pieces.slice(0, 2), Int32Array.of(4, 8)] });
    for (const token of [4, 5, SEPARATOR]) speller.write(token);
    const { near: nearness, before } = describeNext(speller);
    // 0.75 - 0.5 against 0 - 0.
    expect([nearness[4], before[4]]).toEqual([0.75, 0.5]);
    speller.write(4);
    const inside = describeNext(speller);
    expect([inside.near[6], inside.near[8]]).toEqual([0.75, 0]);
    expect([inside.before[6], inside.before[8]]).toEqual([0.5, 0]);
  });
});

describe('WordSpeller', () => {
  const anyOrder = (pieces: readonly Int32Array[]) => ({
    pieces,
    piecesOf: [Int32Array.from(pieces.keys())],
    nearness: Float32Array.of(1),
    own: 0,
    free: 0,
  });

  it('writes words of the list, each once, with room for each', () => {
    const pieces = [Int32Array.of(4, 5), Int32Array.of(4, 5, 6), Int32Array.of(7)];
    const speller = new WordSpeller(anyOrder(pieces), 4);
    expect(allowed(speller)).toEqual([4, 7]);
    speller.write(4);
    expect(allowed(speller)).toEqual([5]);
    speller.write(5);
    expect(allowed(speller)).toEqual([SEPARATOR, 6, 7]);
    speller.write(7);
    expect(allowed(speller)).toEqual([SEPARATOR]);
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
      nearness: Float32Array.of(1, 0.5, 0.25),
      own: 3,
      free: 4,
    };
    const following = (...tokens: number[]) => {
      const speller = new WordSpeller(near, 8);
      for (const token of tokens) speller.write(token);
      return speller;
    };
    const next = (...tokens: number[]) =>
      allowed(following(...tokens)).filter((token) => token !== SEPARATOR);

    it('begins with any', () => {
      expect(next()).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(next(5, SEPARATOR)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    });

    it('goes on in the order of the query or repeats one word, and writes beside it what its items have', () => {
      expect(next(1)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(next(1, 1)).toEqual([1, 4, 5, 6, 7]);
      expect(next(1, 1, 1, 1)).toEqual([4, 5, 6, 7]);
      expect(next(3)).toEqual([3, 4, 6]);
      expect(next(1, 3)).toEqual([4, 5, 6, 7]);
      // Nothing has it: anything may stand beside it.
      expect(next(2)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(next(2, 3)).toEqual([4, 6]);
    });

    it('writes words together that an item has, each once', () => {
      expect(next(5)).toEqual([1, 4, 6]);
      expect(next(6)).toEqual([1, 3, 4, 5]);
      expect(next(3, 6)).toEqual([4]);
      expect(next(1, 6)).toEqual([4, 5]);
      expect(next(5, 6)).toEqual([1, 4]);
    });

    it('writes a category anywhere, and then words of its items', () => {
      expect(next(4)).toEqual([1, 7]);
      expect(next(1, 1, 4)).toEqual([7]);
      expect(next(3, 4)).toEqual([]);
    });

    it('tells how near the items of a word are, and how often it was written', () => {
      expect([...describeNext(following()).near]).toEqual([0, 1, 0, 0.25, 0.5, 1, 1, 0.5, 0]);
      expect([...describeNext(following(3)).near]).toEqual([0, 0, 0, 0.25, 0, 0, 0.25, 0, 0]);
      const { common } = describeNext(following());
      expect([common[1], common[4], common[7]].map((x) => Math.round(3 * x))).toEqual([2, 1, 1]);
      expect([...describeNext(following(1)).common]).toEqual([0, 1, 0, 0, 0.5, 0.5, 0.5, 0.5, 0]);
      const { before, now } = describeNext(following(1, 1, 5, SEPARATOR, 5, SEPARATOR, 1, 1));
      expect([before[1], before[5], before[6]]).toEqual([0.5, 1, 0]);
      expect([now[1], now[5]]).toEqual([0.5, 0]);
    });
  });

  it('says whether a word may be next', () => {
    const near = {
      pieces: [Int32Array.of(4, 6), Int32Array.of(5), Int32Array.of(7)],
      piecesOf: [Int32Array.of(0), Int32Array.of(1, 2)],
      nearness: Float32Array.of(1, 0),
      own: 0,
      free: 0,
    };
    const speller = new WordSpeller(near, 3);
    expect(speller.writeWord(0)).toBe(true);
    expect(speller.writeWord(1)).toBe(false);
    expect(speller.writeWord(0)).toBe(false);
    speller.write(SEPARATOR);
    expect([1, 1, 2].map((piece) => speller.writeWord(piece))).toEqual([true, false, true]);
  });
});
