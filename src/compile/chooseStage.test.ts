import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { choiceOf } from '../choose/choice.js';
import { runStatus } from '../dashboard/runStatus.js';
import type { Policy } from '../policy/policy.js';
import { letterEncoder } from '../policy/testing/world.js';
import type { Progress } from '../progress.js';
import { BASELINES } from '../retrieve/methodNames.js';
import { Retriever } from '../retrieve/retriever.js';
import { readMetrics } from '../run/metricsLog.js';
import { RunFolder } from '../run/runFolder.js';
import { CONFIG, ITEMS, SETS } from '../serve/testing/tinyRun.js';
import { type CompileOptions, compile } from './compile.js';

const temp = tempFolder();
let runs = 0;
const options = (changes: Partial<CompileOptions> = {}): CompileOptions => ({
  catalog: temp.write('catalog.jsonl', ITEMS),
  sets: temp.write('sets.jsonl', SETS),
  out: temp.path(`run-${runs++}`),
  config: CONFIG,
  encoder: letterEncoder,
  ...changes,
});
const choiceIn = async (out: string) => choiceOf(await RunFolder.open(out));

/** Compiles to the end; resolves with the reports of the last stage. */
async function reportsOf(own: CompileOptions): Promise<Progress[]> {
  const reports: Progress[] = [];
  await compile({ ...own, onProgress: (report) => report.stage === 'choose' && reports.push(report) });
  return reports;
}

describe('the stage choose', () => {
  it('compares all methods that can answer by the labels of validation queries, and searches use the best', async () => {
    const own = options();
    const reports = await reportsOf(own);
    const choice = await choiceIn(own.out);
    expect(choice).toMatchObject({ metric: 'alphaNdcgAtK', queries: 1 });
    const { values = {}, settings = {}, chosen, unclear } = choice ?? {};
    expect(Object.keys(values)).toEqual(
      expect.arrayContaining(['plain', 'vote', 'classifier', 'folm', 'diffusion']),
    );
    expect(Object.keys(settings)).toEqual(expect.arrayContaining(['mmr', 'vote', 'folm', 'diffusion']));
    const [best] = Object.entries(values).sort(([, a], [, b]) => b - a);
    expect(chosen).toBe(best[0]);
    const count = Object.keys(values).length;
    expect(reports.map(({ done, total }) => [done, total])).toEqual(
      Array.from({ length: count }, (_, i) => [i + 1, count]),
    );
    // One query cannot show which method is better.
    expect(chosen).not.toBe('plain');
    expect(unclear).toContain('plain');
    expect(reports.at(-1)?.warning).toContain(
      `1 validation query is too few to be sure that ${chosen} is better than plain`,
    );

    await using retriever = await Retriever.load(own.out, {
      encoder: letterEncoder,
      threads: 1,
      methods: ['auto'],
    });
    const named = await retriever.search('red', { method: 'auto' });
    expect(named.method).toBe(chosen);
    expect((await retriever.search('red')).items).toEqual(named.items);
  });

  it('can be compared with what the trainings were probed by, on the same queries', async () => {
    const own = options();
    await compile(own);
    const choice = await choiceIn(own.out);
    const figures = ['validation.alphaNdcg', 'validation.precision'] as const;
    for (const stage of ['policy', 'diffusion']) {
      const lines = await readMetrics(`${own.out}/${stage}/metrics.jsonl`);
      const probed = lines.filter((line) => figures.every((name) => typeof line[name] === 'number'));
      expect(probed.at(-1)?.step, stage).toBe(lines.at(-1)?.step);
    }
    // There are fewer validation queries than are probed: these are all of them.
    expect(choice?.probes).toMatchObject({ queries: 1, alphaNdcg: choice?.values });
    const { baselines, k } = await runStatus(await RunFolder.open(own.out), new Map());
    expect(k).toBe(4);
    const best = Math.max(...BASELINES.map((name) => choice?.probes?.precision[name] ?? 0));
    expect(baselines?.['validation.precision']?.value).toBe(best);
    const unlabelled = options({ sets: undefined });
    await compile(unlabelled);
    const [line] = await readMetrics(`${unlabelled.out}/policy/metrics.jsonl`);
    expect(Object.keys(line).filter((name) => name.startsWith('validation.'))).toEqual([]);
    expect((await runStatus(await RunFolder.open(unlabelled.out), new Map())).baselines).toBeUndefined();
  });

  it('stays with plain search where there is nothing to compare on', async () => {
    const sets = SETS.filter(({ split }) => split !== 'valid');
    const own = options({ sets: temp.write('no-valid.jsonl', sets) });
    const [{ warning }] = await reportsOf(own);
    expect(warning).toBe('there are no validation queries to compare methods on: auto is plain search');
    const run = await RunFolder.open(own.out);
    expect(run.stageDone('choose')).toMatchObject({ queries: 0 });
    expect(choiceOf(run)).toBeUndefined();
  });

  it('is not run before its turn, and again where it was stopped', async () => {
    const own = options();
    await compile({ ...own, stage: 'diffusion' });
    expect((await RunFolder.open(own.out)).stageDone('choose')).toBeUndefined();
    const controller = new AbortController();
    const reason = new Error('stopped');
    const stopped = compile({
      ...own,
      signal: controller.signal,
      onProgress: ({ stage, done }) => stage === 'choose' && done === 2 && controller.abort(reason),
    });
    await expect(stopped).rejects.toBe(reason);
    expect((await RunFolder.open(own.out)).stageDone('choose')).toBeUndefined();
    expect((await compile({ ...own, stage: 'choose' })).seconds).toHaveProperty('choose');
    const choice = await choiceIn(own.out);
    expect(choice).toBeDefined();
    // Once it is done it is left alone.
    expect(await reportsOf(own)).toEqual([]);

    const whole = options();
    await compile(whole);
    expect(await choiceIn(whole.out)).toEqual(choice);
  });

  it("compares the user's own policy, which wins where it knows the answer", async () => {
    const wanted = SETS.find(({ split }) => split === 'valid')?.items ?? [];
    const titles = [...wanted, wanted[0]].map((id) => id.replace('-', ' '));
    const policy: Policy = {
      k: 4,
      sample: async ({ queries, samplesPerQuery = 1 }) =>
        queries.flatMap((_, query) =>
          Array.from({ length: samplesPerQuery }, () => ({
            query,
            subQueries: titles,
            tokens: new Int32Array(),
            logProbs: new Float32Array(),
            entropies: new Float32Array(),
          })),
        ),
    };
    const own = options({ policy });
    await compile(own);
    const { values, settings, chosen } = (await choiceIn(own.out)) ?? {};
    expect(values?.folm).toBeCloseTo(1, 10);
    expect(settings?.folm).toBe(1);
    expect(chosen).toBe('folm');
  });
});
