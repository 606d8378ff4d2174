import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvaluationResults, MethodName, MethodResult } from '../../results.js';
import { sampleReport } from '../testing/sampleReport.js';
import { verdict } from './verdict.js';

type Methods = EvaluationResults['methods'];

/** A difference with an interval of 0.02 to each side, as sure as that makes it. */
const difference = (mean: number) => ({
  mean,
  low: mean - 0.02,
  high: mean + 0.02,
  pValue: Math.abs(mean) > 0.02 ? 0.0005 : 0.3,
});

/** Results with these means of alpha-nDCG@10 on the test queries. */
function resultsOf(
  means: Partial<Record<MethodName, number>>,
  { baseline = 'hybrid', ...changes }: Partial<EvaluationResults> & { baseline?: MethodName } = {},
): EvaluationResults {
  const names = Object.keys(means) as MethodName[];
  const methods: Methods = Object.fromEntries(
    names.map((name): [MethodName, MethodResult] => {
      const mean = means[name]!;
      const to = (rival: MethodName) => difference(mean - (means[rival] ?? 0));
      return [
        name,
        {
          metrics: { alphaNdcgAtK: { mean, low: mean - 0.01, high: mean + 0.01 } },
          perSeed: {},
          msPerQuery: 1,
          ...(name !== 'plain' && { againstPlain: to('plain') }),
          ...(name !== baseline && { againstBestBaseline: { ...to(baseline), baseline } }),
        },
      ];
    }),
  );
  const queries = { train: 500, valid: 60, test: 144 };
  return { ...sampleReport().results, k: 10, queries, labelled: 144, methods, chosen: undefined, ...changes };
}

