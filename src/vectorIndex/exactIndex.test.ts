import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../errors.js';
import { dot, gatherRows, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { ExactIndex } from './exactIndex.js';

function unitRows(rows: number, cols: number, seed: number): Matrix {
  const m = matrix(rows, cols);
  new CounterRandom(seed, 'index test').fillNormal(m.data);
  return normalizeRows(m);
}

/** Rows in -1, 0, 1: their inner products are exact in float32, and many are equal. */
const smallRows = (rows: number, cols: number) =>
  fc
    .array(fc.constantFrom(-1, 0, 1), { minLength: rows * cols, maxLength: rows * cols })
    .map((data) => matrix(rows, cols, Float32Array.from(data)));

function bruteForce(catalog: Matrix, direction: Float32Array, k: number, mask?: Uint8Array) {
  const rows = Array.from({ length: catalog.rows }, (_, i) => ({
    i,
    score: Math.fround(dot(direction, row(catalog, i))),
  }))
    .filter(({ i }) => !mask || mask[i] === 1)
    .sort((a, b) => b.score - a.score || a.i - b.i);
  return Array.from({ length: k }, (_, r) => rows[r] ?? { i: -1, score: Number.NEGATIVE_INFINITY });
}

describe('ExactIndex', () => {
  it('agrees with brute force, equal scores in the order of rows, under any mask, k and cut into blocks', async () => {
    const scene = fc
      .record({
        rows: fc.integer({ min: 1, max: 60 }),
        cols: fc.integer({ min: 1, max: 4 }),
        n: fc.integer({ min: 1, max: 5 }),
      })
      .chain(({ rows, cols, n }) =>
        fc.record({
          catalog: smallRows(rows, cols),
          directions: smallRows(n, cols),
          k: fc.integer({ min: 1, max: 70 }),
          blockValues: fc.constantFrom(30, 100, 2 ** 25),
          mask: fc.option(fc.uint8Array({ minLength: rows, maxLength: rows, max: 1 }), { nil: undefined }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(scene, async ({ catalog, directions, k, blockValues, mask }) => {
        const index = await ExactIndex.create({ vectors: catalog, blockValues, threads: 1 });
        const hits = await index.search(directions, { k, mask });
        for (let i = 0; i < directions.rows; i++) {
          const expected = bruteForce(catalog, row(directions, i), k, mask);
          expect([...hits.indices.subarray(i * k, (i + 1) * k)]).toEqual(expected.map((hit) => hit.i));
          expect([...hits.scores.subarray(i * k, (i + 1) * k)]).toEqual(expected.map((hit) => hit.score + 0));
        }
        await index.release();
      }),
      { numRuns: 50 },
    );
  });

  it('finds by codes what lies too close together for them', async () => {
    // Rows that differ by less than their codes: only their own scores tell them apart.
    const [origin] = [unitRows(1, 32, 10)];
    const noise = unitRows(900, 32, 11);
    const data = noise.data.map((x, i) => origin.data[i % 32] + x * 1e-3);
    const catalog = normalizeRows(matrix(900, 32, data));
    const directions = unitRows(3, 32, 12);
    directions.data.set(origin.data);
    const index = await ExactIndex.create({ vectors: catalog, blockValues: 32 * 300 });
    const { indices } = await index.search(directions, { k: 20 });
    for (let i = 0; i < 3; i++) {
      const expected = bruteForce(catalog, row(directions, i), 20).map((hit) => hit.i);
      expect([...indices.subarray(i * 20, (i + 1) * 20)]).toEqual(expected);
    }
  });

  it.each([2 ** 25, 2 ** 12])(
    'orders duplicated rows by their number wherever they lie, blocks of %i values',
    async (blockValues) => {
      const originals = unitRows(200, 48, 1);
      const copies = Array.from({ length: 1000 }, (_, i) => (i * 7) % 200);
      const index = await ExactIndex.create({ vectors: gatherRows(originals, copies), blockValues });
      const { indices, scores } = await index.search(unitRows(20, 48, 2), { k: 100 });
      for (let i = 0; i < 20; i++) {
        for (let r = 0; r < 100; r += 5) {
          const group = [...indices.subarray(i * 100 + r, i * 100 + r + 5)];
          expect(new Set(group.map((j) => copies[j])).size).toBe(1);
          expect(group).toEqual(group.toSorted((a, b) => a - b));
          expect(new Set(scores.subarray(i * 100 + r, i * 100 + r + 5)).size).toBe(1);
        }
      }
    },
  );

  it.each([2 ** 25, 2 ** 17])(
    'gives a direction the same hits alone and among thousands, blocks of %i values',
    async (blockValues) => {
      const index = await ExactIndex.create({ vectors: unitRows(3000, 128, 3), blockValues, threads: 2 });
      const directions = unitRows(2000, 128, 4);
      const all = await index.search(directions, { k: 7 });
      for (const i of [0, 348, 349, 1999]) {
        const alone = await index.search(rowRange(directions, i, i + 1), { k: 7 });
        expect(alone.indices).toEqual(all.indices.slice(i * 7, (i + 1) * 7));
        expect(alone.scores).toEqual(all.scores.slice(i * 7, (i + 1) * 7));
      }
    },
  );

  it('serves concurrent searches', async () => {
    const index = await ExactIndex.create({ vectors: unitRows(500, 16, 5) });
    const directions = unitRows(50, 16, 6);
    const expected = await index.search(directions, { k: 3 });
    const results = await Promise.all(Array.from({ length: 8 }, () => index.search(directions, { k: 3 })));
    for (const result of results) expect(result).toEqual(expected);
  });

  it('answers nothing for no directions and from an empty catalog', async () => {
    const index = await ExactIndex.create({ vectors: unitRows(5, 4, 7) });
    expect((await index.search(matrix(0, 4), { k: 3 })).indices.length).toBe(0);
    const empty = await ExactIndex.create({ vectors: matrix(0, 4) });
    expect([...(await empty.search(unitRows(1, 4, 8), { k: 2 })).indices]).toEqual([-1, -1]);
  });

  it('refuses bad input', async () => {
    const index = await ExactIndex.create({ vectors: unitRows(5, 4, 9) });
    await expect(index.search(unitRows(1, 3, 1), { k: 1 })).rejects.toThrow(InputError);
    await expect(index.search(unitRows(1, 4, 1), { k: 0 })).rejects.toThrow(/field "k"/);
    await expect(index.search(unitRows(1, 4, 1), { k: 1, mask: new Uint8Array(4) })).rejects.toThrow(
      /field "mask"/,
    );
    await expect(ExactIndex.create({ vectors: matrix(3, 0) })).rejects.toThrow(InputError);
  });
});
