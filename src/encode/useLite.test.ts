import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { dot, row } from '../matrix.js';
import type { Progress } from '../progress.js';
import { UseLiteEncoder } from './useLite.js';

// Made by `@energetic-ai/embeddings` 0.2 (TensorFlow.js, Wasm): `model.embed([text])` and `model.tokenizer.encode(text)`
// of each text; the empty text in a batch with another, since the original rejects it alone. Rounded to 6 digits.
const fixture: { text: string; ids: number[]; vector: number[] }[] = JSON.parse(
  readFileSync(new URL('./fixtures/use-lite.json', import.meta.url), 'utf8'),
);
/** The original does not lower-case, nor does it touch white space: only such texts are the same input to both. */
const same = fixture.filter(({ text }) => text === text.toLowerCase() && !/^\s|\s$|\s\s|[\t\n]/.test(text));

let encoder: UseLiteEncoder;
beforeAll(async () => {
  encoder = await UseLiteEncoder.load({ threads: 2 });
});

describe('UseLiteEncoder', () => {
  it('agrees with the original on vectors', async () => {
    expect(same.length).toBeGreaterThanOrEqual(20);
    const vectors = await encoder.encode(same.map(({ text }) => text));
    same.forEach(({ text, vector }, i) => {
      const cosine = dot(row(vectors, i), vector) / Math.sqrt(dot(vector, vector));
      expect(cosine, text).toBeGreaterThan(1 - 1e-6);
    });
  });

  it('returns unit rows of the stated length', async () => {
    const texts = ['Camping Gear', '', 'x'.repeat(5000), 'tent '.repeat(400)];
    const vectors = await encoder.encode(texts);
    expect([vectors.rows, vectors.cols]).toEqual([texts.length, encoder.dim]);
    for (let i = 0; i < texts.length; i++) {
      expect(dot(row(vectors, i), row(vectors, i))).toBeCloseTo(1, 5);
    }
  });

  it('ignores case and white space', async () => {
    const { data } = await encoder.encode(['Camping  GEAR\n', 'camping gear']);
    expect(data.slice(0, 512)).toEqual(data.slice(512));
  });

  it('gives a text the same bits alone and in any batch', async () => {
    const words = ['tent', 'wool', 'jacket', 'warm', 'red', 'boots', 'lamp', 'desk', 'oak', '7', '-'];
    const text = fc.array(fc.constantFrom(...words), { maxLength: 20 }).map((w) => w.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 40 }), fc.nat(), async (texts, pick) => {
        const i = pick % texts.length;
        const [alone, together] = [await encoder.encode([texts[i]]), await encoder.encode(texts)];
        expect(row(alone, 0)).toEqual(row(together, i));
      }),
      { numRuns: 30 },
    );
  });

  it('handles no texts at all', async () => {
    expect((await encoder.encode([])).rows).toBe(0);
  });

  it('reports progress up to the end and stops when aborted', async () => {
    const reports: Progress[] = [];
    await encoder.encode(new Array(5000).fill('tent'), { onProgress: (p) => reports.push(p) });
    expect(reports.map((p) => p.done)).toEqual([4096, 5000]);
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(encoder.encode(['tent'], { signal: stop.signal })).rejects.toThrow('stopped');
  });
});
