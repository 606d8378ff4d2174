import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, matrix, row } from '../matrix.js';
import { CachedEncoder } from './cached.js';
import type { Encoder } from './encoder.js';

/** Encodes a text as [its length, its first character], and keeps a record of what it was asked. */
class Recorder implements Encoder {
  readonly id = 'recorder';
  readonly dim = 2;
  readonly calls: (readonly string[])[] = [];

  async encode(texts: readonly string[]): Promise<Matrix> {
    this.calls.push(texts);
    return matrix(texts.length, 2, Float32Array.from(texts.flatMap((t) => [t.length, t.charCodeAt(0)])));
  }
}

describe('CachedEncoder', () => {
  it('encodes each distinct text once', async () => {
    const inner = new Recorder();
    const encoder = new CachedEncoder(inner);
    await encoder.encode(['a', 'bb', 'a']);
    await encoder.encode(['bb', 'ccc']);
    expect(inner.calls).toEqual([['a', 'bb'], ['ccc']]);
    expect([encoder.requests, encoder.hits, encoder.size]).toEqual([5, 2, 3]);
  });

  it('forgets everything when told to', async () => {
    const inner = new Recorder();
    const encoder = new CachedEncoder(inner);
    await encoder.encode(['a', 'bb']);
    encoder.clear();
    expect([...(await encoder.encode(['bb', 'a'])).data]).toEqual([2, 98, 1, 97]);
    expect(inner.calls).toHaveLength(2);
  });

  it('forgets the least recently used text', async () => {
    const inner = new Recorder();
    const encoder = new CachedEncoder(inner, { capacity: 2 });
    await encoder.encode(['a', 'b']);
    await encoder.encode(['a']);
    await encoder.encode(['c']); // forgets b
    await encoder.encode(['a', 'c']);
    await encoder.encode(['b']);
    expect(inner.calls).toEqual([['a', 'b'], ['c'], ['b']]);
  });

  it('always answers as the inner encoder does, whatever the capacity', async () => {
    const text = fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'b', 'c', 'd') });
    const calls = fc.array(fc.array(text, { maxLength: 12 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), calls, async (capacity, batches) => {
        const encoder = new CachedEncoder(new Recorder(), { capacity });
        for (const texts of batches) {
          expect(await encoder.encode(texts)).toEqual(await new Recorder().encode(texts));
          expect(encoder.size).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });

  it('grows beyond its first allocation and serves concurrent calls', async () => {
    const encoder = new CachedEncoder(new Recorder());
    const texts = Array.from({ length: 3000 }, (_, i) => 'x'.repeat(i + 1));
    const [first, second] = await Promise.all([encoder.encode(texts), encoder.encode(texts)]);
    expect(first).toEqual(second);
    expect(encoder.size).toBe(3000);
    expect(row(await encoder.encode([texts[2500]]), 0)[0]).toBe(2501);
  });

  it('refuses a capacity that holds nothing', () => {
    expect(() => new CachedEncoder(new Recorder(), { capacity: 0 })).toThrow(RangeError);
  });
});
