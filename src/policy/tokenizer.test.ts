import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TEXTS } from './testing/scene.js';
import {
  PAD,
  SEPARATOR,
  START,
  Tokenizer,
  type TokenizerState,
  trainTokenizer,
  UNKNOWN,
} from './tokenizer.js';

const unicode = fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { minLength: 1, maxLength: 6 });
const ascii = fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 30 }), { minLength: 1, maxLength: 6 });
/** Few letters, so that pairs repeat and tie. */
const tinyCorpus = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 20 }), {
  maxLength: 8,
});

/** The text as the tokenizer reads it. */
const normal = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKC')
    .split(/[\s▁]+/u)
    .filter((word) => word !== '')
    .join(' ');

/** Byte-pair encoding as its definition says: everything is counted anew before each merge. */
function plainTraining(texts: readonly string[], vocabularySize: number): TokenizerState {
  const corpus = texts.flatMap((text) =>
    text.split(' ').flatMap((word) => (word === '' ? [] : [[`▁${word[0]}`, ...word.slice(1)]])),
  );
  const frequency = new Map<string, number>();
  for (const symbol of corpus.flat()) frequency.set(symbol, (frequency.get(symbol) ?? 0) + 1);
  const symbols = [...frequency.keys()].sort((a, b) => frequency.get(b)! - frequency.get(a)!);
  const vocabulary = ['<pad>', '<sep>', '<start>', '<unk>', ...symbols];
  let words = corpus.map((word) => word.map((symbol) => vocabulary.indexOf(symbol)));
  const merges: [number, number][] = [];
  while (vocabulary.length < vocabularySize) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const [best] = [...counts]
      .map(([pair, count]) => ({ pair: pair.split(' ').map(Number) as [number, number], count }))
      .sort((a, b) => b.count - a.count || a.pair[0] - b.pair[0] || a.pair[1] - b.pair[1]);
    if (!best || best.count < 2) break;
    merges.push(best.pair);
    const merged = vocabulary.push(best.pair.map((id) => vocabulary[id]).join('')) - 1;
    words = words.map((word) => plainMerge(word, best.pair, merged));
  }
  return { vocabulary, merges };
}

function plainMerge(
  word: readonly number[],
  [left, right]: readonly [number, number],
  merged: number,
): number[] {
  const out: number[] = [];
  for (let i = 0; i < word.length; i++) {
    if (word[i] === left && word[i + 1] === right) {
      out.push(merged);
      i++;
    } else out.push(word[i]);
  }
  return out;
}

describe('trainTokenizer', () => {
  it('makes the merges of byte-pair encoding by its definition, ties to the older tokens', () => {
    fc.assert(
      fc.property(tinyCorpus, fc.integer({ min: 12, max: 40 }), (texts, vocabularySize) => {
        expect(trainTokenizer(texts, { vocabularySize }).state).toEqual(plainTraining(texts, vocabularySize));
      }),
    );
  });

  it('learns whole words that are frequent', () => {
    const tokenizer = trainTokenizer(TEXTS, { vocabularySize: 200 });
    expect(tokenizer.encode('golden lamp')).toHaveLength(2);
  });

  it('is the same for the same texts', () => {
    const state = () => trainTokenizer(TEXTS, { vocabularySize: 60 }).state;
    expect(state()).toEqual(state());
  });

  it('keeps to the size it was given, dropping the rarest characters where even they do not fit', () => {
    fc.assert(
      fc.property(unicode, fc.integer({ min: 4, max: 60 }), (texts, vocabularySize) => {
        const tokenizer = trainTokenizer(texts, { vocabularySize });
        expect(tokenizer.size).toBeLessThanOrEqual(vocabularySize);
        expect(tokenizer.state.merges.flat()).not.toContain(UNKNOWN);
      }),
    );
    const tokenizer = trainTokenizer(['ab ab ab ac'], { vocabularySize: 6 });
    expect(tokenizer.state.vocabulary.slice(4)).toEqual(['▁a', 'b']);
    expect(tokenizer.encode('ac')).toEqual([4, UNKNOWN]);
  });

  it('merges a pair that occurs twice, and none that occurs once', () => {
    expect(trainTokenizer(['ab'], { vocabularySize: 99 }).state.merges).toEqual([]);
    expect(trainTokenizer(['ab ab'], { vocabularySize: 99 }).state.merges).toEqual([[4, 5]]);
  });

  it('of no texts knows the special tokens only', () => {
    expect(trainTokenizer([], { vocabularySize: 99 }).size).toBe(4);
  });
});

