import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { compile } from '../compile/compile.js';
import { stubChat } from '../llm/testing/stubChat.js';
import type { Policy } from '../policy/policy.js';
import { TEXTS } from '../policy/testing/scene.js';
import { letterEncoder } from '../policy/testing/world.js';
import { loadRun } from '../retrieve/loadRun.js';
import type { UserConfig } from '../run/config.js';
import { RunFolder } from '../run/runFolder.js';
import { aggregateSeeds } from './aggregate.js';
import { evaluateRun } from './evaluateRun.js';
import { evaluateRuns } from './evaluateRuns.js';
import { readReport } from './report/report.js';
import { resultsFileSchema } from './report/schema.js';
import { METHODS } from './results.js';

const temp = tempFolder();
const config: UserConfig = {
  task: 'wscr',
  k: 3,
  dimensions: 8,
  budget: 0.5,
  threads: 1,
  policy: { warmStartSteps: 2, steps: 1, groupSize: 2 },
  synthesis: { samplesPerQuery: 1 },
  diffusion: { steps: 2, batchSize: 4 },
};
const catalog = temp.write(
  'catalog.jsonl',
  TEXTS.map((title, id) => ({ id, title, category: id % 2 === 0 ? 'even' : 'odd' })),
);
const SPLITS = ['train', 'train', 'valid', 'test', 'test'];
const sets = temp.write(
  'sets.jsonl',
  SPLITS.map((split, i) => ({ query: `${split} ${TEXTS[i]} ${i}`, items: [i, i + 1], split })),
);
const options = { encoder: letterEncoder, threads: 1, steps: [1] };

const runs = [temp.path('one'), temp.path('two')];
beforeAll(async () => {
  for (const [i, out] of runs.entries()) {
    const seeded = { ...config, seed: i + 1 };
    await compile({ catalog, sets, out, config: seeded, encoder: letterEncoder, ablations: true });
  }
});

describe('evaluateRun', () => {
  it('measures every method on the test queries, each with its whole budget', async () => {
    const { methods, test, budget, steps, counts } = await evaluateRun(runs[0], options);
    // Two training queries are too few for an adapter to help, and no language model writes.
    const expected = METHODS.filter((name) => !name.startsWith('adapter') && name !== 'zeroShot');
    expect([...methods.keys()].sort()).toEqual([...expected].sort());
    expect(budget).toBe(Math.round(0.5 * TEXTS.length));
    expect(counts).toEqual({ train: 2, valid: 1, test: 2 });
    expect(test.texts).toHaveLength(2);
    for (const [name, { answers, metrics }] of methods) {
      expect(answers, name).toHaveLength(2);
      for (const { assigned, retrieved } of answers) {
        expect(new Set(retrieved).size, name).toBe(budget);
        expect(new Set(assigned.map((a) => a.item)).size, name).toBe(3);
      }
      expect(metrics.recallAtB, name).toHaveLength(2);
      // Sets of items have no directions which could be diverse.
      expect(metrics.vs, name).toBeUndefined();
    }
    expect(steps.map((s) => s.steps)).toEqual([1]);
  });

  it('measures how diverse the directions of a policy are that writes sub-queries', async () => {
    const policy: Policy = {
      k: 3,
      sample: async ({ queries }) =>
        queries.map((_, query) => ({
          query,
          subQueries: TEXTS.slice(3 * query, 3 * query + 3),
          tokens: new Int32Array(),
          logProbs: new Float32Array(),
          entropies: new Float32Array(),
        })),
    };
    const { methods } = await evaluateRun(runs[0], { ...options, policy, methods: ['folm', 'plain'] });
    expect(methods.get('plain')?.metrics.vs).toBeUndefined();
    for (const vs of methods.get('folm')?.metrics.vs ?? [0]) {
      // A fan-out of one direction, three times, would be at a third.
      expect(vs).toBeGreaterThan(35);
      expect(vs).toBeLessThanOrEqual(100);
    }
  });

  it('says the same at every call', async () => {
    const figures = async () => {
      const { methods } = await evaluateRun(runs[0], { ...options, methods: ['folm', 'diffusion', 'mmr'] });
      return [...methods].map(([name, { metrics }]) => [name, metrics.recallAtB, metrics.vs]);
    };
    expect(await figures()).toEqual(await figures());
  });
});

