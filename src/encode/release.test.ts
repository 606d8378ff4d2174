import { expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { CachedEncoder } from './cached.js';
import type { Encoder } from './encoder.js';
import { GroundedEncoder } from './groundedEncoder.js';
import { PrecomputedEncoder } from './precomputed.js';
import { ProjectedEncoder } from './projectedEncoder.js';

const unit = matrix(1, 2, Float32Array.of(1, 0));
const projection = { components: unit, keptVariance: 1 };

const wrappers: Record<string, (inner: Encoder) => Encoder | Promise<Encoder>> = {
  CachedEncoder: (inner) => new CachedEncoder(inner),
  GroundedEncoder: (inner) => new GroundedEncoder(inner, { items: [], vectors: matrix(0, 2) }),
  PrecomputedEncoder: (inner) => new PrecomputedEncoder({ id: 'catalog', dim: 2, queryEncoder: inner }),
};

it.each(Object.keys(wrappers))('%s frees the encoder inside, where that can be freed', async (name) => {
  let freed = 0;
  const plain: Encoder = { id: 'inner', dim: 2, encode: async (texts) => matrix(texts.length, 2) };
  const native: Encoder = {
    ...plain,
    release: async () => {
      freed++;
    },
  };
  await (await wrappers[name](native)).release?.();
  expect(freed).toBe(1);
  await (await wrappers[name](plain)).release?.();
});

it('a projection that was freed projects no more, and leaves the encoder inside to whoever made it', async () => {
  const inner: Encoder = {
    id: 'inner',
    dim: 2,
    encode: async () => unit,
    release: () => Promise.reject(new Error('freed by the wrong one')),
  };
  const encoder = await ProjectedEncoder.create(inner, projection);
  await encoder.release();
  await encoder.release();
  await expect(encoder.encode(['a'])).rejects.toThrow();
});
