import { describe, expect, it } from 'vitest';
import { ExactIndex } from '../index/exactIndex.js';
import { matrix } from '../matrix.js';
import { outputFeeds } from './batch.js';
import { Neighbourhood } from './neighbourhood.js';
import { catalogOfThings, randomVectors, runtime, scene } from './testing/scene.js';
import { PAD, SEPARATOR } from './tokenizer.js';

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
    const [near] = await new Neighbourhood({ items, index }, tokenizer, format, 'nearTexts').near(
      matrix(1, 2, Float32Array.of(1, 0)),
      [[]],
    );
    const weightOf = (text: string) =>
      tokenizer.encode(text).map((token) => near.weights[near.tokens.indexOf(token)]);
    for (const weight of weightOf('red lamp')) expect(weight).toBeCloseTo(1);
    for (const weight of weightOf('tent')) expect(weight).toBeCloseTo(0.6);
    for (const weight of weightOf('blue')) expect(weight).toBeCloseTo(0);
    expect(new Set(near.tokens).size).toBe(near.tokens.length);
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
  it('has the words of the query, of near items and of the commonest categories', async () => {
    const items = ['red lamp', 'blue tent'].map((text, i) => ({
      id: String(i),
      text,
      title: text,
      category: 'things > golden boot',
      metadata: {},
    }));
    const index = await ExactIndex.create({ vectors: randomVectors(2, 1), ...runtime });
    const neighbourhood = new Neighbourhood({ items, index }, tokenizer, format, 'nearWords');
    const [near] = await neighbourhood.near(randomVectors(1, 2), [tokenizer.encode('black chair 日')]);
    const words = near.pieces.map((piece) =>
      tokenizer.decode(piece.map((position) => near.tokens[position])),
    );
    expect(new Set(words)).toEqual(
      new Set(['red', 'lamp', 'blue', 'tent', 'golden', 'boot', 'black', 'chair']),
    );
    expect(words).toHaveLength(8);
  });
});

describe('outputFeeds', () => {
  const near = {
    tokens: Int32Array.of(SEPARATOR, 7, 9),
    weights: Float32Array.of(0, 1, 0.25),
    pieces: [Int32Array.of(1, 2)],
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
