import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReportData } from '../results.js';
import { extremes, queryGains } from './gains.js';
import { sampleReport } from './testing/sampleReport.js';

/** One query a pair: its alpha-nDCG by plain search and by diffusion. */
function dataOf(pairs: readonly (readonly [number, number])[]): ReportData {
  return {
    ...sampleReport(),
    queries: pairs.map(([plain, diffusion], i) => ({
      query: `q${i}`,
      sets: {
        plain: { items: [], metrics: { alphaNdcgAtK: plain } },
        diffusion: { items: [], metrics: { alphaNdcgAtK: diffusion } },
      },
    })),
  };
}

describe('queryGains', () => {
  it('compares the chosen method with plain search on the main metric', () => {
    const found = queryGains(
      dataOf([
        [0.5, 0.5],
        [0.2, 0.9],
        [0.7, 0.1],
      ]),
    );
    expect(found).toMatchObject({ metric: 'alphaNdcgAtK', before: 'plain', after: 'diffusion' });
    expect(found?.gains.map(({ index }) => index)).toEqual([1, 0, 2]);
    expect(found?.gains[0]).toMatchObject({ query: 'q1', before: 0.2, after: 0.9 });
  });

  it('compares the better of the compiled methods where plain search, or none, was chosen', () => {
    const { results, queries } = sampleReport();
    const { folm, diffusion } = results.methods;
    const comparedTo = (changes: Partial<typeof results>) =>
      queryGains({ results: { ...results, ...changes }, queries })?.after;
    expect(comparedTo({ chosen: 'vote' })).toBe('vote');
    for (const chosen of ['plain', undefined] as const) {
      expect(comparedTo({ chosen })).toBe('diffusion');
      const better = { ...folm!, validation: diffusion!.validation! + 0.1 };
      expect(comparedTo({ chosen, methods: { ...results.methods, folm: better } })).toBe('folm');
      expect(comparedTo({ chosen, methods: { plain: results.methods.plain, folm } })).toBe('folm');
      expect(comparedTo({ chosen, methods: { plain: results.methods.plain } })).toBeUndefined();
    }
  });

  it('is absent without labels, and where no query has both methods', () => {
    expect(queryGains(sampleReport({ labelled: false }))).toBeUndefined();
    const data = dataOf([[0.1, 0.4]]);
    const [{ sets, ...query }] = data.queries;
    expect(queryGains({ ...data, queries: [{ ...query, sets: { plain: sets.plain } }] })).toBeUndefined();
  });

  it('never has one query among the best and the worst', () => {
    const value = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 12 }), (pairs) => {
        const { best, worst } = extremes(queryGains(dataOf(pairs))!, 5);
        expect(new Set([...best, ...worst]).size).toBe(best.length + worst.length);
        for (const { gain } of best) expect(gain).toBeGreaterThan(0);
        for (const { gain } of worst) expect(gain).toBeLessThan(0);
        expect(worst.map(({ gain }) => gain)).toEqual(worst.map(({ gain }) => gain).sort((a, b) => a - b));
      }),
    );
  });
});
