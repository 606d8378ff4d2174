import { beforeAll, describe, expect, it } from 'vitest';
import { dot, gatherRows, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { FlatIndex } from '../web/flatIndex.js';
import { applyAdapter } from './adapter.js';
import { type FitAdapterOptions, fitAdapter } from './fitAdapter.js';

const D = 8;
const unitRows = (rows: number, stream: string): Matrix =>
  normalizeRows(matrix(rows, D, new CounterRandom(1, stream).fillNormal(new Float32Array(rows * D))));

/** Sets near the query's vector with its coordinates turned by one place, so that plain search is lost. */
function turnedWorld(n: number): FitAdapterOptions & { test: Matrix } {
  const vectors = unitRows(200, 'items');
  const index = new FlatIndex(vectors);
  const queries = unitRows(n, 'queries');
  const references = Array.from({ length: n }, (_, q) => {
    const near = turned(row(queries, q));
    const cosines = Array.from({ length: vectors.rows }, (_, i) => dot(row(vectors, i), near));
    return [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a]).slice(0, 5);
  });
  return { queries, references, vectors, index, k: 5, seed: 1, test: unitRows(20, 'test') };
}

const turned = (x: Float32Array) => Float32Array.from(x, (_, j) => x[(j + 1) % D]);

describe('fitAdapter', () => {
  let world: ReturnType<typeof turnedWorld>;
  beforeAll(() => {
    world = turnedWorld(120);
  });

  it('finds the map from queries to their sets', async () => {
    const adapter = await fitAdapter(world);
    expect(adapter?.strength).toBe(1);
    const adapted = applyAdapter(adapter!, world.test);
    for (let q = 0; q < world.test.rows; q++)
      expect(dot(row(adapted, q), turned(row(world.test, q)))).toBeGreaterThan(0.95);
  });

  it('is off where the query already lies among its set, or there is too little to learn from', async () => {
    const { queries, vectors, index } = world;
    const { indices } = await index.search(queries, { k: 5 });
    const near = Array.from({ length: queries.rows }, (_, q) => [...indices.subarray(q * 5, (q + 1) * 5)]);
    expect(await fitAdapter({ ...world, references: near })).toBeUndefined();
    const few = gatherRows(queries, [0]);
    expect(
      await fitAdapter({ queries: few, references: [[1]], vectors, index, k: 5, seed: 1 }),
    ).toBeUndefined();
  });

  it('is the same again, and passes over queries without a set', async () => {
    const { queries, references } = world;
    const adapter = await fitAdapter(world);
    expect(await fitAdapter(world)).toEqual(adapter);
    const rows = [0, ...references.keys()];
    const padded = { queries: gatherRows(queries, rows), references: [[], ...references] };
    expect(await fitAdapter({ ...world, ...padded })).toEqual(adapter);
  });

  it('judges by the quality it is given', async () => {
    const asked = new Set<number>();
    const adapter = await fitAdapter({
      ...world,
      quality: (ranked, query) => {
        expect(ranked).toHaveLength(5);
        asked.add(query);
        return 0.5;
      },
    });
    expect(adapter).toBeUndefined();
    expect(asked.size).toBe(120);
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(fitAdapter({ ...world, signal })).rejects.toThrow('enough');
  });
});
