import { describe, expect, it } from 'vitest';
import { matrix, row } from '../matrix.js';
import type { Encoder } from './encoder.js';
import { GroundedEncoder } from './groundedEncoder.js';

/** Every text as the direction of [its number of words, its length]. */
const encoder: Encoder = {
  id: 'shape',
  dim: 2,
  async encode(texts) {
    return matrix(texts.length, 2, Float32Array.from(texts.flatMap(directionOf)));
  },
};
const unit = (x: number, y: number) => [x / Math.hypot(x, y), y / Math.hypot(x, y)];
const directionOf = (text: string) => unit(text.split(' ').length, text.length);

const TEXTS = ['red lamp', 'red boot', 'tent', 'the red paper lamp'];
const items = TEXTS.map((text, i) => ({ id: String(i), text, title: text, metadata: {} }));
const vectors = matrix(4, 2, Float32Array.of(1, 0, 0, 1, -1, 0, 0.6, 0.8));
const grounded = new GroundedEncoder(encoder, { items, vectors });

const expected = (text: string, mean?: readonly number[]) => {
  const [a, b] = directionOf(text);
  return mean ? unit(a + mean[0], b + mean[1]) : [a, b];
};

describe('GroundedEncoder', () => {
  it.each([
    ['tent tent', [-1, 0]],
    ['red', unit(1 + 0 + 0.6, 0 + 1 + 0.8)],
    ['lamp in red', unit(1 + 0.6, 0 + 0.8)],
    ['red boot red', [0, 1]],
    ['red tent', undefined],
    ['blue', undefined],
    ['the', undefined],
  ])('adds to %j the mean of the items that have all its words', async (text, mean) => {
    const found = row(await grounded.encode([text]), 0);
    const wanted = expected(text, mean);
    wanted.forEach((x, j) => {
      expect(found[j]).toBeCloseTo(x, 6);
    });
  });

  it('treats texts of a batch one by one, and leaves the inner vectors alone', async () => {
    const both = await grounded.encode(['red', 'tent']);
    expect(row(both, 1)).toEqual(row(await grounded.encode(['tent']), 0));
    expect((await grounded.encode([])).rows).toBe(0);
    expect(row(await encoder.encode(['tent']), 0)[0]).toBeCloseTo(directionOf('tent')[0], 6);
  });

  it('looks at items from all over the catalog where many have the words', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({ ...items[0], id: `m${i}` }));
    const half = matrix(1000, 2);
    for (let i = 0; i < 1000; i++) row(half, i).set(i < 500 ? [1, 0] : [0, 1]);
    const wide = new GroundedEncoder(encoder, { items: many, vectors: half });
    const [x, y] = row(await wide.encode(['lamp']), 0);
    const [a, b] = expected('lamp', unit(1, 1));
    expect(x).toBeCloseTo(a, 5);
    expect(y).toBeCloseTo(b, 5);
  });
});
