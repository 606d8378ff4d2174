import { expect, it } from 'vitest';
import { knownWords } from './knownWords.js';

const vocabulary = (...words: string[]) => {
  const ranks = new Map(words.map((word, rank) => [word, rank]));
  return { rankOf: (word: string) => ranks.get(word) };
};

it('tries singular forms and hyphenated parts', () => {
  const known = vocabulary('tent', 'dress', 'box', 'woman', 't-shirt', 'high', 'waist', 'boots');
  const words = (text: string) => knownWords(text, known);
  expect(words("Tents, boxes & dresses for the woman's")).toEqual(['tent', 'box', 'dress', 'woman']);
  expect(words('T-shirts boots')).toEqual(['t-shirt', 'boots']);
  expect(words('high-waists qqq q-q')).toEqual(['high', 'waist']);
});

it('cuts a compound where its rarer word is the most common', () => {
  const known = vocabulary('rain', 'boots', 'boot', 'over', 'coat', 'some', 'rest', 'ones', 'cat');
  const words = (text: string) => knownWords(text, known);
  expect(words('rainboots')).toEqual(['rain', 'boots']);
  expect(words('overcoats')).toEqual(['over', 'coat']);
  // Of `over + ...` and no other cut; too short parts are no words of their own.
  expect(words('raincat')).toEqual([]);
  const rare = { rankOf: (word: string) => (word === 'asdf' || word === 'qwer' ? 50_000 : undefined) };
  expect(knownWords('asdfqwer', rare)).toEqual([]);
});
