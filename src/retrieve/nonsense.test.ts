import { expect, it } from 'vitest';
import { lexiconOf } from '../lexical/lexicon.js';
import { matrix, normalizeRows } from '../matrix.js';
import { plainIndex } from '../vectorIndex/testing/plainIndex.js';
import { isNonsense } from './nonsense.js';

const TITLES = [
  'yellow onions, garlic and flour tortillas',
  'fresh coriander, black pepper, limes',
  'granulated sugar, table salt, whipping cream',
  'chicken thighs, basmati rice, olive oil',
  'unsalted butter, cinnamon sticks',
  'parmesan cheese, mustard greens, vinegar',
];
const items = TITLES.map((title, i) => ({ id: `${i}`, title, text: title, metadata: {} }));
/** In pairs of near neighbours. */
const vectors = normalizeRows(
  matrix(6, 3, Float32Array.from([1, 0.1, 0, 1, 0, 0, 0, 1, 0.1, 0, 1, 0, 0.1, 0, 1, 0, 0, 1])),
);
const knows = (text: string) => /keyboard|onion|qwerty/.test(text);
const space = {
  items,
  vectors,
  index: plainIndex(vectors),
  lexicon: lexiconOf(items),
  encoder: { id: 'test', dim: 3, encode: async () => matrix(0, 3), knows },
};
const far = normalizeRows(matrix(1, 3, Float32Array.of(1, 1, 1))).data;
const near = vectors.data.slice(0, 3);
const ask = (text: string, vector = far, of: Parameters<typeof isNonsense>[0] = space) =>
  isNonsense(of, { text, vector });

it('says so of keys at random, also where the encoder knows one of the words', async () => {
  for (const keys of ['zxcvbnm', 'qwerty zxcvbnm', 'xqzjk', '?!']) expect(await ask(keys)).toBe(true);
});

it('lets pass what is in the catalog, known, spelt like words, or near an item', async () => {
  for (const text of ['zxcvbnm onions', 'keyboard', 'qwerty', 'arroz con pollo', 'torrellina'])
    expect(await ask(text)).toBe(false);
  expect(await ask('zxcvbnm', near)).toBe(false);
});

it('reads the training queries for how words are spelt', async () => {
  const texts = ['zxcvbnm', 'zxcvbnmo', 'zxcvbnme', 'zxcvbnma'];
  const training = { texts, vectors: matrix(4, 3), references: [[], [], [], []] };
  expect(await ask('zxcvbnmi', far, { ...space, items: [...items], training })).toBe(false);
});

it('knows nothing where the encoder does not say which words it knows', async () => {
  const encoder = { ...space.encoder, knows: undefined };
  expect(await ask('zxcvbnm', far, { ...space, encoder })).toBe(false);
});
