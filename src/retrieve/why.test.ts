import { describe, expect, it } from 'vitest';
import { matrix, normalizeRows } from '../matrix.js';
import type { MethodSpace } from './method.js';
import { METHODS } from './methods.js';
import { reasonsOf } from './why.js';

const TITLES = ['salt', 'red boots', 'tent', 'map'];
const items = TITLES.map((title, i) => ({ id: `${i}`, title, text: title, metadata: {} }));
const unit = (...rows: number[][]) => normalizeRows(matrix(rows.length, 2, Float32Array.from(rows.flat())));
const query = { text: 'a red boot', vector: unit([1, 0]).data };
const training = {
  texts: ['far', 'near', 'open', 'nearest'],
  vectors: unit([0, 1], [1, 0.5], [1, 0], [1, 0.1]),
  references: [[0, 2], [0, 2], [], [0]],
};
const bare: Pick<MethodSpace, 'items' | 'training' | 'remembered'> = { items };
const why = (method: 'plain' | 'vote' | 'popular', space = bare) => {
  const reasons = reasonsOf(METHODS[method], space, query, undefined);
  return items.map((_, item) => reasons(item, 0));
};

describe('reasonsOf', () => {
  it('names the training query nearest to the query whose set has the item', () => {
    expect(why('vote', { items, training })).toEqual([
      { why: 'in the set of “nearest”', trainingQuery: 'nearest', trainingSets: 3, sharedWords: [] },
      { why: 'has red, boots', trainingSets: 0, sharedWords: ['red', 'boots'] },
      { why: 'in the set of “near”', trainingQuery: 'near', trainingSets: 2, sharedWords: [] },
      { why: 'near the query', trainingSets: 0, sharedWords: [] },
    ]);
  });

  it('counts sets where the method does, or where no near query has the item', () => {
    expect(why('popular', { items, training })[0]).toEqual({
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
    const [near, , , far] = why('vote', { items, training: crowd });
    expect(near.why).toBe('in the set of “query 0”');
    expect(far.why).toBe('in 10 of 40 training sets');
  });

  it('asks no sets for a method that learns from none', () => {
    expect(why('plain', { items, training }).map((reason) => reason.why)).toEqual([
      'near the query',
      'has red, boots',
      'near the query',
      'near the query',
    ]);
  });

  it('takes the remembered sets for a model that chooses among candidates', () => {
    const ranks = { rank: METHODS.plain, learnsFrom: 'remembered' } as never;
    const remembered = { texts: ['written'], vectors: unit([1, 0]), references: [[3]] };
    const reasons = reasonsOf(ranks, { items, training, remembered }, query, undefined);
    expect(reasons(3, 0)).toMatchObject({ trainingQuery: 'written', trainingSets: 1 });
    expect(reasonsOf(ranks, { items, training }, query, undefined)(3, 0).why).toBe('near the query');
  });

  it('says the words of the direction, or which one it was', () => {
    const { keywords, kmeans } = METHODS;
    expect(reasonsOf(keywords, bare, query, ['red', 'boot'])(1, 1)).toMatchObject({
      why: '“boot”',
      subQuery: 'boot',
    });
    expect(reasonsOf(kmeans, bare, query, undefined)(2, 1).why).toBe('near direction 2');
  });
});
