import { describe, expect, it } from 'vitest';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { nearestQueries } from './nearestQueries.js';

const unitRows = (rows: number, d: number, seed: number): Matrix =>
  normalizeRows(matrix(rows, d, new CounterRandom(seed, 'test').fillNormal(new Float32Array(rows * d))));

describe('nearestQueries', () => {
  it('are the training queries most like each query, the most alike first', () => {
    const memory = unitRows(9, 5, 6);
    const queries = unitRows(2, 5, 7);
    const ranked = [0, 1].map((q) => {
      const cosines = Array.from({ length: 9 }, (_, i) => dot(row(memory, i), row(queries, q)));
      return [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a]);
    });
    const nearest = (k: number) => [0, 1].map((q) => nearestQueries(row(queries, q), memory, k).rows);
    expect(nearest(3)).toEqual(ranked.map((rows) => rows.slice(0, 3)));
    expect(nearest(20)).toEqual(ranked);
  });
});