describe('evaluateRuns', () => {
  it('writes one table of several seeds', async () => {
    const out = temp.path('report');
    const report = await evaluateRuns(runs, { ...options, out, command: 'r4t evaluate' });
    const { results, queries, curves } = report;
    expect(results.seeds).toEqual([1, 2]);
    expect(results.methods.folm?.perSeed.recallAtB).toHaveLength(2);
    expect(results.methods.plain?.perSeed.recallAtB).toHaveLength(1);
    // Plain search has no direction that could be grounded; who gets the data sees what a reader of the file sees.
    expect(results.methods.plain?.metrics).not.toHaveProperty('groundedness');
    expect(await readReport(out)).toEqual(report);
    const { folm } = results.methods;
    const [a, b] = folm?.perSeed.recallAtB ?? [];
    expect(folm?.metrics.recallAtB?.mean).toBeCloseTo((a + b) / 2, 10);
    expect(folm?.againstBestBaseline?.baseline).not.toBe('folm');
    expect(queries).toHaveLength(2);
    expect(new Set(curves.map((c) => c.seed))).toEqual(new Set([1, 2]));
    const file: unknown = JSON.parse(readFileSync(`${out}/results.json`, 'utf8'));
    expect(resultsFileSchema.safeParse(file).success).toBe(true);
  });

  it('notes in the runs what was chosen on validation queries, which their searches then use', async () => {
    const load = async (run: string) =>
      (await loadRun(run, { encoder: letterEncoder, methods: ['mmr'] })).space;
    const report = temp.path('noted-report');
    const { results } = await evaluateRuns(runs, { ...options, out: report, command: '' });
    for (const run of runs) {
      const { settings, usual } = await load(run);
      expect(settings.mmr).toBe(results.tuned['mmr.diversity']);
      expect(settings.vote).toBe(results.tuned['vote.neighbours']);
      expect(usual).toBe(results.chosen);
      expect((await RunFolder.open(run)).stageDone('evaluate')?.seconds).toBeGreaterThan(0);
    }
  });

  it('chooses by the reward where no validation query has a reference set', async () => {
    const out = temp.path('open');
    const open = temp.write(
      'queries.jsonl',
      SPLITS.map((split, i) => ({ query: `${split} ${TEXTS[i]} ${i}`, split })),
    );
    const openEnded: UserConfig = { ...config, task: 'oar', budget: undefined };
    await compile({ catalog, queries: open, out, config: openEnded, encoder: letterEncoder });
    const { results } = await evaluateRuns([out], { ...options, out: temp.path('open-report'), command: '' });
    expect(results).toMatchObject({ labelled: 0, chosen: 'plain', validated: { metric: 'reward' } });
    expect(results.methods.plain?.metrics.alphaNdcgAtK).toBeUndefined();
    expect(results.methods.vote).toBeUndefined();
    // The judge stands in for labels, with an interval, for every method; where there are labels nobody asks it.
    expect(results.judge).toBe('hybrid');
    for (const { metrics } of Object.values(results.methods)) {
      const { mean, low, high } = metrics.judgedAtK ?? expect.fail('expected what the judge says');
      expect(low).toBeLessThanOrEqual(mean);
      expect(high).toBeGreaterThanOrEqual(mean);
      expect(mean).toBeLessThanOrEqual(1);
    }
    const { methods } = await evaluateRun(runs[0], { ...options, methods: ['plain'] });
    expect(methods.get('plain')?.metrics).not.toHaveProperty('judgedAtK');
  });

  it("asks the run's own judge of the test queries, once an item", async () => {
    const asked: string[] = [];
    const stub = await stubChat(({ body }) => {
      const lines = Array.from(body.messages[1].content.matchAll(/^(\d+)\. "(.*)"$/gm));
      asked.push(/^Query: "(.*)"/.exec(body.messages[1].content)![1]);
      return JSON.stringify({ grades: Object.fromEntries(lines.map(([, n, text]) => [n, text.length % 3])) });
    });
    try {
      const out = temp.path('asked');
      const open = temp.write('asked.jsonl', [
        ...SPLITS.map((split, i) => ({ query: `${split} ${TEXTS[i]} ${i}`, split })),
      ]);
      const judge = { kind: 'chat', baseUrl: stub.baseUrl, model: 'm', batchSize: 100 } as const;
      const judged: UserConfig = { ...config, task: 'oar', budget: undefined, reward: { judge } };
      await compile({ catalog, queries: open, out, config: judged, encoder: letterEncoder });
      expect(asked.filter((query) => query.startsWith('test'))).toEqual([]);
      const { methods, judge: name } = await evaluateRun(out, { ...options, methods: ['plain', 'mmr'] });
      expect(name).toBe('m');
      for (const { answers, metrics } of methods.values()) {
        const expected = answers.map(({ assigned }) =>
          assigned.map(({ item }) => (TEXTS[item].length % 3) / 2),
        );
        expected.forEach((relevance, q) => {
          expect(metrics.judgedAtK?.[q]).toBeCloseTo(relevance.reduce((a, b) => a + b, 0) / 3, 10);
        });
      }
      expect(new Set(asked).size).toBe(asked.length);
      expect(asked).toHaveLength(SPLITS.length);
    } finally {
      await stub.close();
    }
  });

  it('reports on a run that is in use, and warns that it could not note it there', async () => {
    await using _lock = await (await RunFolder.open(runs[0])).lock();
    const warnings: (string | undefined)[] = [];
    const out = temp.path('in-use');
    const { results } = await evaluateRuns([runs[0]], {
      ...options,
      out,
      command: '',
      onProgress: ({ warning }) => warnings.push(warning),
    });
    expect(results.methods.folm?.metrics.recallAtB?.mean).toBeGreaterThanOrEqual(0);
    expect(warnings.filter((warning) => warning !== undefined)).toEqual([
      expect.stringContaining(`process ${process.pid} is working on this run`),
    ]);
  });

  it('refuses runs of other queries', async () => {
    const other = temp.write('other.jsonl', [
      { query: 'a', items: [0], split: 'train' },
      { query: 'b', items: [1], split: 'valid' },
      { query: 'c', items: [2], split: 'test' },
      { query: 'd', items: [2], split: 'test' },
    ]);
    const out = temp.path('other');
    await compile({ catalog, sets: other, out, config, encoder: letterEncoder });
    const mixed = evaluateRuns([runs[0], out], { ...options, out: temp.path('mixed'), command: '' });
    await expect(mixed).rejects.toMatchObject({ name: 'InputError', file: out });
  });
});

describe('aggregateSeeds', () => {
  it('needs a run', () => {
    expect(() => aggregateSeeds([], { dataset: 'none' })).toThrow(RangeError);
  });
});