describe('verdict', () => {
  it('says to use a compiled retriever that is clearly above the best baseline', () => {
    const results = resultsOf(
      { plain: 0.196, hybrid: 0.359, folm: 0.3, diffusion: 0.412 },
      { chosen: 'diffusion' },
    );
    expect(verdict(results)).toEqual([
      "Use r4t's Diffusion here: alpha-nDCG@10 0.412 on 144 test queries, 0.053 above Hybrid, the best baseline " +
        '(95% interval 0.033 to 0.073, p < 0.001), and 2.1 times plain search (0.196).',
      'FOLM reaches 0.300, 0.059 below Hybrid (95% interval 0.039 to 0.079, p < 0.001).',
    ]);
  });

  it('says so where the best baseline is plain search', () => {
    const results = resultsOf({ plain: 0.2, folm: 0.3 }, { chosen: 'folm', baseline: 'plain' });
    expect(verdict(results)).toEqual([
      "Use r4t's FOLM here: alpha-nDCG@10 0.300 on 144 test queries, 1.5 times plain search, the best baseline " +
        '(0.200; difference +0.100, 95% interval +0.080 to +0.120, p < 0.001).',
    ]);
  });

  it('says to use a baseline that was best', () => {
    const means = { plain: 0.07, vote: 0.31, folm: 0.3, diffusion: 0.12 };
    const results = resultsOf(means, {
      chosen: 'vote',
      baseline: 'vote',
      labelled: 80,
    });
    expect(verdict(results)).toEqual([
      'Do not use a compiled retriever here: Vote, a baseline that needs no compiling, was best on the validation queries; ' +
        'alpha-nDCG@10 0.310 on 80 of 144 test queries, 4.4 times plain search ' +
        '(0.070; difference +0.240, 95% interval +0.220 to +0.260, p < 0.001).',
      'FOLM reaches 0.300, not clearly different from Vote (difference −0.010, 95% interval −0.030 to +0.010, p = 0.300).',
      'Diffusion reaches 0.120, 0.190 below Vote (95% interval 0.170 to 0.210, p < 0.001).',
    ]);
    const { plain, vote } = results.methods;
    expect(verdict({ ...results, methods: { plain, vote } })[0]).toMatch(
      /^Use Vote here: it was best on the validation queries; /,
    );
  });

  it.each([
    ['not clearly above', 0.365],
    ['below', 0.2],
  ])('prefers the best baseline to a compiled method that is %s it', (_, diffusion) => {
    const [answer, told, ...more] = verdict(
      resultsOf({ plain: 0.196, hybrid: 0.359, diffusion }, { chosen: 'diffusion' }),
    );
    expect(answer).toMatch(
      /^Do not use a compiled retriever here: Hybrid, .* was the best baseline on the valid/,
    );
    expect(told).toMatch(
      /^Diffusion, best on the validation queries, reaches 0\.\d+, (not clearly|0\.159 below Hybrid)/,
    );
    expect(more).toEqual([]);
  });

  it('says that plain search is enough where nothing is clearly above it', () => {
    expect(verdict(resultsOf({ plain: 0.4, hybrid: 0.41, diffusion: 0.3 }, { chosen: 'hybrid' }))).toEqual([
      'Plain search is enough here: alpha-nDCG@10 0.400 on 144 test queries. Hybrid was best on the validation queries, ' +
        'but not clearly different from plain search (difference +0.010, 95% interval −0.010 to +0.030, p = 0.300) on the test queries.',
      'Diffusion reaches 0.300, 0.100 below plain search (95% interval 0.080 to 0.120, p < 0.001).',
    ]);
    expect(verdict(resultsOf({ plain: 0.4, mmr: 0.3 }, { chosen: 'plain', baseline: 'plain' }))).toEqual([
      'Plain search is enough here: it was best on the validation queries; alpha-nDCG@10 0.400 on 144 test queries.',
    ]);
  });

  it('does not take an interval for clear that the test is not', () => {
    const results = resultsOf({ plain: 0.2, vote: 0.3 }, { chosen: 'vote', baseline: 'vote' });
    const vote = results.methods.vote!;
    const methods = {
      ...results.methods,
      vote: { ...vote, againstPlain: { ...vote.againstPlain!, pValue: 0.25 } },
    };
    expect(verdict(results)[0]).toMatch(/^Use Vote here/);
    expect(verdict({ ...results, methods })[0]).toMatch(/^Plain search is enough here/);
  });

  it('says what it does not know', () => {
    const means = { plain: 0.2, vote: 0.4, diffusion: 0.3 };
    expect(verdict(sampleReport({ labelled: false }).results)).toEqual([
      'No test query has a reference set, so nothing here says which method is better; the figures below are diagnostics.',
    ]);
    const judged = sampleReport({ labelled: false, task: 'oar', judged: true }).results;
    expect(verdict(judged)).toEqual([
      'No test query has a reference set, so no person says here which method is better.',
      "The run's judge (hybrid) gives Diffusion the highest judged@4, 0.460, and plain search 0.100; the figures after it are diagnostics.",
    ]);
    expect(verdict({ ...judged, methods: { plain: judged.methods.plain! } })[1]).toMatch(
      /gives plain search the highest judged@4, 0.100; the figures/,
    );
    expect(verdict(resultsOf(means))).toEqual([
      'No validation query has a reference set, so no method was chosen before the test queries were seen. ' +
        'Vote has the highest alpha-nDCG@10 on 144 test queries, 0.400; ' +
        'being the best of many on the queries it is measured by, it would reach less on others.',
      'Diffusion reaches 0.300, 0.100 above plain search (95% interval 0.080 to 0.120, p < 0.001).',
    ]);
  });

  it('begins with what auto is, as validation queries chose it', () => {
    const first = (chosen: MethodName, validation: Partial<Record<MethodName, number>>) => {
      const results = resultsOf(validation, { chosen, validated: { metric: 'alphaNdcgAtK', queries: 46 } });
      const methods = Object.fromEntries(
        Object.entries(results.methods).map(([name, result]) => [
          name,
          { ...result, validation: validation[name as MethodName] },
        ]),
      );
      return verdict({ ...results, methods });
    };
    const [auto, answer] = first('diffusion', { plain: 0.135, hybrid: 0.369, diffusion: 0.398 });
    expect(auto).toBe(
      'auto is Diffusion: alpha-nDCG@10 0.398 on 46 validation queries, 0.029 above Hybrid, the best baseline, and 0.263 above plain search.',
    );
    expect(answer).toMatch(/^Use r4t's Diffusion here: /);
    expect(first('hybrid', { plain: 0.135, hybrid: 0.369, diffusion: 0.3 })[0]).toBe(
      'auto is Hybrid, a baseline: alpha-nDCG@10 0.369 on 46 validation queries, 0.234 above plain search.',
    );
    expect(first('plain', { plain: 0.4, hybrid: 0.3 })[0]).toBe(
      'auto is plain search: alpha-nDCG@10 0.400 on 46 validation queries, and no method reaches more.',
    );
    // Where the test queries have no labels, it is all there is to say of methods.
    const open = sampleReport({ labelled: false }).results;
    const validation = { ...open.methods.mmr!, validation: 0.5 };
    const byReward = verdict({
      ...open,
      methods: { ...open.methods, mmr: validation },
      chosen: 'mmr',
      validated: { metric: 'reward', queries: 1 },
    });
    expect(byReward[0]).toMatch(/^auto is MMR, a baseline: reward 0.500 on 1 validation query, /);
    expect(byReward[1]).toMatch(/^No test query has a reference set/);
  });

  it('says what to do where the answer is another method than auto, which test queries do not change', () => {
    const validated = { metric: 'alphaNdcgAtK', queries: 46 } as const;
    const means = { plain: 0.1, groupCap: 0.3, diffusion: 0.29 };
    const results = resultsOf(means, { chosen: 'diffusion', baseline: 'groupCap', validated });
    const [answer, stays, diffusion] = verdict(results);
    expect(answer).toMatch(/^Do not use a compiled retriever here: Group cap, /);
    expect(stays).toBe(
      'auto stays Diffusion, since test queries choose nothing; to search by Group cap, name it: method "groupCap".',
    );
    expect(diffusion).toMatch(
      /^Diffusion, best on the validation queries, reaches 0.290, not clearly different/,
    );
    const text = verdict(resultsOf(means, { chosen: 'groupCap', baseline: 'groupCap', validated })).join(' ');
    expect(text).not.toContain('stays');
  });

  it('tells of every compiled method once, and recommends none that plain search is as good as', () => {
    const mean = fc.double({ min: 0, max: 1, noNaN: true });
    const methods = ['plain', 'hybrid', 'folm', 'diffusion'] as const;
    fc.assert(
      fc.property(fc.tuple(mean, mean, mean, mean), fc.constantFrom(...methods), (values, chosen) => {
        const means = Object.fromEntries(methods.map((name, i) => [name, values[i]]));
        const [answer, ...others] = verdict(resultsOf(means, { chosen }));
        const text = [answer, ...others].join(' ');
        expect(text).not.toMatch(/undefined|NaN|Infinity/);
        for (const [name, value] of [
          ['FOLM', values[2]],
          ['Diffusion', values[3]],
        ] as const) {
          expect(text).toContain(name);
          const recommended = answer.startsWith(`Use r4t's ${name} here`);
          const told = others.filter((sentence) => sentence.startsWith(name));
          expect(told.length).toBeLessThanOrEqual(recommended ? 0 : 1);
          if (recommended) expect(value).toBeGreaterThan(values[0] + 0.02);
        }
        if (answer.includes('Hybrid, a baseline')) expect(values[1]).toBeGreaterThan(values[0] + 0.02);
      }),
    );
  });
});
