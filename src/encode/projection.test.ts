import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../errors.js';
import { dot, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { Encoder } from './encoder.js';
import { ProjectedEncoder } from './projectedEncoder.js';
import { fitProjection, project } from './projection.js';

function gaussian(rows: number, cols: number, seed: number): Matrix {
  const m = matrix(rows, cols);
  new CounterRandom(seed, 'projection test').fillNormal(m.data);
  return m;
}

/** Unit vectors which lie in the span of the first `rank` axes, up to a little noise. */
function nearlyFlat(rows: number, cols: number, rank: number): Matrix {
  const m = gaussian(rows, cols, 1);
  m.data.forEach((x, i) => {
    if (i % cols >= rank) m.data[i] = x * 1e-3;
  });
  return normalizeRows(m);
}

describe('fitProjection', () => {
  it('keeps inner products of vectors that lie in few dimensions', async () => {
    const vectors = nearlyFlat(500, 32, 6);
    const projection = await fitProjection(vectors, { d: 6 });
    expect(projection.keptVariance).toBeGreaterThan(0.9999);
    const small = await project(projection, vectors);
    for (let i = 1; i < 50; i++) {
      expect(dot(row(small, 0), row(small, i))).toBeCloseTo(dot(row(vectors, 0), row(vectors, i)), 3);
    }
  });

  it('has orthonormal rows with a positive largest entry', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(),
        async (dim, d, seed) => {
          const { components, keptVariance } = await fitProjection(gaussian(40, dim, seed), { d });
          expect(components.rows).toBe(Math.min(d, dim));
          expect(keptVariance).toBeGreaterThan(0);
          expect(keptVariance).toBeLessThanOrEqual(1);
          for (let i = 0; i < components.rows; i++) {
            for (let j = 0; j <= i; j++) {
              expect(dot(row(components, i), row(components, j))).toBeCloseTo(i === j ? 1 : 0, 5);
            }
            const entries = [...row(components, i)];
            expect(entries).toContain(Math.max(...entries.map(Math.abs)));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('reports the share of squared length that is kept', async () => {
    const vectors = normalizeRows(gaussian(300, 16, 3));
    const { components, keptVariance } = await fitProjection(vectors, { d: 5 });
    let kept = 0;
    for (let i = 0; i < vectors.rows; i++) {
      for (let j = 0; j < 5; j++) kept += dot(row(vectors, i), row(components, j)) ** 2;
    }
    expect(keptVariance).toBeCloseTo(kept / vectors.rows, 5);
  });

  it('takes several matrices together, in chunks', async () => {
    const all = gaussian(20_000, 8, 4);
    const whole = await fitProjection(all, { d: 3 });
    const parts = await fitProjection([rowRange(all, 0, 5), rowRange(all, 5, 20_000)], { d: 3 });
    expect(parts.keptVariance).toBeCloseTo(whole.keptVariance, 6);
    parts.components.data.forEach((x, i) => {
      expect(x).toBeCloseTo(whole.components.data[i], 3);
    });
  });

  it('is the identity when nothing has to be dropped', async () => {
    const vectors = normalizeRows(gaussian(10, 4, 5));
    const projection = await fitProjection(vectors, { d: 128 });
    expect(projection.keptVariance).toBe(1);
    const same = await project(projection, vectors);
    same.data.forEach((x, i) => {
      expect(x).toBeCloseTo(vectors.data[i], 6);
    });
  });

  it('refuses bad input', async () => {
    await expect(fitProjection(matrix(0, 4))).rejects.toThrow(InputError);
    await expect(fitProjection([])).rejects.toThrow(InputError);
    await expect(fitProjection(gaussian(3, 4, 6), { d: 0 })).rejects.toThrow(/field "d"/);
    await expect(fitProjection([gaussian(3, 4, 6), gaussian(3, 5, 6)])).rejects.toThrow(/differ in length/);
    const broken = gaussian(3, 4, 6);
    broken.data[5] = Number.NaN;
    await expect(fitProjection(broken, { d: 2 })).rejects.toThrow(/not finite/);
  });
});

describe('project', () => {
  it('gives a row the same bits alone and among others, and unit length', async () => {
    const vectors = gaussian(100, 24, 7);
    const projection = await fitProjection(vectors, { d: 7 });
    const together = await project(projection, vectors);
    for (const i of [0, 13, 99]) {
      const alone = await project(projection, rowRange(vectors, i, i + 1));
      expect(row(alone, 0)).toEqual(row(together, i));
      expect(dot(row(alone, 0), row(alone, 0))).toBeCloseTo(1, 6);
    }
  });
});

describe('ProjectedEncoder', () => {
  const encoder: Encoder = { id: 'inner', dim: 16, encode: async (texts) => gaussian(texts.length, 16, 8) };

  it('projects what the inner encoder makes', async () => {
    const projection = await fitProjection(gaussian(50, 16, 9), { d: 4 });
    const projected = await ProjectedEncoder.create(encoder, projection);
    expect([projected.id, projected.dim]).toEqual(['inner/projected-4', 4]);
    const expected = await project(projection, gaussian(2, 16, 8));
    expect(await projected.encode(['a', 'b'])).toEqual(expected);
  });

  it('refuses a projection of another length', async () => {
    const projection = await fitProjection(gaussian(50, 8, 9), { d: 4 });
    await expect(ProjectedEncoder.create(encoder, projection)).rejects.toThrow(InputError);
  });
});
