import { describe, expect, it } from 'vitest';
import { foldsOf } from '../crossValidation.js';
import { gatherRows } from '../matrix.js';
import { runtime } from '../policy/testing/scene.js';
import { type Candidates, readCandidates, SOURCES } from './candidates.js';
import { compiledMemory } from './compiledMemory.js';
import { type CrossFitOptions, crossFittedCandidates } from './crossFit.js';
import { labelledQueries, remembered, smallCatalog } from './testing/smallCatalog.js';

const RIDGE = 0.7;
const SEED = 1;
/** More items than candidates: which these are depends on the sets too. */
const catalog = smallCatalog(400);
const training = labelledQueries(30, { rows: 200 });
const crossFit = (changes: Partial<CrossFitOptions> = {}) =>
  crossFittedCandidates({ ...catalog, training, ridge: RIDGE, seed: SEED, runtime, ...changes });
const folds = ({ references, texts }: typeof training) =>
  foldsOf(references, { folds: 8, seed: SEED, keys: texts });

const ofQuery = ({ size, items, scores }: Candidates, i: number) => {
  const numbers = size * SOURCES.length;
  return {
    items: items.slice(i * size, (i + 1) * size),
    scores: scores.slice(i * numbers, (i + 1) * numbers),
  };
};

describe('crossFittedCandidates', () => {
  it('are those of a memory that has the other folds alone', async () => {
    const found = await crossFit();
    const foldOf = folds(training);
    expect(new Set(foldOf).size).toBe(8);
    for (const i of training.texts.keys()) {
      const others = [...training.texts.keys()].filter((j) => foldOf[j] !== foldOf[i]);
      const memory = await compiledMemory(
        remembered(
          {
            vectors: gatherRows(training.vectors, others),
            references: others.map((j) => training.references[j]),
          },
          RIDGE,
        ),
        runtime,
      );
      const query = { texts: [training.texts[i]], vectors: gatherRows(training.vectors, [i]) };
      const expected = ofQuery(await readCandidates(query, { ...catalog, memory }), 0);
      await memory.release();
      const own = ofQuery(found, i);
      expect(own.items).toEqual(expected.items);
      own.scores.forEach((score, s) => {
        expect(score).toBeCloseTo(expected.scores[s], 4);
      });
    }
  });

  it.each([0, 11, 29])('do not depend on the own set of query %i', async (i) => {
    const references = training.references.map((set, j) => (j === i ? [150, 20, 90] : set));
    const changed = { ...training, references };
    expect(folds(changed)).toEqual(folds(training));
    const [before, after] = [await crossFit(), await crossFit({ training: changed })];
    expect(ofQuery(after, i)).toEqual(ofQuery(before, i));
    // Others learn from it.
    expect(after.scores).not.toEqual(before.scores);
  });

  it('do not depend on the set of another query of the same text', async () => {
    const texts = training.texts.map((text, i) => (i === 17 ? training.texts[4] : text));
    const twins = { ...training, texts };
    const references = twins.references.map((set, i) => (i === 17 ? [150, 20, 90] : set));
    const changed = { ...twins, references };
    expect(folds(changed)).toEqual(folds(twins));
    const [before, after] = [await crossFit({ training: twins }), await crossFit({ training: changed })];
    expect(ofQuery(after, 4)).toEqual(ofQuery(before, 4));
    expect(after.scores).not.toEqual(before.scores);
  });

  it('of a single query are those of nobody who has learnt anything', async () => {
    const alone = {
      texts: training.texts.slice(0, 1),
      vectors: gatherRows(training.vectors, [0]),
      references: training.references.slice(0, 1),
    };
    expect(await crossFit({ training: alone })).toEqual(await readCandidates(alone, catalog));
  });

  it('of no queries are none', async () => {
    const none = { texts: [], vectors: gatherRows(training.vectors, []), references: [] };
    expect((await crossFit({ training: none })).items).toHaveLength(0);
  });

  it('stop at an abort signal', async () => {
    const reason = new Error('enough');
    await expect(crossFit({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
