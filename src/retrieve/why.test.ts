import { describe, expect, it } from 'vitest';
import { SetMemory } from '../candidates/setMemory.js';
import { matrix, normalizeRows } from '../matrix.js';
import type { MethodSpace } from './method.js';
import { METHODS } from './methods.js';
import { reasonsOf } from './why.js';

const TITLES = ['salt', 'red boots', 'tent', 'map'];
const items = TITLES.map((title, i) => ({ id: `${i}`, title, text: title, metadata: {} }));
const unit = (...rows: number[][]) => normalizeRows(matrix(rows.length, 2, Float32Array.from(rows.flat())));
const queries = { texts: ['a red boot'], vectors: unit([1, 0]) };
const training = {
  texts: ['far', 'near', 'open', 'nearest'],
  vectors: unit([0, 1], [1, 0.5], [1, 0], [1, 0.1]),
  references: [[0, 2], [0, 2], [], [0]],
};
const bare: Pick<MethodSpace, 'items' | 'training' | 'remembered'> = { items };
/** The reasons for the one query. */
const reasonsBy = async (
  by: Parameters<typeof reasonsOf>[0],
  space: Parameters<typeof reasonsOf>[1] = bare,
  subQueries?: readonly string[],
) => (await reasonsOf(by, space, queries, [{ subQueries }]))[0];
const why = async (method: 'plain' | 'vote' | 'popular', space = bare) => {
  const reasons = await reasonsBy(METHODS[method], space);
  return items.map((_, item) => reasons(item, 0));
};

describe('reasonsOf', () => {
  it('names the training query nearest to the query whose set has the item', async () => {
    expect(await why('vote', { items, training })).toEqual([
      { why: 'in the set of “nearest”', trainingQuery: 'nearest', trainingSets: 3, sharedWords: [] },
      { why: 'has red, boots', trainingSets: 0, sharedWords: ['red', 'boots'] },
      { why: 'in the set of “near”', trainingQuery: 'near', trainingSets: 2, sharedWords: [] },
      { why: 'near the query', trainingSets: 0, sharedWords: [] },
    ]);
  });

  it('counts sets where the method does, or where no near query has the item', async () => {
    expect((await why('popular', { items, training }))[0]).toEqual({
      why: 'in 3 of 3 training sets',
      trainingSets: 3,
      sharedWords: [],
    });
    const many = 40;
    const crowd = {
      texts: Array.from({ length: many }, (_, i) => `query ${i}`),
      vectors: unit(...Array.from({ length: many }, (_, i) => [1, i / many])),
      references: Array.from({ length: many }, (_, i) => [i < 30 ? 0 : 3]),
    };
    const [near, , , far] = await why('vote', { items, training: crowd });
    expect(near.why).toBe('in the set of “query 0”');
    expect(far.why).toBe('in 10 of 40 training sets');
  });

  it('asks no sets for a method that learns from none', async () => {
    expect((await why('plain', { items, training })).map((reason) => reason.why)).toEqual([
      'near the query',
      'has red, boots',
      'near the query',
      'near the query',
    ]);
  });

  it('takes the remembered sets for a model that chooses among candidates', async () => {
    const ranks = { rank: METHODS.plain, learnsFrom: 'remembered' } as never;
    const remembered = { texts: ['written'], vectors: unit([1, 0]), references: [[3]] };
    const reasons = await reasonsBy(ranks, { items, training, remembered });
    expect(reasons(3, 0)).toMatchObject({ trainingQuery: 'written', trainingSets: 1 });
    expect((await reasonsBy(ranks, { items, training }))(3, 0).why).toBe('near the query');
  });

  it('asks the memory which training queries are near, where it is of these', async () => {
    const ranks = { rank: METHODS.plain, learnsFrom: 'remembered' } as never;
    const sets = { vectors: training.vectors, references: training.references };
    const smoother = matrix(sets.vectors.rows, sets.vectors.cols + 1);
    const memory = SetMemory.plain({ ...sets, smoother, catalog: unit([1, 0], [0, 1], [1, 1], [1, 2]) });
    const labelled = { ...training, references: [[0, 2], [0, 2], [3], [0]] };
    const [alone, remembering] = [
      await reasonsBy(ranks, { items, remembered: labelled }),
      await reasonsBy(ranks, { items, remembered: labelled, memory }),
    ];
    for (const item of items.keys()) expect(remembering(item, 0)).toEqual(alone(item, 0));
    expect(remembering(0, 0).trainingQuery).toBe('nearest');
  });

  it('says the words of the direction, or which one it was', async () => {
    const { keywords, kmeans } = METHODS;
    expect((await reasonsBy(keywords, bare, ['red', 'boot']))(1, 1)).toMatchObject({
      why: '“boot”',
      subQuery: 'boot',
    });
    expect((await reasonsBy(kmeans))(2, 1).why).toBe('near direction 2');
  });
});
