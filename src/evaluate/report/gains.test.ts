import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReportData } from '../results.js';
import { extremes, queryGains } from './gains.js';
import { sampleReport } from './testing/sampleReport.js';

/** One query a pair: its recall by plain search and by diffusion. */
function dataOf(pairs: readonly (readonly [number, number])[]): ReportData {
  return {
    ...sampleReport(),
    queries: pairs.map(([plain, diffusion], i) => ({
      query: `q${i}`,
      sets: {
        plain: { items: [], metrics: { recallAtB: plain } },
        diffusion: { items: [], metrics: { recallAtB: diffusion } },
      },
    })),
  };
}

describe('queryGains', () => {
  it('compares diffusion with plain search on the recall', () => {
    const found = queryGains(
      dataOf([
        [0.5, 0.5],
        [0.2, 0.9],
        [0.7, 0.1],
      ]),
    );
    expect(found).toMatchObject({ metric: 'recallAtB', before: 'plain', after: 'diffusion' });
    expect(found?.gains.map(({ index }) => index)).toEqual([1, 0, 2]);
    expect(found?.gains[0]).toMatchObject({ query: 'q1', before: 0.2, after: 0.9 });
  });

  it('compares with the untrained policy where plain search has no directions', () => {
    expect(queryGains(sampleReport({ task: 'oar' }))).toMatchObject({
      metric: 'composite',
      before: 'untrained',
      after: 'diffusion',
    });
  });

  it('falls back to FOLM, and is absent where there is nothing to compare', () => {
    const [{ sets, ...query }] = dataOf([[0.1, 0.4]]).queries;
    const data = sampleReport();
    expect(
      queryGains({ ...data, queries: [{ ...query, sets: { plain: sets.plain, folm: sets.diffusion } }] }),
    ).toMatchObject({ after: 'folm' });
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
