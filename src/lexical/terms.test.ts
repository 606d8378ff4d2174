import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryTermsOf, termsOf } from './terms.js';

describe('termsOf', () => {
  it.each([
    ["Women's shoes", 'woman shoe'],
    ['WOMEN’S SHOE', 'women shoe'],
    ['kitchen knives', 'kitchen knife'],
    ['running dresses for children', 'run dress for child'],
    ['Café crème brûlée', 'cafe creme brulee'],
    ["boys' toys", 'boy toy'],
    ['ＦＵＬＬ ｗｉｄｔｈ', 'full width'],
    ['rock’n’roll', "rock'n'roll"],
    ['state-of-the-art', 'state of the art'],
  ])('%s has the terms of %s', (a, b) => {
    expect(termsOf(a)).toEqual(termsOf(b));
  });

  it('gives a word with a hyphen as one word and as two', () => {
    expect(termsOf('T-shirts')).toEqual(expect.arrayContaining(termsOf('t shirt')));
    expect(termsOf('T-shirts')).toContain('tshirt');
  });

  it('keeps decimal numbers and single letters', () => {
    expect(termsOf('Vitamin C 2.5 kg, USB-C 3.0.')).toEqual(
      expect.arrayContaining(['c', '2.5', 'kg', 'usb', 'usbc', '3.0']),
    );
  });

  it('keeps marks that tell letters of other scripts apart', () => {
    expect(termsOf('ガラス')).not.toEqual(termsOf('カラス'));
    expect(termsOf('हिन्दी')).toEqual(['हिन्दी']);
  });

  it.each([
    ['我想买一双红色的运动鞋', '红色'],
    ['東京の赤い靴を買いたい', '靴'],
    ['รองเท้าสีแดงสำหรับผู้หญิง', 'รองเท้า'],
  ])('finds words in scripts without spaces: %s', (text, word) => {
    expect(termsOf(text).length).toBeGreaterThan(3);
    expect(termsOf(text)).toContain(word);
  });

  it('does not depend on case, and joins where texts are joined', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(termsOf(`${a}\n${b}`)).toEqual([...termsOf(a), ...termsOf(b)]);
        expect(termsOf(a.toLowerCase())).toEqual(termsOf(a));
        for (const term of termsOf(a)) expect(term).toMatch(/[\p{L}\p{N}\p{M}]/u);
      }),
    );
  });
});

describe('queryTermsOf', () => {
  it('leaves stop words out, unless there is nothing else', () => {
    expect(queryTermsOf('shoes for the shoe lovers')).toEqual(['shoe', 'lover']);
    expect(queryTermsOf('The Who')).toEqual(['the', 'who']);
    expect(queryTermsOf("don't")).toEqual(['dont']);
    expect(queryTermsOf('!?')).toEqual([]);
  });
});
