import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORBIDDEN } from './format.js';
import { NearTexts } from './nearTexts.js';

const SIZE = 9;
const SEPARATOR = 0;
const allowed = (texts: NearTexts) => {
  const bias = new Float32Array(SIZE);
  texts.writeBias(bias);
  expect(bias.every((x) => x === 0 || x === Math.fround(FORBIDDEN))).toBe(true);
  return [...bias.keys()].filter((id) => bias[id] === 0);
};

describe('NearTexts', () => {
  it('follows the texts, each once', () => {
    const texts = new NearTexts([Int32Array.of(4, 5), Int32Array.of(4), Int32Array.of(6, 5)]);
    expect(allowed(texts)).toEqual([4, 6]);
    texts.write(4);
    expect(allowed(texts)).toEqual([SEPARATOR, 5]);
    texts.write(SEPARATOR);
    expect(allowed(texts)).toEqual([4, 6]);
    texts.write(4);
    expect(allowed(texts)).toEqual([5]);
  });

  it('writes only whole texts, and none twice before all are written', () => {
    const text = fc.array(fc.integer({ min: 4, max: SIZE - 1 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat()),
        (lists, choices) => {
          const follow = new NearTexts(lists.map((ids) => Int32Array.from(ids)));
          const different = new Set(lists.map(String));
          const written: string[] = [];
          let current: number[] = [];
          while (written.length < different.size + 1) {
            const options = allowed(follow);
            expect(options.length).toBeGreaterThan(0);
            const token = options[choices.next().value! % options.length];
            follow.write(token);
            if (token === SEPARATOR) {
              written.push(String(current));
              current = [];
            } else current.push(token);
          }
          expect(new Set(written.slice(0, -1))).toEqual(different);
        },
      ),
    );
  });
});
