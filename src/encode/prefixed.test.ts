import { expect, it } from 'vitest';
import { letterEncoder } from '../policy/testing/world.js';
import { CachedEncoder } from './cached.js';
import { type Encoder, encodeItems } from './encoder.js';
import { PrefixedEncoder } from './prefixed.js';

const encoder = new PrefixedEncoder(letterEncoder, { query: 'query: ', item: 'passage: ' });

it('writes one before queries and another before items', async () => {
  expect(await encoder.encode(['tent'])).toEqual(await letterEncoder.encode(['query: tent']));
  expect(await encodeItems(encoder, [{ text: 'tent' }])).toEqual(
    await letterEncoder.encode(['passage: tent']),
  );
});

it('is another encoder with other prefixes', () => {
  const ids = [{}, { query: 'a' }, { item: 'a' }, { query: 'a', item: 'b' }].map(
    (prefix) => new PrefixedEncoder(letterEncoder, prefix).id,
  );
  expect(new Set(ids).size).toBe(4);
});

it('is told apart behind a cache', async () => {
  const cached = new CachedEncoder(encoder);
  await cached.encode(['tent']);
  expect(await encodeItems(cached, [{ text: 'tent' }])).toEqual(
    await encodeItems(encoder, [{ text: 'tent' }]),
  );
});

it('counts the prefixes into the cost', async () => {
  const costly: Encoder = {
    ...letterEncoder,
    cost: async ({ queries, items }) => JSON.stringify([queries, items]),
  };
  const prefixed = new PrefixedEncoder(costly, { item: 'p: ' });
  expect(await prefixed.cost({ queries: ['a'], items: [{ text: 'b' }] })).toBe('[["a","p: b"],[]]');
});
