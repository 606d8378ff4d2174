import { describe, expect, it } from 'vitest';
import { dot, matrix, row } from '../matrix.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { outputFeeds } from './batch.js';
import { type NearTokens, Neighbourhood } from './neighbourhood.js';
import { catalogOfThings, randomVectors, runtime, scene, TEXTS } from './testing/scene.js';
import { PAD, SEPARATOR, trainTokenizer } from './tokenizer.js';

const { tokenizer, config, format } = scene();

describe('Neighbourhood', () => {
  it('weighs the tokens of near items, the nearest most', async () => {
    const items = ['red lamp', 'blue tent', 'red tent'].map((text, i) => ({
      id: String(i),
      text,
      title: text,
      metadata: {},
    }));
    const vectors = matrix(3, 2, Float32Array.of(1, 0, 0, 1, 0.6, 0.8));
    const index = await ExactIndex.create({ vectors, ...runtime });
    const [near] = await new Neighbourhood({ items, index, vectors }, tokenizer, format, 'nearTexts').near(
      matrix(1, 2, Float32Array.of(1, 0)),
      [[]],
    );
    const weightOf = (text: string) =>
      tokenizer.encode(text).map((token) => near.weights[near.tokens.indexOf(token)]);
    for (const weight of weightOf('red lamp')) expect(weight).toBeCloseTo(1);
    for (const weight of weightOf('tent')) expect(weight).toBeCloseTo(0.6);
    for (const weight of weightOf('blue')) expect(weight).toBeCloseTo(0);
    expect(new Set(near.tokens).size).toBe(near.tokens.length);
    expect([...near.rows]).toEqual([0, 2, 1]);
    near.cosines.forEach((cosine, at) => {
      const [a, b] = [near.rows[Math.floor(at / 3)], near.rows[at % 3]];
      expect(cosine).toBeCloseTo(dot(row(vectors, a), row(vectors, b)));
    });
  });

  it('gives every query its own, with weights from 0 to 1', async () => {
    const neighbourhood = new Neighbourhood(await catalogOfThings(), tokenizer, format, 'nearTexts');
    const queries = randomVectors(5, 1);
    const near = await neighbourhood.near(queries, [[], [], [], [], []]);
    expect(near).toHaveLength(5);
    for (const { tokens, weights } of near) {
      expect(tokens).toHaveLength(weights.length);
      expect(Math.max(...weights)).toBe(1);
      expect(Math.min(...weights)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('a neighbourhood of words', () => {
  const itemsOf = (texts: readonly string[]) =>
    texts.map((text, i) => ({
      id: String(i),
      text,
      title: text,
      category: 'things > golden boot',
      metadata: {},
    }));
  const wordsIn = ({ tokens, pieces }: NearTokens, positions: Iterable<number> = pieces.keys()) =>
    Array.from(positions, (piece) =>
      tokenizer.decode(pieces[piece].map((position) => tokens[position])),
    ).sort();

  it('has the words of the query, of near items and of the commonest categories', async () => {
    const items = itemsOf(['red lamp', 'blue tent']);
    const vectors = randomVectors(2, 1);
    const index = await ExactIndex.create({ vectors, ...runtime });
    const neighbourhood = new Neighbourhood({ items, index, vectors }, tokenizer, format, 'nearWords');
    const [near] = await neighbourhood.near(randomVectors(1, 2), [tokenizer.encode('black chair 日')]);
    expect(wordsIn(near)).toEqual(['black', 'blue', 'boot', 'chair', 'golden', 'lamp', 'red', 'tent']);
    expect(wordsIn(near, Array(near.own).keys())).toEqual(['black', 'chair']);
    expect(wordsIn(near, Array(near.free).keys())).toEqual(['black', 'boot', 'chair', 'golden']);
    near.rows.forEach((row, i) => {
      const own = [...items[row].text.split(' '), 'golden', 'boot'].sort();
      expect(wordsIn(near, near.piecesOf[i])).toEqual(own);
    });
  });

  it('leaves out words that say nothing alone, unless there are no others', async () => {
    const speech = trainTokenizer([...TEXTS, 'the lamp of a tent', 'for / with'], { vocabularySize: 80 });
    const items = itemsOf(['the lamp of a tent', 'for / with']);
    const vectors = randomVectors(2, 1);
    const index = await ExactIndex.create({ vectors, ...runtime });
    const neighbourhood = new Neighbourhood({ items, index, vectors }, speech, format, 'nearWords');
    const near = await neighbourhood.near(randomVectors(2, 2), [
      speech.encode('a tent for the lamp'),
      speech.encode('with a'),
    ]);
    const own = near.map(({ tokens, pieces, own }) =>
      pieces.slice(0, own).map((piece) => speech.decode(piece.map((position) => tokens[position]))),
    );
    expect(own).toEqual([
      ['tent', 'lamp'],
      ['with', 'a'],
    ]);
    const texts = near[0].rows;
    const words = (item: number) =>
      Array.from(near[0].piecesOf[texts.indexOf(item)], (piece) =>
        speech.decode(near[0].pieces[piece].map((position) => near[0].tokens[position])),
      );
    expect(words(0)).toEqual(['lamp', 'tent', 'golden', 'boot']);
    expect(words(1)).toEqual(['golden', 'boot']);
  });

  it('has items with a word of the query, however far their vectors are', async () => {
    const items = itemsOf([...Array<string>(100).fill('red lamp'), 'blue tent', 'green tent', 'green boot']);
    const vectors = matrix(
      items.length,
      2,
      Float32Array.from(items.flatMap((_, i) => (i < 100 ? [1, 0] : i === 100 ? [-1, 0] : [-0.6, -0.8]))),
    );
    const index = await ExactIndex.create({ vectors, ...runtime });
    const neighbourhood = new Neighbourhood({ items, index, vectors }, tokenizer, format, 'nearWords');
    const [near] = await neighbourhood.near(matrix(1, 2, Float32Array.of(1, 0)), [tokenizer.encode('tent')]);
    expect(near.nearest).toBe(64);
    // The closer one first.
    expect([...near.rows.subarray(near.nearest)]).toEqual([101, 100]);
    const weightOf = (word: string) => near.weights[near.tokens.indexOf(tokenizer.encode(word)[0])];
    expect(weightOf('lamp')).toBe(1);
    expect(weightOf('green')).toBeCloseTo(0.2);
    expect(weightOf('blue')).toBe(0);
  });
});

describe('outputFeeds', () => {
  const unused = {
    rows: new Int32Array(),
    nearest: 0,
    nearness: new Float32Array(),
    cosines: new Float32Array(),
    piecesOf: [],
    own: 0,
    free: 0,
  };
  const near = {
    tokens: Int32Array.of(SEPARATOR, 7, 9),
    weights: Float32Array.of(0, 1, 0.25),
    pieces: [Int32Array.of(1, 2)],
    ...unused,
  };

  it('hint at the tokens of the query and at those near it', () => {
    const { hints, vocabulary } = outputFeeds([{ prompt: [5, 6], near }, { prompt: [7] }], config);
    const v = config.vocabularySize;
    expect(vocabulary).toBeUndefined();
    expect(hints.dims).toEqual([2, 2, v]);
    const set = Object.fromEntries([...hints.data.entries()].filter(([, x]) => x !== 0));
    expect(set).toEqual({ 5: 1, 6: 1, [v + 7]: 1, [v + 9]: 0.25, [2 * v + 7]: 1 });
  });

  it('have a vocabulary for each query where only texts near it are written', () => {
    const short = {
      tokens: Int32Array.of(SEPARATOR, 8),
      weights: Float32Array.of(0, 1),
      pieces: [Int32Array.of(1)],
      ...unused,
    };
    const { hints, vocabulary } = outputFeeds(
      [
        { prompt: [9, 5], near },
        { prompt: [], near: short },
      ],
      { ...config, writes: 'nearTexts' },
    );
    expect([...vocabulary.data]).toEqual([SEPARATOR, 7, 9, SEPARATOR, 8, PAD]);
    expect(hints.dims).toEqual([2, 2, 3]);
    expect([...hints.data]).toEqual([0, 0, 1, 0, 1, 0.25, 0, 0, 0, 0, 1, 0]);
  });
});