describe('Tokenizer', () => {
  it.each([
    ['ascii', ascii],
    ['unicode', unicode],
  ])('reads back what it wrote: %s', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 0, max: 40 }), (texts, merges) => {
        const base = trainTokenizer(texts, { vocabularySize: 1000 });
        const first = base.size - base.state.merges.length;
        const tokenizer = trainTokenizer(texts, { vocabularySize: first + merges });
        for (const text of texts) {
          const ids = tokenizer.encode(text);
          expect(ids).not.toContain(UNKNOWN);
          expect(tokenizer.decode(ids)).toBe(normal(text));
          expect(tokenizer.encode(tokenizer.decode(ids))).toEqual(ids);
        }
      }),
    );
  });

  it('has no ordinary token without text, so that no sub-query can be empty', () => {
    fc.assert(
      fc.property(unicode, (texts) => {
        const tokenizer = trainTokenizer(texts, { vocabularySize: 300 });
        for (let id = 4; id < tokenizer.size; id++) expect(tokenizer.decode([id])).not.toBe('');
      }),
    );
  });

  it('segments by the merges in the order they were learned', () => {
    fc.assert(
      fc.property(
        tinyCorpus,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1 }),
        (texts, word) => {
          const tokenizer = trainTokenizer(['a b c aa ab ac', ...texts], { vocabularySize: 40 });
          const { vocabulary, merges } = tokenizer.state;
          const first = vocabulary.length - merges.length;
          const start = [`▁${word[0]}`, ...word.slice(1)].map((symbol) => {
            const id = vocabulary.indexOf(symbol);
            return id < 0 ? UNKNOWN : id;
          });
          const expected = merges.reduce((ids, pair, i) => plainMerge(ids, pair, first + i), start);
          expect(tokenizer.encode(word)).toEqual(expected);
        },
      ),
    );
  });

  it('knows which tokens begin a word', () => {
    const tokenizer = trainTokenizer(['tea-cup tea'], { vocabularySize: 99 });
    const pieces = (text: string) =>
      tokenizer.encode(text).map((id) => [tokenizer.decode([id]), tokenizer.startsWord(id)]);
    expect(pieces('tea-c')).toEqual([
      ['tea', true],
      ['-', false],
      ['c', false],
    ]);
    for (const special of [PAD, SEPARATOR, START, UNKNOWN]) expect(tokenizer.startsWord(special)).toBe(false);
  });

  it('reads characters it never saw as UNKNOWN, and writes nothing for them', () => {
    const tokenizer = trainTokenizer(['tea cup'], { vocabularySize: 99 });
    expect(tokenizer.encode('日')).toEqual([UNKNOWN]);
    expect(tokenizer.decode(tokenizer.encode('te日a'))).toBe('tea');
    expect(tokenizer.decode([PAD, SEPARATOR, START, UNKNOWN])).toBe('');
  });

  it('takes case, width and compatibility forms for the same', () => {
    const tokenizer = trainTokenizer(['office cafe\u0301'], { vocabularySize: 99 });
    for (const text of ['OFFICE CAFÉ', 'oﬃce café', 'ＯＦＦＩＣＥ\u00a0cafe\u0301', '  office\n\tcafé  ']) {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe('office café');
    }
    // Lower case of one character can be two, which compose again.
    expect(trainTokenizer(['J\u030c'], { vocabularySize: 99 }).encode('\u01f0')).not.toContain(UNKNOWN);
  });

  it('lets no text forge a word boundary or a special token', () => {
    const tokenizer = trainTokenizer(['x ▁y <sep> a▁b'], { vocabularySize: 99 });
    expect(tokenizer.encode('a▁b')).toEqual(tokenizer.encode('a b'));
    expect(tokenizer.encode('▁')).toEqual([]);
    expect(tokenizer.encode('<sep>')).not.toContain(SEPARATOR);
    expect(tokenizer.decode(tokenizer.encode('<sep>'))).toBe('<sep>');
  });

  it('gives nothing for an empty text', () => {
    const tokenizer = trainTokenizer(TEXTS, { vocabularySize: 60 });
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.encode(' \n')).toEqual([]);
  });

  it('survives JSON', () => {
    const tokenizer = trainTokenizer(TEXTS, { vocabularySize: 60 });
    const copy = new Tokenizer(JSON.parse(JSON.stringify(tokenizer.state)));
    for (const text of [...TEXTS, 'redden the lampshade', 'Ünknown']) {
      expect(copy.encode(text)).toEqual(tokenizer.encode(text));
    }
  });

  it('does not let a caller spoil later answers', () => {
    const tokenizer = trainTokenizer(TEXTS, { vocabularySize: 60 });
    const ids = tokenizer.encode('chair');
    const kept = [...ids];
    ids.length = 0;
    expect(tokenizer.encode('chair')).toEqual(kept);
  });
});
