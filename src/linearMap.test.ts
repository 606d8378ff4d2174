import { afterAll, describe, expect, it } from 'vitest';
import { compiledMap } from './compiledMap.js';
import { plainMap } from './linearMap.js';
import { matrix } from './matrix.js';
import { CounterRandom } from './random.js';

const random = (rows: number, cols: number, seed: number) =>
  matrix(rows, cols, new CounterRandom(seed, 'map').fillNormal(new Float32Array(rows * cols)));

const weights = random(5, 7, 1);
const compiled = await compiledMap(weights, { threads: 1 });
afterAll(() => compiled.release?.());

describe.each([
  ['compiled', compiled],
  ['plain', plainMap(weights)],
])('a %s map', (_, map) => {
  it.each([1, 4])('multiplies %s vectors with every row', async (n) => {
    const x = random(n, 7, 2);
    const products = await map.apply(x);
    expect([products.rows, products.cols]).toEqual([n, 5]);
    for (let i = 0; i < n; i++)
      for (let r = 0; r < 5; r++) {
        let sum = 0;
        for (let j = 0; j < 7; j++) sum += x.data[i * 7 + j] * weights.data[r * 7 + j];
        expect(products.data[i * 5 + r]).toBeCloseTo(sum, 5);
      }
  });

  it('has nothing to say of no vectors', async () => {
    expect(await map.apply(matrix(0, 7))).toMatchObject({ rows: 0, cols: 5 });
  });
});

it('is freed once, however often one asks', async () => {
  const map = await compiledMap(weights, { threads: 1 });
  await map.release?.();
  await expect(map.release?.()).resolves.toBeUndefined();
});
