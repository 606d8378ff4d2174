import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, matrix, normalizeRows, row } from '../matrix.js';
import { towardsQueries } from './towardsQueries.js';

/** "a" points east, anything else north. */
const subQueryEncoder = {
  encode: async (texts: readonly string[]) =>
    matrix(texts.length, 2, Float32Array.from(texts.flatMap((text) => (text === 'a' ? [1, 0] : [0, 1])))),
};
const directions = matrix(4, 2, Float32Array.of(0, 1, -0.6, 0.8, 1, 0, 0.8, -0.6));
const texts = ['a', 'b'];

describe('towardsQueries', () => {
  it('mixes every direction with its own query', async () => {
    const mixed = await towardsQueries(directions, texts, { perQuery: 2, subQueryEncoder, queryShare: 0.25 });
    const expected = [
      [0.25, 0.75],
      [0.25 - 0.45, 0.6],
      [0.75, 0.25],
      [0.6, 0.25 - 0.45],
    ];
    expected.forEach(([x, y], i) => {
      expect(row(mixed, i)[0]).toBeCloseTo(x / Math.hypot(x, y), 6);
      expect(row(mixed, i)[1]).toBeCloseTo(y / Math.hypot(x, y), 6);
    });
  });

  it('changes nothing, and encodes nothing, where the share is 0', async () => {
    const never = { encode: () => Promise.reject(new Error('encoded')) };
    const options = { perQuery: 2, subQueryEncoder: never, queryShare: 0 };
    expect(await towardsQueries(directions, texts, options)).toBe(directions);
  });

  it('gives unit rows, never further from the query', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }),
        fc.double({ min: 0.01, max: 0.49, noNaN: true }),
        async (values, queryShare) => {
          const given = matrix(4, 2, Float32Array.from(values));
          given.data.forEach((x, i) => {
            given.data[i] = Math.abs(x) < 1e-3 ? 0.5 : x;
          });
          normalizeRows(given);
          const mixed = await towardsQueries(given, texts, { perQuery: 2, subQueryEncoder, queryShare });
          const queries = await subQueryEncoder.encode(texts);
          for (let i = 0; i < 4; i++) {
            const query = row(queries, Math.floor(i / 2));
            expect(dot(row(mixed, i), row(mixed, i))).toBeCloseTo(1, 5);
            expect(dot(row(mixed, i), query)).toBeGreaterThanOrEqual(dot(row(given, i), query) - 1e-6);
          }
        },
      ),
    );
  });
});
