import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { InputError } from '../../errors.js';
import { METHODS, type MethodName, type ReportData } from '../results.js';
import { readReport, writeReport } from './report.js';
import { resultsFileSchema } from './schema.js';
import { sampleReport } from './testing/sampleReport.js';

const temp = tempFolder();
const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));

describe('writeReport', () => {
  it('writes results.json with each metric beside the milliseconds of its method', async () => {
    const data = sampleReport();
    await writeReport(temp.path('flat'), data);
    const written = json(temp.path('flat', 'results.json'));
    expect(() => resultsFileSchema.parse(written)).not.toThrow();
    expect(Object.keys(written).slice(0, 5)).toEqual(['dataset', 'task', 'budget', 'seeds', 'methods']);
    expect(written).toMatchObject({ dataset: 'camping', task: 'wscr', budget: 40, seeds: [1, 2, 3] });
    expect(written).toMatchObject({ labelled: 12, chosen: 'diffusion' });
    const { validation, againstPlain, againstBestBaseline } = data.results.methods.folm!;
    expect(written.methods.folm).toMatchObject({ validation, againstPlain, againstBestBaseline });
    expect(Object.keys(written.methods)).toEqual([...METHODS]);
    for (const name of METHODS) {
      const { metrics, msPerQuery } = data.results.methods[name]!;
      expect(written.methods[name]).toMatchObject({ ...metrics, msPerQuery });
      expect(written.methods[name]).not.toHaveProperty('metrics');
    }
  });

  it('has a schema which tells a nested or a bare figure from the right one', () => {
    const methods = (plain: object) => ({ ...json(temp.path('flat', 'results.json')), methods: { plain } });
    const good = { alphaNdcgAtK: { mean: 0.3, low: 0.2, high: 0.4 }, msPerQuery: 1, perSeed: {} };
    expect(resultsFileSchema.safeParse(methods(good)).success).toBe(true);
    expect(resultsFileSchema.safeParse(methods({ ...good, againstPlain: { mean: 0.1 } })).success).toBe(
      false,
    );
    expect(resultsFileSchema.safeParse(methods({ ...good, alphaNdcgAtK: 0.3 })).success).toBe(false);
    expect(resultsFileSchema.safeParse(methods({ alphaNdcgAtK: good.alphaNdcgAtK })).success).toBe(false);
    expect(resultsFileSchema.safeParse({ ...methods(good), methods: { nonsense: good } }).success).toBe(
      false,
    );
  });

  it('leaves out groundedness and composite of methods without directions', async () => {
    const { results, queries, ...data } = sampleReport({ task: 'oar' });
    const grounded = { groundedness: 1, groundednessHeldout: 1, composite: 1, diversity: 1 };
    const estimates = Object.fromEntries(
      Object.entries(grounded).map(([name, mean]) => [name, { mean, low: mean, high: mean }]),
    );
    const methods = Object.fromEntries(
      METHODS.map((name) => [name, { ...results.methods[name]!, metrics: estimates }]),
    );
    const sets = Object.fromEntries(METHODS.map((name) => [name, { items: [], metrics: grounded }]));
    await writeReport(temp.path('directions'), {
      ...data,
      results: { ...results, methods },
      queries: [{ ...queries[0], sets }],
    });
    const written = json(temp.path('directions', 'results.json')).methods;
    const shown = (await readReport(temp.path('directions'))).queries[0].sets;
    const without: MethodName[] = ['plain', 'bm25', 'hybrid', 'mmr', 'dpp', 'groupCap'];
    without.push('adapter', 'adapterMmr', 'popular', 'vote', 'classifier');
    for (const name of METHODS) {
      const wanted = without.includes(name) ? ['diversity'] : Object.keys(grounded);
      expect(Object.keys(grounded).filter((metric) => metric in written[name])).toEqual(wanted);
      expect(Object.keys(shown[name]!.metrics)).toEqual(wanted);
    }
  });

  it('leaves out figures that are not finite, which a metrics log may hold', async () => {
    const data = sampleReport();
    const points = [
      { step: 0, reward: Number.NaN, kl: 1 },
      { step: 1, reward: null, kl: Number.POSITIVE_INFINITY },
    ] as unknown as ReportData['curves'][number]['points'];
    const plain = { ...data.results.methods.plain!, metrics: { vs: { mean: Number.NaN, low: 0, high: 1 } } };
    await writeReport(temp.path('nan'), {
      ...data,
      results: { ...data.results, methods: { plain } },
      curves: [{ stage: 'policy', seed: 1, points }],
    });
    const { curves, results } = await readReport(temp.path('nan'));
    expect(curves[0].points).toEqual([{ step: 0, kl: 1 }, { step: 1 }]);
    expect(results.methods.plain?.metrics).toEqual({});
    expect(json(temp.path('nan', 'results.json')).methods.plain).not.toHaveProperty('vs');
  });
});

describe('readReport', () => {
  it.each([
    { task: 'wscr' },
    { task: 'oar', labelled: true },
    { task: 'oar', labelled: false },
    { task: 'oar', labelled: false, judged: true },
  ] as const)('brings back what was written (%o)', async (options) => {
    const data = sampleReport(options);
    await writeReport(temp.path('whole'), data);
    expect(await readReport(temp.path('whole'))).toEqual(data);
  });

  it('names the file and field of a damaged report', async () => {
    const damaged = { ...sampleReport(), failures: [{ method: 'nonsense' }] };
    temp.write('report.json', JSON.stringify(damaged));
    const error = await readReport(temp.path()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ file: temp.path('report.json'), field: 'failures.0.method' });
    await expect(readReport(temp.path('nowhere'))).rejects.toThrow('does not exist');
  });
});
