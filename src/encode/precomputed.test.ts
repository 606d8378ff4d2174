import { expect, it } from 'vitest';
import { InputError } from '../errors.js';
import { type Matrix, matrix } from '../matrix.js';
import type { Encoder } from './encoder.js';
import { PrecomputedEncoder } from './precomputed.js';

const zeros: Encoder = {
  id: 'zeros',
  dim: 3,
  encode: async (texts): Promise<Matrix> => matrix(texts.length, 3),
};

it('refuses texts without a query encoder', async () => {
  const encoder = new PrecomputedEncoder({ id: 'mine', dim: 3 });
  await expect(encoder.encode(['tent'])).rejects.toThrow(InputError);
  await expect(encoder.encode(['tent'])).rejects.toThrow(/query encoder/);
});

it('hands texts to the query encoder', async () => {
  const encoder = new PrecomputedEncoder({ id: 'mine', dim: 3, queryEncoder: zeros });
  expect((await encoder.encode(['a', 'b'])).rows).toBe(2);
  expect(encoder.id).toBe('mine/zeros');
});

it('refuses a query encoder of another length', () => {
  expect(() => new PrecomputedEncoder({ id: 'mine', dim: 4, queryEncoder: zeros })).toThrow(InputError);
});
