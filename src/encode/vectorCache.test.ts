import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { matrix } from '../matrix.js';
import { VectorCache } from './vectorCache.js';

const temp = tempFolder();
let folders = 0;
const fresh = () => temp.path(`cache-${folders++}`);
const filesOf = (folder: string, end: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(end))
    .map((name) => `${folder}/${name}`);

it('keeps every vector of every text, over processes', async () => {
  const lists = fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(lists, fc.nat(12), async (texts, at) => {
      const folder = fresh();
      const vectors = matrix(texts.length, 3);
      vectors.data.forEach((_, i) => {
        vectors.data[i] = Math.fround(Math.sin(i));
      });
      const part = (from: number, to?: number) => {
        const some = texts.slice(from, to);
        return {
          texts: some,
          vectors: matrix(some.length, 3, vectors.data.slice(3 * from, 3 * (from + some.length))),
        };
      };
      const first = await VectorCache.open('model', 3, { folder });
      const [before, after] = [part(0, at), part(at)];
      await first.add(before.texts, before.vectors);
      const second = await VectorCache.open('model', 3, { folder });
      await Promise.all([second.add(after.texts, after.vectors), second.add([], matrix(0, 3))]);
      const third = await VectorCache.open('model', 3, { folder });
      expect(await second.get(texts)).toEqual(vectors);
      expect(await third.get(texts)).toEqual(vectors);
      expect(first.has('not there, surely')).toBe(false);
    }),
    { numRuns: 25 },
  );
});

it('passes over what a crash has torn', async () => {
  const folder = fresh();
  const cache = await VectorCache.open('model', 2, { folder });
  await cache.add(['a', 'b'], matrix(2, 2, Float32Array.of(1, 2, 3, 4)));
  const [entries] = filesOf(folder, '.entries');
  const [vectors] = filesOf(folder, '.vectors');
  appendFileSync(entries, 'half an entry');
  const half = await VectorCache.open('model', 2, { folder });
  expect(half.has('b')).toBe(true);
  truncateSync(vectors, 12);
  const torn = await VectorCache.open('model', 2, { folder });
  expect([torn.has('a'), torn.has('b')]).toEqual([true, false]);
  // The next writer does not go on in the torn file.
  const size = readFileSync(vectors).length;
  await torn.add(['b'], matrix(1, 2, Float32Array.of(3, 4)));
  expect(readFileSync(vectors)).toHaveLength(size);
  expect((await torn.get(['b', 'a'])).data).toEqual(Float32Array.of(3, 4, 1, 2));
});

it('gives no vector that is not what was kept', async () => {
  const folder = fresh();
  const cache = await VectorCache.open('model', 2, { folder });
  await cache.add(['a', 'b'], matrix(2, 2, Float32Array.of(1, 2, 3, 4)));
  const [vectors] = filesOf(folder, '.vectors');
  const bytes = readFileSync(vectors);
  writeFileSync(vectors, bytes.with(9, bytes[9] ^ 1));
  const again = await VectorCache.open('model', 2, { folder });
  expect((await again.get(['a'])).data).toEqual(Float32Array.of(1, 2));
  await expect(again.get(['a', 'b'])).rejects.toThrow(
    `${vectors}: holds other bytes than were written (SHA-256); delete it, and its texts are encoded again`,
  );
});

it('keeps models and lengths apart', async () => {
  const folder = fresh();
  const cache = await VectorCache.open('model', 2, { folder });
  await cache.add(['a'], matrix(1, 2));
  expect((await VectorCache.open('another', 2, { folder })).has('a')).toBe(false);
  expect((await VectorCache.open('model', 3, { folder })).has('a')).toBe(false);
  expect(await VectorCache.dimOf(folder, 'model')).toBe(2);
  expect(await VectorCache.dimOf(folder, 'another')).toBeUndefined();
});

it('writes nothing where it may only read', async () => {
  const folder = fresh();
  const cache = await VectorCache.open('model', 2, { folder, write: false });
  await cache.add(['a'], matrix(1, 2));
  expect(cache.has('a')).toBe(false);
  expect(await VectorCache.dimOf(folder, 'model')).toBeUndefined();
});
