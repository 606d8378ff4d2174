import { expect, test } from 'vitest';
import { type Matrix, matrix, rowRange } from '../matrix.js';
import { SetNoise } from './setNoise.js';
import { unitRows } from './testing/models.js';

const SIZE = 20;
const conditions = unitRows(3, 4, 1);

/** Noise of every set, two drawn for a query. */
function noiseOf(
  of: Matrix,
  options: { seed?: number; stream?: (query: number) => string } = {},
): Float32Array[] {
  const noise = new SetNoise({ conditions: of, candidates: 2, seed: 1, ...options });
  const out = new Float32Array(of.rows * 2 * SIZE);
  noise.fillNormal(out);
  return Array.from({ length: of.rows * 2 }, (_, i) => out.slice(i * SIZE, (i + 1) * SIZE));
}

test('every set has noise of its own', () => {
  expect(new Set(noiseOf(conditions).map((set) => set.join())).size).toBe(6);
});

test('a query has the same noise in any batch, by its vector or by its name', () => {
  expect(noiseOf(rowRange(conditions, 1, 2))).toEqual(noiseOf(conditions).slice(2, 4));
  const names = ['a', 'b', 'c'];
  const all = noiseOf(conditions, { stream: (query) => names[query] });
  expect(noiseOf(rowRange(conditions, 2, 3), { stream: () => 'c' })).toEqual(all.slice(4, 6));
});

test('the name alone counts where there is one, and the seed', () => {
  const stream = () => 'a';
  const one = noiseOf(rowRange(conditions, 0, 1), { stream });
  expect(noiseOf(rowRange(conditions, 1, 2), { stream })).toEqual(one);
  expect(noiseOf(rowRange(conditions, 0, 1), { stream, seed: 2 })).not.toEqual(one);
});

test('a zero is a zero, whatever its sign', () => {
  const signed = (zero: number) => matrix(1, 2, Float32Array.of(zero, 1));
  expect(noiseOf(signed(-0))).toEqual(noiseOf(signed(0)));
});

test('goes on where it stopped, scaled as asked', () => {
  const two = new SetNoise({ conditions, candidates: 1, seed: 1 });
  const [first, second, again] = [0, 1, 2].map(() => new Float32Array(3 * SIZE));
  two.fillNormal(first);
  two.fillNormal(second, 0.5);
  expect(second).not.toEqual(first.map((x) => x / 2));
  new SetNoise({ conditions, candidates: 1, seed: 1 }).fillNormal(again, 0.5);
  expect(again).toEqual(first.map((x) => x / 2));
});
