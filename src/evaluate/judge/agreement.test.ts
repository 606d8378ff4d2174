import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Agreement, agreement } from './agreement.js';

interface Case extends Omit<Agreement, 'n'> {
  readonly a: readonly number[];
  readonly b: readonly number[];
}
/** From scikit-learn, SciPy and krippendorff: fixtures/agreement.py. */
const cases: Case[] = JSON.parse(readFileSync(new URL('fixtures/agreement.json', import.meta.url), 'utf8'));

const pairs = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })), {
  minLength: 2,
  maxLength: 30,
});
const unzip = (scores: readonly (readonly [number, number])[]) =>
  [scores.map(([a]) => a), scores.map(([, b]) => b)] as const;
const varied = (scores: readonly number[]) => new Set(scores).size > 1;

describe('agreement', () => {
  it.each(cases)('is what other implementations find: case %#', ({ a, b, exact, kappa, spearman, alpha }) => {
    const result = agreement(a, b);
    expect(result.n).toBe(a.length);
    expect(result.exact).toBeCloseTo(exact, 12);
    expect(result.kappa).toBeCloseTo(kappa, 10);
    expect(result.spearman).toBeCloseTo(spearman, 10);
    expect(result.alpha).toBeCloseTo(alpha, 10);
  });

  it('is 1 for the same scores and never above', () => {
    fc.assert(
      fc.property(pairs, (scores) => {
        const [a, b] = unzip(scores);
        fc.pre(varied(a) && varied(b));
        const { exact, kappa, spearman, alpha } = agreement(a, a);
        for (const figure of [exact, kappa, spearman, alpha]) expect(figure).toBeCloseTo(1, 10);
        for (const figure of Object.values({ ...agreement(a, b), n: 1 })) {
          expect(figure).toBeLessThan(1 + 1e-10);
        }
      }),
    );
  });

  it('does not depend on who is called first, nor on the order of the things rated', () => {
    fc.assert(
      fc.property(pairs, fc.nat(), (scores, turn) => {
        const [a, b] = unzip(scores);
        fc.pre(varied(a) && varied(b));
        const k = turn % scores.length;
        const [c, d] = unzip([...scores.slice(k), ...scores.slice(0, k)]);
        const forwards = agreement(a, b);
        for (const other of [agreement(b, a), agreement(c, d)]) {
          for (const [name, figure] of Object.entries(forwards)) {
            expect(other[name as keyof Agreement]).toBeCloseTo(figure, 10);
          }
        }
      }),
    );
  });

  it('has no number where nobody makes a difference', () => {
    expect(agreement([4, 4], [4, 4])).toEqual({ n: 2, exact: 1, kappa: NaN, spearman: NaN, alpha: NaN });
    expect(agreement([4, 4], [4, 5]).spearman).toBeNaN();
  });

  it('refuses scores which do not pair', () => {
    expect(() => agreement([1, 2], [1])).toThrow('cannot pair 2 scores with 1');
    expect(() => agreement([], [])).toThrow(RangeError);
  });
});
