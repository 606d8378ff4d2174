import { describe, expect, it } from 'vitest';
import type { QueryBatch } from '../environment.js';
import { row } from '../matrix.js';
import { retrieveFanOuts } from './fanOut.js';
import type { Completion } from './policy.js';
import { letterEncoder, letterWorld } from './testing/world.js';

const CATALOG = ['aaa', 'bbb', 'ccc', 'aab'];
const world = await letterWorld(CATALOG);
const queries: QueryBatch = {
  texts: ['first', 'second'],
  vectors: await letterEncoder.encode(['first', 'second']),
  references: [[0, 2], [3]],
};
const completion = (query: number, ...subQueries: string[]): Completion => ({
  query,
  subQueries,
  tokens: new Int32Array(),
  logProbs: new Float32Array(),
  entropies: new Float32Array(),
});
const completions = [completion(1, 'b', 'a'), completion(0, 'c', 'aab'), completion(1, 'a', 'a')];

describe('retrieveFanOuts', () => {
  it('gives each completion its own sub-queries, items and query', async () => {
    const fanOuts = await retrieveFanOuts(completions, queries, world, { budget: 3 });
    expect(fanOuts.map((f) => f.query)).toEqual(['second', 'first', 'second']);
    expect(fanOuts.map((f) => f.reference)).toEqual([[3], [0, 2], [3]]);
    expect(fanOuts.map((f) => [...f.retrieved])).toEqual([
      [1, 0],
      [2, 3],
      [0, 0],
    ]);
    // 'b' and 'a' take turns; 'a' alone goes on until the budget is used up.
    expect(fanOuts.map((f) => [...f.withinBudget])).toEqual([
      [1, 0, 3],
      [2, 3, 0],
      [0, 3, 1],
    ]);
    for (const fanOut of fanOuts) {
      const { subQueries, subQueryVectors, retrieved, retrievedVectors, items } = fanOut;
      expect(subQueryVectors).toEqual(await letterEncoder.encode(subQueries));
      retrieved.forEach((item, i) => {
        expect(row(retrievedVectors, i)).toEqual(row(world.vectors, item));
      });
      expect(fanOut.queryVector).toEqual(row(queries.vectors, queries.texts.indexOf(fanOut.query)));
      expect(items).toBe(world.items);
    }
  });

  it('retrieves one item a sub-query and knows no references unless told', async () => {
    const [fanOut] = await retrieveFanOuts(completions, { ...queries, references: undefined }, world);
    expect(fanOut.withinBudget).toEqual(fanOut.retrieved);
    expect(fanOut.reference).toEqual([]);
  });

  it('takes chosen items for their own directions, and encodes nothing', async () => {
    const chosen = completions.map((own, i) => ({ ...own, items: Int32Array.of(3 - i, i) }));
    const subQueryEncoder = { ...letterEncoder, encode: () => Promise.reject(new Error('is not needed')) };
    const fanOuts = await retrieveFanOuts(chosen, queries, { ...world, subQueryEncoder });
    fanOuts.forEach(({ retrieved, subQueryVectors }, i) => {
      expect([...retrieved]).toEqual([3 - i, i]);
      expect(row(subQueryVectors, 1)).toEqual(row(world.vectors, i));
    });
  });

  it('of no completions is nothing', async () => {
    expect(await retrieveFanOuts([], queries, world)).toEqual([]);
  });
});
