import { describe, expect, it } from 'vitest';
import { ExactIndex } from '../index/exactIndex.js';
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { keywordSubQueries, kMeansDirections, rankByNeighbours, sphericalKMeans } from './opponents.js';

const unitRows = (rows: number, d: number, seed: number): Matrix =>
  normalizeRows(matrix(rows, d, new CounterRandom(seed, 'test').fillNormal(new Float32Array(rows * d))));

describe('keywordSubQueries', () => {
  it('takes every content word and pair, pairs first', () => {
    expect(keywordSubQueries('a block of the pleated dolce', 10)).toEqual([
      'block pleated',
      'block dolce',
      'pleated dolce',
      'block',
      'pleated',
      'dolce',
    ]);
    expect(keywordSubQueries('block pleated dolce', 4)).toHaveLength(4);
  });

  it('falls back to the query', () => {
    expect(keywordSubQueries('the of', 10)).toEqual(['the of']);
  });
});

describe('sphericalKMeans', () => {
  it('finds clusters that are far apart', () => {
    const centres = unitRows(3, 8, 1);
    const rows = matrix(30, 8);
    const random = new CounterRandom(2, 'test');
    for (let i = 0; i < 30; i++)
      for (let j = 0; j < 8; j++) row(rows, i)[j] = row(centres, i % 3)[j] + 0.02 * random.normal();
    // The best of several starts: one start may put two centroids into one cluster.
    const best = Math.max(
      ...[1, 2, 3, 4, 5].map((seed) => {
        const found = sphericalKMeans(normalizeRows(rows), 3, new CounterRandom(seed, 'start'));
        const cosines = [0, 1, 2].map((c) =>
          Math.max(...[0, 1, 2].map((f) => row(centres, c).reduce((s, x, j) => s + x * row(found, f)[j], 0))),
        );
        return Math.min(...cosines);
      }),
    );
    expect(best).toBeGreaterThan(0.99);
  });

  it('makes unit rows even where there are fewer rows than clusters', () => {
    const found = sphericalKMeans(unitRows(2, 5, 3), 4, new CounterRandom(1, 'start'));
    for (let c = 0; c < 4; c++) expect(Math.hypot(...row(found, c))).toBeCloseTo(1, 5);
  });
});

describe('kMeansDirections', () => {
  it('are the query where its share is 1', async () => {
    const vectors = unitRows(60, 6, 4);
    const queries = unitRows(2, 6, 5);
    const space = { vectors, index: await ExactIndex.create({ vectors, threads: 1 }) };
    const directions = await kMeansDirections(space, queries, { k: 3, queryShare: 1, seed: 1 });
    for (let i = 0; i < 6; i++)
      row(directions, i).forEach((x, j) => {
        expect(x).toBeCloseTo(row(queries, Math.floor(i / 3))[j], 5);
      });
  });
});

describe('rankByNeighbours', () => {
  const vectors = matrix(3, 2, Float32Array.of(1, 0, 0.8, 0.6, 0, 1));
  const memory = { vectors, references: [[7, 5], [5, 6], [9]] };
  const query = Float32Array.of(1, 0);

  it('ranks by the weighted votes of the nearest, then by plain search', () => {
    const plain = Int32Array.of(1, 5, 2, 3, 4);
    expect([...rankByNeighbours(query, memory, plain, { neighbours: 2, budget: 5 })]).toEqual([
      5, 7, 6, 1, 2,
    ]);
    expect([...rankByNeighbours(query, memory, plain, { neighbours: 1, budget: 2 })]).toEqual([5, 7]);
  });
});
