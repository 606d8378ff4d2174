import { describe, expect, it } from 'vitest';
import { dot, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
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

const itemsOf = (texts: readonly string[]) =>
  texts.map((text, i) => ({ id: String(i), text, title: text, metadata: {} }));
const items = itemsOf(['red lamp', 'red boot', 'tent', 'the red paper lamp']);
const vectors = matrix(4, 2, Float32Array.of(1, 0, 0, 1, -1, 0, 0.6, 0.8));
const grounded = new GroundedEncoder(encoder, { items, vectors });

/** (S + 0.1 / 2 I)^-1 m by Cramer's rule, S = [[2.36, 0.48], [0.48, 1.64]] / 4. */
function probe(x: number, y: number) {
  const [a, b, d] = [2.36 / 4 + 0.05, 0.48 / 4, 1.64 / 4 + 0.05];
  return unit(d * x - b * y, a * y - b * x);
}

describe('GroundedEncoder', () => {
  it.each([
    ['tent tent', probe(-1, 0)],
    ['red', probe(1.6, 1.8)],
    ['lamp in red', probe(1.6, 0.8)],
    ['red boot red', probe(0, 1)],
    ['red tent', undefined],
    ['blue', undefined],
    ['the', undefined],
  ])('adds to %j three times the probe of the items that have all its words', async (text, words) => {
    const [x, y] = row(await grounded.encode([text]), 0);
    const [a, b] = directionOf(text);
    const wanted = words ? unit(a + 3 * words[0], b + 3 * words[1]) : [a, b];
    expect(x).toBeCloseTo(wanted[0], 5);
    expect(y).toBeCloseTo(wanted[1], 5);
  });

  it('treats texts of a batch one by one, and leaves the inner vectors alone', async () => {
    const both = await grounded.encode(['red', 'tent']);
    expect(row(both, 1)).toEqual(row(await grounded.encode(['tent']), 0));
    expect((await grounded.encode([])).rows).toBe(0);
    expect(row(await encoder.encode(['tent']), 0)[0]).toBeCloseTo(directionOf('tent')[0], 6);
  });

  it('finds the items with a word where their mean would find those that are like all others', async () => {
    // All items lie around one direction; the word is a small step to one side, drowned in larger ones to other sides.
    const random = new CounterRandom(1, 'test');
    const d = 8;
    const n = 400;
    const texts = Array.from({ length: n }, (_, i) => (i % 10 === 0 ? 'rare thing' : 'thing'));
    const cloud = matrix(n, d);
    for (let i = 0; i < n; i++) {
      const x = row(cloud, i);
      for (let j = 2; j < d; j++) x[j] = 3 * (random.uniform() - 0.5);
      x[0] = 2;
      x[1] = i % 10 === 0 ? 0.5 : 0;
    }
    normalizeRows(cloud);
    const flat: Encoder = { id: 'flat', dim: d, encode: async (list) => unitRows(list.length, d) };
    const direction = row(
      await new GroundedEncoder(flat, { items: itemsOf(texts), vectors: cloud }).encode(['rare']),
      0,
    );
    const best = Array.from(texts.keys())
      .sort((a, b) => dot(direction, row(cloud, b)) - dot(direction, row(cloud, a)))
      .slice(0, 40);
    expect(best.filter((i) => i % 10 === 0).length).toBeGreaterThan(30);
  });
});

/** Every row the direction (1, 0, ..., 0). */
function unitRows(rows: number, cols: number) {
  const all = matrix(rows, cols);
  for (let i = 0; i < rows; i++) all.data[i * cols] = 1;
  return all;
}
