import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { InputError } from '../../errors.js';
import { METHODS, type ReportData } from '../results.js';
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
    expect(Object.keys(written.methods)).toEqual([...METHODS]);
    for (const name of METHODS) {
      const { metrics, msPerQuery } = data.results.methods[name]!;
      expect(written.methods[name]).toMatchObject({ ...metrics, msPerQuery });
      expect(written.methods[name]).not.toHaveProperty('metrics');
    }
  });

  it('has a schema which tells a nested or a bare figure from the right one', () => {
    const methods = (plain: object) => ({ ...json(temp.path('flat', 'results.json')), methods: { plain } });
    const good = { recallAtB: { mean: 0.3, low: 0.2, high: 0.4 }, msPerQuery: 1, perSeed: {} };
    expect(resultsFileSchema.safeParse(methods(good)).success).toBe(true);
    expect(resultsFileSchema.safeParse(methods({ ...good, recallAtB: 0.3 })).success).toBe(false);
    expect(resultsFileSchema.safeParse(methods({ recallAtB: good.recallAtB })).success).toBe(false);
    expect(resultsFileSchema.safeParse({ ...methods(good), methods: { nonsense: good } }).success).toBe(
      false,
    );
  });

  it('leaves out groundedness and composite of methods without directions', async () => {
    await writeReport(temp.path('directions'), sampleReport({ task: 'oar' }));
    const { methods } = json(temp.path('directions', 'results.json'));
    const has = (metric: string) => METHODS.filter((name) => metric in methods[name]);
    const without = ['plain', 'bm25', 'mmr', 'dpp'];
    expect(has('diversity')).toEqual([...METHODS]);
    expect(has('composite')).toEqual(METHODS.filter((name) => !without.includes(name)));
    expect(has('groundedness')).toEqual(has('composite'));
    const wscr = sampleReport().results;
    const knnQueries = {
      ...wscr.methods.knnQueries!,
      metrics: { groundedness: { mean: 1, low: 1, high: 1 } },
    };
    await writeReport(temp.path('knn'), { ...sampleReport(), results: { ...wscr, methods: { knnQueries } } });
    expect((await readReport(temp.path('knn'))).results.methods.knnQueries?.metrics).toEqual({});
    const { queries } = await readReport(temp.path('directions'));
    expect(queries[0].sets.dpp?.metrics).not.toHaveProperty('composite');
    expect(queries[0].sets.folm?.metrics).toHaveProperty('composite');
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
  it('brings back what was written', async () => {
    await writeReport(temp.path('whole'), sampleReport());
    expect(await readReport(temp.path('whole'))).toEqual(sampleReport());
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
