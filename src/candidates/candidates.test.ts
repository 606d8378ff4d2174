import { describe, expect, it } from 'vitest';
import { classify } from '../baselines/classifier.js';
import { itemSets } from '../baselines/itemSets.js';
import { RidgeSmoother, withConstant } from '../encode/ridgeSmoother.js';
import { Bm25 } from '../lexical/bm25.js';
import { dot, gatherRows, row } from '../matrix.js';
import { randomVectors } from '../policy/testing/scene.js';
import { crossFittedScores } from './crossFit.js';
import { SOURCES, setMemory, sourceScores, standardize, standardOf } from './sources.js';

const titles = ['red tent', 'blue tent', 'red boot', 'lamp', 'rope'];
const lexicon = Bm25.of(titles.map((text) => ({ text })));
const vectors = randomVectors(titles.length, 1);
const trainingVectors = randomVectors(12, 2);
const references = Array.from({ length: 12 }, (_, i) => [i % 5, (i * 2 + 1) % 5]);
const smoother = new RidgeSmoother(withConstant(trainingVectors)).matrix(1);
const memory = setMemory(trainingVectors, references, smoother);
const queries = { texts: ['a red tent', 'nothing of it'], vectors: randomVectors(2, 3) };

/** What a source says of every item for a query. */
const said = (scores: Float32Array, source: (typeof SOURCES)[number], query = 0) =>
  titles.map((_, i) => scores[(query * titles.length + i) * SOURCES.length + SOURCES.indexOf(source)]);

describe('sourceScores', () => {
  const scores = sourceScores(queries, { vectors, lexicon, memory });

  it('says the cosines, and the words in common as shares of the best', () => {
    const query = row(queries.vectors, 0);
    said(scores, 'dense').forEach((score, i) => {
      expect(score).toBeCloseTo(dot(query, row(vectors, i)), 6);
    });
    const lexical = said(scores, 'lexical');
    expect(lexical[0]).toBe(1);
    expect(lexical[1]).toBeGreaterThan(0);
    expect(lexical.slice(3)).toEqual([0, 0]);
    expect(said(scores, 'lexical', 1)).toEqual([0, 0, 0, 0, 0]);
  });

  it('says what the classifier says', () => {
    const { items, scores: own } = classify(
      { smoother, sets: itemSets(references) },
      row(queries.vectors, 0),
    );
    const classifier = said(scores, 'classifier');
    expect(items).toHaveLength(5);
    items.forEach((item, r) => {
      expect(classifier[item]).toBeCloseTo(own[r], 5);
    });
  });

  it('says the votes of the nearest training queries as shares of their weight, squared cosines', () => {
    const query = row(queries.vectors, 0);
    const nearest = references
      .map((set, i) => ({ set, cosine: dot(row(trainingVectors, i), query) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, 3)
      .map(({ set, cosine }) => ({ set, weight: Math.max(0, cosine) ** 2 }));
    const total = nearest.reduce((sum, { weight }) => sum + weight, 0);
    said(scores, 'votesOf3').forEach((score, item) => {
      const votes = nearest.filter(({ set }) => set.includes(item));
      expect(score).toBeCloseTo(votes.reduce((sum, { weight }) => sum + weight, 0) / total, 5);
    });
  });

  it('says how many training sets have an item', () => {
    said(scores, 'logPopularity').forEach((score, item) => {
      const count = references.filter((set) => set.includes(item)).length;
      expect(score).toBeCloseTo(Math.log((count + 1) / 12), 5);
    });
  });

  it('says nothing by labels where there are none', () => {
    const without = sourceScores(queries, { vectors, lexicon });
    for (const source of SOURCES.slice(2)) expect(said(without, source)).toEqual([0, 0, 0, 0, 0]);
    expect(said(without, 'dense')).toEqual(said(scores, 'dense'));
  });

  it('is brought to mean 0 and deviation 1 by its own standard', () => {
    const standardized = standardize(scores.slice(), standardOf(scores));
    const { means, deviations } = standardOf(standardized);
    for (const mean of means) expect(mean).toBeCloseTo(0, 4);
    for (const deviation of deviations) expect(deviation).toBeCloseTo(1, 4);
  });
});

describe('crossFittedScores', () => {
  const training = {
    texts: references.map((_, i) => `query ${i % 10}`),
    vectors: trainingVectors,
    references,
  };
  const read = (sets: readonly (readonly number[])[]) =>
    crossFittedScores({ training: { ...training, references: sets }, ridge: 1, vectors, lexicon, seed: 1 });
  const ofQuery = (scores: Float32Array, i: number) =>
    scores.slice(i * titles.length * SOURCES.length, (i + 1) * titles.length * SOURCES.length);

  it('reads a query without its own set, and without that of a query of the same text', () => {
    const before = read(references);
    // Queries 0 and 10 have one text. Other sets of the same size and overlap keep the folds as they are.
    const changed = references.map((set, i) => (i === 10 ? set.map((item) => (item + 2) % 5) : set));
    const after = read(changed);
    expect(ofQuery(after, 0)).toEqual(ofQuery(before, 0));
    expect(ofQuery(after, 10)).toEqual(ofQuery(before, 10));
    expect(after).not.toEqual(before);
  });

  it('reads another query as the sources do that know the rest', () => {
    const one = crossFittedScores({
      training: { texts: ['a', 'b'], vectors: gatherRows(trainingVectors, [0, 1]), references: [[0], [3]] },
      ridge: 1,
      vectors,
      lexicon,
      seed: 1,
    });
    const other = gatherRows(trainingVectors, [1]);
    const expected = sourceScores(
      { texts: ['a'], vectors: gatherRows(trainingVectors, [0]) },
      { vectors, lexicon, memory: setMemory(other, [[3]], new RidgeSmoother(withConstant(other)).matrix(1)) },
    );
    expect(ofQuery(one, 0)).toEqual(expected);
  });
});
