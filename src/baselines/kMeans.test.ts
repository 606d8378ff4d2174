import { describe, expect, it } from 'vitest';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { kMeansDirections, sphericalKMeans } from './kMeans.js';

const unitRows = (rows: number, d: number, seed: number): Matrix =>
  normalizeRows(matrix(rows, d, new CounterRandom(seed, 'test').fillNormal(new Float32Array(rows * d))));

describe('sphericalKMeans', () => {
  it('finds clusters that are far apart', () => {
    const centres = unitRows(3, 8, 1);
    const rows = matrix(30, 8);
    const random = new CounterRandom(2, 'test');
    for (let i = 0; i < 30; i++)
      for (let j = 0; j < 8; j++) row(rows, i)[j] = row(centres, i % 3)[j] + 0.02 * random.normal();
    normalizeRows(rows);
    // Rows drawn far apart start in different clusters, whatever the seed.
    for (let seed = 0; seed < 20; seed++) {
      const found = sphericalKMeans(rows, 3, new CounterRandom(seed, 'start'));
      for (let c = 0; c < 3; c++) {
        const cosines = [0, 1, 2].map((f) => dot(row(centres, c), row(found, f)));
        expect(Math.max(...cosines)).toBeGreaterThan(0.99);
      }
    }
  });

  it('makes unit rows even where there are fewer rows than clusters', () => {
    const found = sphericalKMeans(unitRows(2, 5, 3), 4, new CounterRandom(1, 'start'));
    for (let c = 0; c < 4; c++) expect(Math.hypot(...row(found, c))).toBeCloseTo(1, 5);
  });
});

describe('kMeansDirections', () => {
  it('lie among the hits that pass, k for each query', async () => {
    const vectors = unitRows(60, 6, 4);
    const queries = unitRows(2, 6, 5);
    const space = { vectors, index: await ExactIndex.create({ vectors, threads: 1 }) };
    const mask = Uint8Array.from({ length: 60 }, (_, i) => Number(i === 7));
    const directions = await kMeansDirections(space, queries, { k: 3, mask, seed: 1 });
    expect(directions.rows).toBe(6);
    for (let i = 0; i < 6; i++)
      row(directions, i).forEach((x, j) => {
        expect(x).toBeCloseTo(row(vectors, 7)[j], 5);
      });
    const nothing = await kMeansDirections(space, queries, { k: 3, mask: new Uint8Array(60), seed: 1 });
    expect(nothing.data.every(Number.isFinite)).toBe(true);
    await space.index.release();
  });
});
