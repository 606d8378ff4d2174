import { describe, expect, it } from 'vitest';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { letterEncoder } from '../policy/testing/world.js';
import { CounterRandom } from '../random.js';
import type { CatalogEncoder, Encoder } from './encoder.js';
import { SideBySideEncoder } from './sideBySide.js';
import { fitSpace, restoreSpace } from './space.js';

const cosine = (m: Matrix, i: number, j: number): number => dot(row(m, i), row(m, j));

/** Unit vectors of a text's hash, around `shared` times the first axis. */
const hashed = (dim: number, shared: number): Encoder => ({
  id: `hashed-${dim}`,
  dim,
  async encode(texts) {
    const out = matrix(texts.length, dim);
    texts.forEach((text, i) => {
      new CounterRandom(0, 'test/hashed', text).fillNormal(row(out, i));
      row(out, i)[0] += shared;
    });
    return normalizeRows(out);
  },
});

/** Doubles the weight of texts that the catalog has. */
const fittedPart: CatalogEncoder = {
  id: 'fitted',
  async fitTo(texts) {
    const state = { texts: [...texts] };
    return { encoder: this.restore(state), state };
  },
  restore(state) {
    const { texts } = state as { texts: string[] };
    return { ...letterEncoder, id: 'fitted', knows: (text) => texts.includes(text) };
  },
};

const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
const queries = ['one', 'two', 'three'];

describe('encoders side by side', () => {
  it('have the mean of the cosines that each has without its common directions', async () => {
    const [a, b] = [hashed(8, 3), hashed(12, 0)];
    const common = matrix(1, 8);
    common.data[0] = 1;
    const parts = [
      { encoder: a, common },
      { encoder: b, common: matrix(0, 12) },
    ];
    const both = new SideBySideEncoder(parts);
    const [joint, first, second] = await Promise.all(
      [both, new SideBySideEncoder([parts[0]]), b].map((encoder) => encoder.encode(texts)),
    );
    expect([both.dim, both.id]).toEqual([20, 'hashed-8+hashed-12']);
    for (let i = 1; i < texts.length; i++) {
      expect(row(first, i)[0]).toBeCloseTo(0, 6);
      expect(cosine(joint, 0, i)).toBeCloseTo((cosine(first, 0, i) + cosine(second, 0, i)) / 2, 5);
    }
  });

  it('refuse directions of another length', () => {
    expect(() => new SideBySideEncoder([{ encoder: hashed(8, 0), common: matrix(1, 9) }])).toThrow(
      'fitted to vectors of length 9, hashed-8 makes 8',
    );
  });
});

const items = texts.map((text) => ({ text }));

describe('a fitted space', () => {
  const encoder = { id: 'both', parts: [hashed(8, 3), fittedPart] };

  it('leaves out what all texts of a plain encoder share, and nothing of a fitted one', async () => {
    const { space, sample } = await fitSpace({ encoder, items, queries, d: 10 });
    expect(space.parts.map(({ common }) => common.rows)).toEqual([2, 0]);
    expect(space.parts.map(({ state }) => state)).toEqual([undefined, { texts }]);
    expect(space.projection.components.rows).toBe(10);
    let mean = 0;
    for (let i = 0; i < sample.rows; i++)
      mean += dot(row(sample, i).subarray(0, 8), space.parts[0].common.data.subarray(0, 8));
    expect(mean / sample.rows).toBeCloseTo(0, 5);
  });

  it('encodes the same to the bit once it is restored', async () => {
    const fitted = await fitSpace({ encoder, items, queries, d: 10 });
    const restored = restoreSpace(encoder, structuredClone(fitted.space));
    expect(await restored.encode(['new', ...texts])).toEqual(await fitted.encoder.encode(['new', ...texts]));
    expect([restored.knows?.('text 3'), restored.knows?.('text 99')]).toEqual([true, false]);
    expect(() => restoreSpace(hashed(8, 3), fitted.space)).toThrow('has 2 parts, the encoder "hashed-8" 1');
  });

  it("of the catalog's own vectors treats them as an encoder's", async () => {
    const own = hashed(8, 3);
    const options = { encoder: own, items, queries, d: 5 };
    const given = await fitSpace({ ...options, vectors: await own.encode(texts) });
    expect(given.sample).toEqual((await fitSpace(options)).sample);
    expect(given.encoder.knows).toBeUndefined();
  });
});
