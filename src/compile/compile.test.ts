import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadCatalog } from '../catalog/catalog.js';
import { catalogQueries } from '../catalog/catalogQueries.js';
import type { QueryRecord } from '../catalog/item.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { Encoder } from '../encode/encoder.js';
import { writeTinyClassifier } from '../encode/testing/tinyModels.js';
import { readSafetensors } from '../engine/index.js';
import { stubChat } from '../llm/testing/stubChat.js';
import { letterEncoder } from '../policy/testing/world.js';
import type { Progress } from '../progress.js';
import { Retriever } from '../retrieve/retriever.js';
import type { FanOut } from '../reward/reward.js';
import type { UserConfig } from '../run/config.js';
import { readMetrics } from '../run/metricsLog.js';
import { RunFolder } from '../run/runFolder.js';
import { readShard, shardFile } from '../synthesis/shard.js';
import { type CompileOptions, compile } from './compile.js';
import type { ProbeLine } from './probeLog.js';
import { COMPILE_STAGES } from './stage.js';

const COLORS = ['red', 'blue', 'green', 'golden', 'black', 'white', 'pink', 'grey'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot', 'shirt', 'kettle', 'spade', 'plate', 'rope'];

/** Models so small that every stage takes a moment, and as many steps as it takes to stop in the middle. */
const config = {
  k: 3,
  dimensions: 8,
  threads: 1,
  policy: {
    warmStartSteps: 3,
    steps: 3,
    queriesPerStep: 4,
    groupSize: 4,
    epochs: 2,
  },
  synthesis: { samplesPerQuery: 1 },
  diffusion: { steps: 3, batchSize: 4, samplerSteps: 2 },
} satisfies UserConfig;

const temp = tempFolder();
const items = COLORS.flatMap((color) =>
  THINGS.map((thing) => ({ id: `${color}-${thing}`, title: `${color} ${thing}`, category: thing, color })),
);
const catalog = temp.write('catalog.jsonl', items);
/** 70 queries to train on: two shards. */
const queries = temp.write('queries.jsonl', [
  ...COLORS.slice(1).flatMap((color) =>
    THINGS.map((thing) => ({ query: `${color} or ${thing}`, split: 'train' })),
  ),
  { query: 'red', split: 'valid' },
  { query: 'tent', split: 'test' },
]);
/** Reports its progress, as encoders of the package do. */
const encoder: Encoder = {
  ...letterEncoder,
  async encode(texts, control) {
    const vectors = await letterEncoder.encode(texts);
    control?.onProgress?.({ stage: 'encode', done: texts.length, total: texts.length });
    return vectors;
  },
};
let runs = 0;
const options = (changes: Partial<CompileOptions> = {}): CompileOptions => ({
  catalog,
  queries,
  out: temp.path(`run-${runs++}`),
  config,
  encoder,
  ...changes,
});

const stagesOf = async (out: string) => (await RunFolder.open(out)).manifest.stages;

/** Hashes of everything the stages made, by path: what two equal runs have in common to the last bit. */
function artefacts(out: string): Record<string, string> {
  const names = readdirSync(out, { recursive: true, encoding: 'utf8' });
  const isResult = (name: string) =>
    /\.(safetensors|json|jsonl)$/.test(name) && !/run\.json|metrics/.test(name);
  return Object.fromEntries(names.filter(isResult).map((name) => [name, sha256(`${out}/${name}`)]));
}

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

const weightsOf = (folder: string) => sha256(`${folder}/weights.safetensors`);

const queriesOf = (out: string) =>
  JSON.parse(readFileSync(`${out}/encode/queries.json`, 'utf8')) as QueryRecord[];

/** Stops at the given report, and expects `compile` to reject with the signal's reason. */
async function compileUntil(own: CompileOptions, stage: string, done: number): Promise<void> {
  const controller = new AbortController();
  const reason = new Error(`stopped in ${stage}`);
  const onProgress = (p: Progress) => {
    own.onProgress?.(p);
    if (p.stage === stage && p.done === done) controller.abort(reason);
  };
  await expect(compile({ ...own, signal: controller.signal, onProgress })).rejects.toBe(reason);
  expect(existsSync(`${own.out}/run.lock`)).toBe(false);
}

describe('a run', () => {
  const whole = options();
  const reported: string[] = [];
  beforeAll(async () => {
    const result = await compile({ ...whole, onProgress: ({ stage }) => reported.push(stage) });
    expect(Object.keys(result.seconds)).toEqual(COMPILE_STAGES);
    expect(result.run).toBe(whole.out);
  });

  it('goes through all stages, says so, and leaves only their results', async () => {
    expect([...new Set(reported)]).toEqual([
      'catalog',
      'encode',
      'policy/warm-start',
      'policy/rl',
      'synthesis',
      'diffusion',
      'choose',
    ]);
    expect(Object.keys(artefacts(whole.out)).sort()).toEqual([
      'diffusion/model.json',
      'diffusion/weights.safetensors',
      'encode/items.jsonl',
      'encode/labels.safetensors',
      'encode/queries.json',
      'encode/space.json',
      'encode/space.safetensors',
      'encode/vectors.safetensors',
      'policy/probes.jsonl',
      'policy/weights.safetensors',
      'synthesis/files.json',
      'synthesis/shard-00000.safetensors',
      'synthesis/shard-00001.safetensors',
      'warm-start/model.json',
      'warm-start/weights.safetensors',
    ]);
    expect(existsSync(`${whole.out}/run.lock`)).toBe(false);
    expect(await stagesOf(whole.out)).toMatchObject({
      encode: { items: 80, queries: 72, dimensions: 8, keptVariance: expect.any(Number) },
      synthesis: { sets: 70, meanReward: expect.any(Number) },
      diffusion: { sets: 70, parameters: expect.any(Number) },
    });
  });

  it('is the same to the last bit, and answers the same, where items and vectors stay on disk', async () => {
    const streamed = options();
    vi.stubEnv('R4T_CATALOG_MEMORY', '0');
    try {
      await compile(streamed);
      expect(artefacts(streamed.out)).toEqual(artefacts(whole.out));
      const answers = async (out: string) => {
        await using retriever = await Retriever.load(out, { encoder });
        const asked = ['a red thing', 'tents'].flatMap((query) =>
          (['plain', 'hybrid', 'diffusion', 'folm'] as const).map((method) =>
            retriever.search(query, { k: 3, method, filter: 'color != blue' }),
          ),
        );
        return (await Promise.all(asked)).map(({ items }) => items);
      };
      const fromDisk = await answers(streamed.out);
      vi.unstubAllEnvs();
      expect(fromDisk).toEqual(await answers(whole.out));
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('goes on encoding in the space that it was stopped in', async () => {
    const many = Array.from({ length: 20_001 }, (_, i) => ({ id: i, title: `${COLORS[i % 8]} thing ${i}` }));
    const large = { catalog: temp.write('many.jsonl', many), stage: 'encode' as const };
    const [through, stopped] = [options(large), options(large)];
    await compile(through);
    await compileUntil(stopped, 'encode', 8192);
    const space = sha256(`${stopped.out}/encode/space.safetensors`);
    await compile(stopped);
    expect(sha256(`${stopped.out}/encode/space.safetensors`)).toBe(space);
    expect(artefacts(stopped.out)).toEqual(artefacts(through.out));
  });

  it('logs every step', async () => {
    for (const stage of ['warm-start', 'policy', 'diffusion']) {
      const lines = await readMetrics(`${whole.out}/${stage}/metrics.jsonl`);
      expect(lines.map(({ step }) => step)).toEqual([0, 1, 2]);
      for (const line of lines) expect(Number.isFinite(line.loss)).toBe(true);
    }
  });

  it('shows what the policy writes for validation queries, from the warm start on', async () => {
    const lines = await readMetrics(`${whole.out}/policy/probes.jsonl`);
    expect(lines.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    for (const { probes } of lines as unknown as ProbeLine[]) {
      expect(probes.map(({ query }) => query)).toEqual(['red']);
      expect(probes[0].subQueries).toHaveLength(config.k);
    }
  });

  it('is left alone by a second call', async () => {
    const before = artefacts(whole.out);
    const stages = await stagesOf(whole.out);
    const again: string[] = [];
    const result = await compile({ ...whole, force: true, onProgress: ({ stage }) => again.push(stage) });
    expect(new Set(again)).toEqual(new Set(['catalog']));
    expect(Object.keys(result.seconds)).toEqual(COMPILE_STAGES);
    expect(artefacts(whole.out)).toEqual(before);
    expect(await stagesOf(whole.out)).toEqual(stages);
  });

  it('ends the same to the last bit where it was stopped in every stage', async () => {
    const steps: Record<string, number[]> = {};
    const own = options({
      onProgress: ({ stage, done }) => {
        steps[stage] = [...(steps[stage] ?? []), done];
      },
    });
    await compileUntil(own, 'encode', 80);
    expect(await stagesOf(own.out)).toEqual({});
    for (const [reported, stage] of [
      ['policy/warm-start', 'warm-start'],
      ['policy/rl', 'policy'],
      ['diffusion', 'diffusion'],
    ]) {
      await compileUntil(own, reported, 1);
      await compileUntil(own, reported, 2);
      expect(readdirSync(`${own.out}/${stage}`).sort()).toContain('checkpoint');
      expect(Object.keys(await stagesOf(own.out))).not.toContain(stage);
      if (stage === 'policy') await compileUntil(own, 'synthesis', 64);
    }
    await compile(own);
    // No step was done twice.
    expect(steps).toMatchObject({
      'policy/warm-start': [1, 2, 3],
      'policy/rl': [1, 2, 3],
      diffusion: [1, 2, 3],
    });
    expect(artefacts(own.out)).toEqual(artefacts(whole.out));
    for (const stage of ['warm-start', 'policy', 'diffusion']) {
      const [resumed, unbroken] = await Promise.all(
        [own, whole].map(({ out }) => readMetrics(`${out}/${stage}/metrics.jsonl`)),
      );
      const figures = ({ step, loss, reward }: (typeof resumed)[number]) => ({ step, loss, reward });
      expect(resumed.map(figures)).toEqual(unbroken.map(figures));
    }
  });

  it('made of other inputs is refused, and not touched', async () => {
    const before = artefacts(whole.out);
    const cases: [Partial<CompileOptions>, string][] = [
      [{ config: { ...config, seed: 9 } }, 'config.seed'],
      [{ queries: temp.write('others.txt', 'red things\nblue things\nthings\n') }, 'queries'],
      [{ catalog: temp.write('other.jsonl', items.slice(1)) }, 'catalog'],
      [{ encoder: { ...encoder, id: 'other' } }, 'encoder'],
    ];
    for (const [changes, what] of cases) {
      const refusal = expect(compile({ ...whole, ...changes })).rejects;
      await refusal.toMatchObject({ name: 'InputError', file: whole.out });
      await refusal.toThrow(`holds a run with another ${what}; choose another --out, or --force`);
    }
    expect(artefacts(whole.out)).toEqual(before);
  });
});

describe('a stage', () => {
  it('runs with those before it, and none that is done', async () => {
    const own = options();
    await compile({ ...own, stage: 'encode' });
    const encoded = (await stagesOf(own.out)).encode;
    const { seconds } = await compile({ ...own, stage: 'policy' });
    expect(Object.keys(seconds)).toEqual(['encode', 'warm-start', 'policy']);
    expect((await stagesOf(own.out)).encode).toEqual(encoded);

    const stages = await stagesOf(own.out);
    await compile({ ...own, stage: 'warm-start' });
    expect(await stagesOf(own.out)).toEqual(stages);
    expect(existsSync(`${own.out}/synthesis`)).toBe(false);
  });
});

describe('ablations', () => {
  it('can be trained, to the last bit the same, while another process works on the rest of the run', async () => {
    const [inTurn, besides] = [options({ ablations: true }), options()];
    await compile(inTurn);
    await compile({ ...besides, stage: 'warm-start' });
    {
      await using _lock = await (await RunFolder.open(besides.out)).lock();
      const manifest = readFileSync(`${besides.out}/run.json`);
      await compile({ ...besides, stage: 'ablations' });
      expect(readFileSync(`${besides.out}/run.json`)).toEqual(manifest);
    }
    await compile(besides);
    const { 'ablations/diffusionUntrained/weights.safetensors': weights } = artefacts(besides.out);
    expect(weights).toMatch(/^[0-9a-f]{64}$/);
    expect(artefacts(inTurn.out)).toEqual(artefacts(besides.out));
  });

  it('are trained by one process at a time, after what they need', async () => {
    const own = options({ stage: 'ablations' });
    await compile(own);
    expect(Object.keys(await stagesOf(own.out))).toEqual(['encode', 'warm-start']);
    expect(existsSync(`${own.out}/ablations/diffusionUntrained/model.json`)).toBe(true);
    await using _lock = await (await RunFolder.open(own.out)).lock('ablations');
    await expect(compile(own)).rejects.toThrow('is working on this run');
  });
});

describe('force', () => {
  it('starts a run of other inputs anew', async () => {
    const own = options({ stage: 'warm-start' });
    await compile(own);
    await compile({ ...own, config: { ...config, seed: 2 }, stage: 'encode', force: true });
    expect(Object.keys(await stagesOf(own.out))).toEqual(['encode']);
    expect(existsSync(`${own.out}/warm-start`)).toBe(false);
  });

  it('takes nothing from a process that is working on the run', async () => {
    const own = options({ stage: 'encode' });
    await compile(own);
    const run = await RunFolder.open(own.out);
    const before = { files: artefacts(own.out), manifest: run.manifest };
    {
      await using _lock = await run.lock();
      const other = compile({ ...own, config: { ...config, seed: 2 }, force: true });
      await expect(other).rejects.toThrow('is working on this run');
    }
    expect(artefacts(own.out)).toEqual(before.files);
    expect((await RunFolder.open(own.out)).manifest).toEqual(before.manifest);
  });
});

describe('the policy', () => {
  /** Runs whose reward on the validation query is 0.75 after step `best` (0 the warm start) and 0.5 after all others. */
  async function trainedWithBest(best: number) {
    let judged = -1;
    let last: 'train' | 'valid' = 'train';
    const reward = ({ query, retrieved, items }: FanOut) => {
      const split = query === 'red' ? 'valid' : 'train';
      // Each judgement comes after a step, which asks for other queries.
      if (split === 'valid' && last === 'train') judged++;
      last = split;
      if (split === 'valid') return judged === best ? 0.75 : 0.5;
      return new Set(Array.from(retrieved, (i) => items[i].metadata.color)).size / retrieved.length;
    };
    const own = options({ config: { ...config, reward }, stage: 'policy' });
    await compile(own);
    return own.out;
  }

  it('keeps the parameters that did best on validation queries', async () => {
    const kept = new Map<string, number>();
    let start = '';
    for (const best of [0, 2, 3]) {
      const out = await trainedWithBest(best);
      const metrics = await readMetrics(`${out}/policy/metrics.jsonl`);
      const validated = metrics.flatMap((line) => ('validation' in line ? [line.validation] : []));
      expect(validated).toEqual([1, 2, 3].map((step) => (step === best ? 0.75 : 0.5)));
      expect((await stagesOf(out)).policy).toMatchObject({ bestStep: best, validation: 0.75 });
      kept.set(weightsOf(`${out}/policy`), best);
      start = weightsOf(`${out}/warm-start`);
      expect(existsSync(`${out}/policy/best.safetensors`)).toBe(false);
    }
    // The same training each time: other steps, other weights.
    expect([...kept.values()]).toEqual([0, 2, 3]);
    expect(kept.get(start)).toBe(0);
  });
});

describe('the reward', () => {
  it('may be a function of your own, which sees the fan-out and the catalog', async () => {
    const seen: FanOut[] = [];
    const reward = (fanOut: FanOut) => {
      seen.push(fanOut);
      const { retrieved, items } = fanOut;
      return new Set(Array.from(retrieved, (i) => items[i].metadata.color)).size / retrieved.length;
    };
    const own = options({ config: { ...config, reward }, stage: 'synthesis' });
    await compile(own);
    const [first] = seen;
    expect(seen.some(({ query }) => /^\w+ or \w+$/.test(query))).toBe(true);
    expect(first.subQueries).toHaveLength(3);
    expect(first.items).toHaveLength(80);
    const { rows, rewards } = await readShard(shardFile(`${own.out}/synthesis`, 0));
    rewards.forEach((value, i) => {
      const colors = new Set(Array.from(rows.subarray(3 * i, 3 * i + 3), (r) => items[r].color));
      expect(value).toBeCloseTo(colors.size / 3);
    });
    const metrics = await readMetrics(`${own.out}/policy/metrics.jsonl`);
    for (const { reward: mean } of metrics) expect(mean).toBeGreaterThan(0.3);
  });

  it('that fails stops the run, which goes on once it is mended', async () => {
    let calls = 0;
    let isBroken = false;
    const reward = () => {
      if (isBroken) throw new Error('no such field');
      return ++calls % 2;
    };
    const onProgress = ({ stage, done }: Progress) => {
      isBroken ||= stage === 'policy/rl' && done === 1;
    };
    const own = options({ config: { ...config, reward }, stage: 'policy', onProgress });
    await expect(compile(own)).rejects.toThrow('no such field');
    expect(Object.keys(await stagesOf(own.out))).toEqual(['encode', 'warm-start']);
    expect(existsSync(`${own.out}/run.lock`)).toBe(false);
    isBroken = false;
    expect(Object.keys((await compile({ ...own, onProgress: undefined })).seconds)).toContain('policy');
    const metrics = await readMetrics(`${own.out}/policy/metrics.jsonl`);
    expect(metrics.map(({ step }) => step)).toEqual([0, 1, 2]);
  });
});

describe('a judge', () => {
  it('says what is relevant where there are no reference sets, by words and vectors unless another is named', async () => {
    const own = options({ stage: 'synthesis' });
    await compile(own);
    const [line] = await readMetrics(`${own.out}/policy/metrics.jsonl`);
    expect(line).toHaveProperty('relevance');
    expect(line).toHaveProperty('diversity');
    const { rewards } = await readShard(shardFile(`${own.out}/synthesis`, 0));
    expect(Math.max(...rewards)).toBeGreaterThan(0);
    expect(Math.max(...rewards)).toBeLessThanOrEqual(1);
  });

  it('may be a module, of which a change is noticed', async () => {
    const path = temp.write('judge.ts', 'export default async ({ items }) => items.map(() => 0);');
    const judge = { kind: 'module', path } as const;
    const own = options({ config: { ...config, reward: { judge } }, stage: 'synthesis' });
    await compile(own);
    expect((await stagesOf(own.out)).synthesis?.meanReward).toBe(0);
    await compile(own);
    temp.write('judge.ts', 'export default ({ items }) => items.map(() => 1);');
    await expect(compile(own)).rejects.toThrow('holds a run with another config.reward.judge;');
  });

  it('may be a language model, which is asked nothing twice by runs that go on or start anew', async () => {
    const stub = await stubChat(({ body }) => {
      const asked = Array.from(body.messages[1].content.matchAll(/^(\d+)\. "(.*)"$/gm));
      // Tents and lamps are what everybody wants.
      const grade = (text: string) => (/tent/.test(text) ? 2 : /lamp/.test(text) ? 1 : 0);
      return JSON.stringify({ grades: Object.fromEntries(asked.map(([, n, text]) => [n, grade(text)])) });
    });
    try {
      const judge = { kind: 'chat', baseUrl: stub.baseUrl, model: 'm', batchSize: 40 } as const;
      const warnings: string[] = [];
      const onProgress = ({ stage, warning }: Progress) =>
        warning && stage === 'judge' && warnings.push(warning);
      const asking = { ...config, reward: { judge } };
      const own = options({ config: asking, stage: 'warm-start', onProgress });
      await compile(own);
      // 71 queries to train on and to validate with, 80 items in two questions.
      expect(warnings).toEqual([
        expect.stringMatching(/^up to about 142 questions are sent to http:.* \(m\), /),
      ]);
      const first = stub.requests.length;
      expect(first).toBeGreaterThan(69);
      expect(readFileSync(`${own.out}/judge/answers.jsonl`, 'utf8').trim().split('\n')).toHaveLength(
        40 * first,
      );
      await compile({ ...own, force: true, config: { ...asking, seed: 2 } });
      expect(stub.requests.length - first).toBeLessThan(10);
      // Where it is found and what it costs is no other judge; another model is.
      const moved = { ...judge, concurrency: 2, prices: { input: 1, output: 1 } };
      await compile({ ...own, stage: 'synthesis', config: { ...asking, seed: 2, reward: { judge: moved } } });
      expect(stub.requests.length).toBeLessThanOrEqual(142);
      const { rewards } = await readShard(shardFile(`${own.out}/synthesis`, 0));
      expect(Math.max(...rewards)).toBeGreaterThan(0);
      const other = { ...asking, seed: 2, reward: { judge: { ...judge, model: 'other' } } };
      await expect(compile({ ...own, config: other })).rejects.toThrow('another config.reward.judge.model;');
    } finally {
      await stub.close();
    }
  });

  it('may be a cross-encoder, which is known by what is in its folder', async () => {
    const model = writeTinyClassifier(temp.path('classifier'));
    const judge = { kind: 'crossEncoder', model } as const;
    const own = options({ config: { ...config, reward: { judge } }, stage: 'warm-start' });
    await compile(own);
    const moved = writeTinyClassifier(temp.path('moved', 'classifier'));
    const elsewhere = { ...config, reward: { judge: { ...judge, model: moved } } };
    await compile({ ...own, config: elsewhere });
    writeTinyClassifier(moved, { seed: 2 });
    await expect(compile({ ...own, config: elsewhere })).rejects.toThrow(
      'holds a run with another config.reward.judge.model;',
    );
  });

  it('needs its API key before anything is asked', async () => {
    const judge = {
      kind: 'chat',
      baseUrl: 'http://localhost:1',
      model: 'm',
      apiKeyEnv: 'R4T_NO_KEY',
    } as const;
    await expect(compile(options({ config: { ...config, reward: { judge } } }))).rejects.toThrow(
      'field "reward.judge.apiKeyEnv": names the environment variable R4T_NO_KEY, which is not set',
    );
  });

  it('goes before reference sets where it is named, which otherwise are the reward', async () => {
    const sets = temp.write('judged.jsonl', [
      { query: 'a tent for the night', items: ['red-tent', 'blue-lamp'], split: 'train' },
    ]);
    const metricsOf = async (reward: UserConfig['reward']) => {
      const own = options({
        config: { ...config, task: 'wscr', reward },
        sets,
        queries: undefined,
        stage: 'policy',
      });
      await compile(own);
      return (await readMetrics(`${own.out}/policy/metrics.jsonl`))[0];
    };
    expect(await metricsOf(undefined)).toHaveProperty('alphaNdcg');
    const judged = await metricsOf({ judge: ({ rows }) => rows.map(() => 1) });
    expect(judged).toMatchObject({ relevance: expect.any(Number) });
    expect(judged).not.toHaveProperty('alphaNdcg');
  });
});

describe('reference sets', () => {
  const set = (query: string, ids: string[], split: string) => ({ query, items: ids, split });
  const sets = [
    set('a tent for the night', ['red-tent', 'blue-lamp'], 'train'),
    set('garden work', ['green-spade', 'grey-boot'], 'train'),
    set('dinner', ['white-plate', 'black-table'], 'test'),
  ];

  it('are what the policy learns to cover by the preset of the paper, with sets of items', async () => {
    const file = temp.write('sets.jsonl', sets);
    const wscr = { ...config, task: 'wscr', budget: 0.3, reward: { preset: 'paper' } } as const;
    const own = options({ config: wscr, queries: undefined, sets: file });
    await compile(own);
    expect(queriesOf(own.out)).toEqual([
      { query: 'a tent for the night', items: [3, 12], split: 'train' },
      { query: 'garden work', items: [27, 74], split: 'train' },
      { query: 'dinner', items: [58, 41], split: 'test' },
    ]);
    const { rows, rewards, table } = await readShard(shardFile(`${own.out}/synthesis`, 0));
    expect(rewards).toHaveLength(2);
    for (const value of rewards) expect([0, 0.5, 1]).toContain(value);
    expect(rows).toHaveLength(6);
    expect(table).toBeUndefined();
    const [line] = await readMetrics(`${own.out}/policy/metrics.jsonl`);
    expect(line).toHaveProperty('coverage');
    const retriever = await Retriever.load(own.out, { encoder, threads: 1 });
    expect((await retriever.search('dinner')).items).toHaveLength(3);
  });

  it('may be joined by training queries without one, for which no sets are made', async () => {
    const file = temp.write('sets.jsonl', sets);
    const open = temp.write('open.jsonl', [
      { query: 'anything red', split: 'train' },
      { query: 'Dinner', split: 'train' },
      { query: 'held out', split: 'test' },
    ]);
    const own = options({
      config: { ...config, task: 'wscr' },
      queries: open,
      sets: file,
      stage: 'synthesis',
    });
    await compile(own);
    // Neither a held-out query of the sets nor an open one that is not for training.
    expect(queriesOf(own.out).map((q) => q.query)).toEqual([
      'a tent for the night',
      'garden work',
      'dinner',
      'anything red',
    ]);
    const { queryOf } = await readShard(shardFile(`${own.out}/synthesis`, 0));
    expect([...queryOf]).toEqual([0, 1]);
  });

  it('are looked for among as many items as the budget says', async () => {
    const found = new Set<number>();
    const reward = ({ withinBudget, reference }: FanOut) => {
      expect(new Set(withinBudget).size).toBe(withinBudget.length);
      expect(reference).toHaveLength(2);
      found.add(withinBudget.length);
      return 1;
    };
    const file = temp.write('sets.jsonl', sets);
    // 30% of 80 items, whatever the sub-queries share.
    const own = options({
      config: { ...config, task: 'wscr', budget: 0.3, reward },
      sets: file,
      stage: 'policy',
    });
    await compile(own);
    expect([...found]).toEqual([24]);
  });

  it('are needed for training, with queries', async () => {
    const wscr = { ...config, task: 'wscr' } as const;
    await expect(compile(options({ config: wscr }))).rejects.toThrow('give --sets with queries and items');
    for (const [lines, problem] of [
      [sets.map(({ items, split }) => ({ items, split })), 'give --sets with queries and items'],
      [sets.slice(2), 'there are no training queries'],
    ] as const) {
      const own = options({ config: wscr, sets: temp.write('bad.jsonl', lines) });
      await expect(compile(own)).rejects.toMatchObject({
        name: 'InputError',
        message: expect.stringContaining(problem),
      });
      expect(existsSync(own.out)).toBe(false);
    }
  });

  it('give open-ended retrieval their queries, all of a query on one side only', async () => {
    const lines = [
      ...sets,
      set('Dinner', ['red-plate'], 'train'),
      set('Garden  work', ['red-plate'], 'train'),
      set('BLUE  or chair', ['red-plate'], 'test'),
    ];
    const own = options({ sets: temp.write('more.jsonl', lines), stage: 'encode' });
    await compile(own);
    const found = queriesOf(own.out);
    expect(found.filter(({ items }) => items.length > 0).map(({ query, split }) => [query, split])).toEqual([
      ['a tent for the night', 'train'],
      ['garden work', 'train'],
      ['dinner', 'test'],
      ['Garden  work', 'train'],
      ['BLUE  or chair', 'test'],
    ]);
    // One of the 72 queries without a set asks the same as a set does.
    expect(found.filter(({ items }) => items.length === 0)).toHaveLength(71);
  });
});

describe('inputs', () => {
  it('without queries: they come from the catalog', async () => {
    const own = options({ queries: undefined, stage: 'encode' });
    await compile(own);
    expect(queriesOf(own.out)).toEqual(catalogQueries((await loadCatalog(catalog)).items));
  });

  it('without training queries are refused', async () => {
    const file = temp.write('test.jsonl', [{ query: 'red', split: 'test' }]);
    await expect(compile(options({ queries: file }))).rejects.toMatchObject({ name: 'InputError', file });
  });

  it('with fewer items than k are refused before anything is written', async () => {
    const own = options({ catalog: temp.write('two.jsonl', items.slice(0, 2)) });
    await expect(compile(own)).rejects.toThrow(
      'two.jsonl: has 2 items, fewer than k = 3; lower k or add items',
    );
    expect(existsSync(own.out)).toBe(false);
  });

  it('with exactly k items and one query make a run', async () => {
    const three = temp.write('three.jsonl', items.slice(0, 3));
    const one = temp.write('one.jsonl', [{ query: 'red', split: 'train' }]);
    const own = options({ catalog: three, queries: one });
    await compile(own);
    const retriever = await Retriever.load(own.out, { encoder, threads: 1 });
    const found = await retriever.search('chair');
    expect(found.items.map(({ id }) => id).sort()).toEqual(['red-chair', 'red-lamp', 'red-table']);
  });

  it('bring their own vectors, which are only projected', async () => {
    const titles = items.map(({ title }) => title);
    const { data, cols } = await letterEncoder.encode(titles);
    const lines = items.map((item, i) => ({ ...item, vector: [...data.subarray(i * cols, (i + 1) * cols)] }));
    const file = temp.write('vectors.jsonl', lines);
    const encoded = options({ stage: 'encode' });
    const own = options({ catalog: file, config: { ...config, encoder: 'precomputed' }, stage: 'encode' });
    await compile(encoded);
    await compile(own);
    const [a, b] = await Promise.all(
      [encoded, own].map(
        async ({ out }) => (await readSafetensors(`${out}/encode/vectors.safetensors`)).tensors,
      ),
    );
    expect(b.vectors.shape).toEqual([80, 8]);
    for (const [i, x] of b.vectors.data.entries()) expect(x).toBeCloseTo(a.vectors.data[i], 4);
  });

  it('with unknown or impossible settings are refused', async () => {
    const wrong = { ...config, polcy: {} } as UserConfig;
    await expect(compile(options({ config: wrong }))).rejects.toThrow('polcy');
    await expect(compile(options({ config: { ...config, k: 1 } }))).rejects.toMatchObject({ field: 'k' });
  });
});
