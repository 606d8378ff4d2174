/** Runs whose sub-queries a language model writes, through everything that uses them. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { evaluateRun } from '../evaluate/evaluateRun.js';
import { type StubChat, type StubReply, stubChat } from '../llm/testing/stubChat.js';
import { FAN_OUTS } from '../policy/ownPolicy.js';
import { letterEncoder } from '../policy/testing/world.js';
import { type FanOutRecord, readFanOuts } from '../policy/written/fanOutFile.js';
import { Retriever } from '../retrieve/retriever.js';
import type { UserConfig } from '../run/config.js';
import { RunFolder } from '../run/runFolder.js';
import { readSets } from '../synthesis/synthesize.js';
import { type CompileOptions, compile } from './compile.js';

const temp = tempFolder();
const COLORS = ['red', 'blue', 'green', 'golden', 'black', 'white'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot', 'shirt'];
const items = COLORS.flatMap((color) =>
  THINGS.map((thing) => ({ id: `${color}-${thing}`, title: `${color} ${thing}`, category: thing })),
);
const catalog = temp.write('catalog.jsonl', items);
const queries = temp.write(
  'queries.jsonl',
  ['room', 'trip', 'dress', 'day'].flatMap((word) =>
    ['red', 'blue', 'green'].map((color) => ({ query: `${color} ${word}`, split: 'train' })),
  ),
);
const WANTED: Readonly<Record<string, readonly string[]>> = {
  room: ['chair', 'table', 'lamp'],
  trip: ['tent', 'boot', 'lamp'],
  dress: ['shirt', 'boot', 'chair'],
  day: ['tent', 'shirt', 'table'],
};
const wantedOf = (query: string) => {
  const [color, word] = query.split(' ');
  return WANTED[word].map((thing) => `${color} ${thing}`);
};
const labelled = (query: string, split: string) => ({
  query,
  items: wantedOf(query).map((title) => title.replace(' ', '-')),
  split,
});
const sets = temp.write('sets.jsonl', [
  ...['golden room', 'golden trip'].map((query) => labelled(query, 'valid')),
  ...['black room', 'white trip', 'black day'].map((query) => labelled(query, 'test')),
]);

/** Knows what belongs to a query, and says it in other words: the first sample of all in the right ones. */
let stub: StubChat;
let reply: (query: string, index: number) => StubReply;
const right = (query: string): StubReply => JSON.stringify({ subQueries: wantedOf(query) });
beforeAll(async () => {
  stub = await stubChat(({ body }, index) => reply(body.messages.at(-1)!.content, index));
});
afterAll(() => stub.close());

const config = () =>
  ({
    k: 3,
    dimensions: 8,
    threads: 1,
    policy: { kind: 'chat', baseUrl: stub.baseUrl, model: 'm', examples: 0 },
    synthesis: { samplesPerQuery: 2 },
    diffusion: { steps: 3, batchSize: 4 },
  }) satisfies UserConfig;
let runs = 0;
const options = (changes: Partial<CompileOptions> = {}): CompileOptions => ({
  catalog,
  queries,
  sets,
  out: temp.path(`run-${runs++}`),
  config: config(),
  encoder: letterEncoder,
  ...changes,
});
const vectors = { rows: 0, cols: 0, data: new Float32Array() };
const setsOf = (out: string) => readSets({ folder: `${out}/synthesis`, queries: 12, vectors });

describe('a run whose sub-queries a language model writes', () => {
  let whole: CompileOptions;
  const warnings: string[] = [];

  beforeAll(async () => {
    reply = right;
    whole = options({ onProgress: ({ warning }) => void (warning && warnings.push(warning)) });
    await compile(whole);
  }, 60_000);

  it('has every fan-out recorded, told beforehand what they take, and trained nothing but the diffusion', async () => {
    const run = await RunFolder.open(whole.out);
    expect([run.stageDone('policy')?.own, run.stageDone('synthesis')?.sets]).toEqual([true, 24]);
    const records = await readFanOuts(run.path(FAN_OUTS));
    const training = records.filter(({ query }) => /red|blue|green/.test(query));
    expect(training).toHaveLength(24);
    expect(training.map(({ subQueries }) => subQueries)).toEqual(
      training.map(({ query }) => wantedOf(query)),
    );
    expect(new Set(training.map(({ query, sample }) => `${query}/${sample}`)).size).toBe(24);
    expect(warnings[0]).toMatch(/^23 fan-outs are to be written by m \(http:.*\), about .* tokens, about /);
  });

  it('finds by words and vectors what was written: here just what belongs together', async () => {
    const { rows, queryOf } = await setsOf(whole.out);
    const texts = readFileSync(queries, 'utf8').trim().split('\n');
    queryOf.forEach((query, set) => {
      const found = Array.from(rows.subarray(set * 3, set * 3 + 3), (row) => items[row].title);
      expect(found).toEqual(wantedOf(JSON.parse(texts[query]).query));
    });
  });

  it('is evaluated: zero-shot, the best of five, and what was compiled of them', async () => {
    const before = stub.requests.length;
    const { methods } = await evaluateRun(whole.out, { encoder: letterEncoder, threads: 1, steps: [] });
    expect(methods.has('folm')).toBe(false);
    for (const name of ['zeroShot', 'bestOfN', 'plain', 'diffusion'] as const)
      expect(methods.get(name)?.metrics.alphaNdcgAtK).toHaveLength(3);
    expect([...methods.get('zeroShot')!.metrics.recallAtK!]).toEqual([1, 1, 1]);
    const asked = stub.requests.length - before;
    // Five samples of three test and two validation queries; compiling has asked for one of each validation query.
    expect(asked).toBe(5 * 3 + 4 * 2);
    await evaluateRun(whole.out, { encoder: letterEncoder, threads: 1, steps: [], methods: ['bestOfN'] });
    expect(stub.requests.length - before).toBe(asked);
  });

  it('answers as folm, asking the model only for what is not recorded, and keeps nothing', async () => {
    await using retriever = await Retriever.load(whole.out, { encoder: letterEncoder, threads: 1 });
    const records = readFileSync(`${whole.out}/${FAN_OUTS}`, 'utf8');
    const { items: found } = await retriever.search('white dress', { method: 'folm' });
    expect(found.map(({ subQuery, title }) => [subQuery, title]).sort()).toEqual(
      wantedOf('white dress')
        .map((title) => [title, title])
        .sort(),
    );
    expect(readFileSync(`${whole.out}/${FAN_OUTS}`, 'utf8')).toBe(records);
  });

  it('is the same from the record alone', async () => {
    const asked = stub.requests.length;
    const path = temp.write('shared.jsonl', readFileSync(`${whole.out}/${FAN_OUTS}`));
    const policy = { kind: 'recorded', path } as const;
    const own = options({ config: { ...config(), policy } });
    await compile(own);
    expect((await setsOf(own.out)).rows).toEqual((await setsOf(whole.out)).rows);
    const { methods } = await evaluateRun(own.out, { encoder: letterEncoder, threads: 1, steps: [] });
    expect([...methods.get('zeroShot')!.metrics.recallAtK!]).toEqual([1, 1, 1]);
    expect(methods.has('bestOfN')).toBe(true);
    expect(stub.requests.length).toBe(asked);
    rmSync(policy.path);
    await using retriever = await Retriever.load(own.out, { encoder: letterEncoder, threads: 1 });
    expect((await retriever.search('white dress', { method: 'folm' })).fallback).toBe(
      'the policy of this run is a recording, which knows no other queries',
    );
    expect((await retriever.search('white dress', { method: 'diffusion' })).items).toHaveLength(3);
  }, 60_000);

  it('is searched without a key, and says which it needs where the model is asked after all', async () => {
    const policy = { ...config().policy, apiKeyEnv: 'R4T_NO_SUCH_KEY' };
    await compile({ ...whole, config: { ...config(), policy } });
    await using retriever = await Retriever.load(whole.out, { encoder: letterEncoder, threads: 1 });
    expect((await retriever.search('white day', { method: 'diffusion' })).items).toHaveLength(3);
    await expect(retriever.search('white day', { method: 'folm' })).rejects.toThrow(
      'field "policy.apiKeyEnv": names the environment variable R4T_NO_SUCH_KEY, which is not set',
    );
    await compile(whole);
  });

  it('may go on with a model elsewhere, and not with another', async () => {
    const elsewhere = { ...config().policy, baseUrl: 'http://127.0.0.1:1', concurrency: 9 };
    await compile({ ...whole, config: { ...config(), policy: elsewhere } });
    const other = { ...config().policy, model: 'other' };
    await expect(compile({ ...whole, config: { ...config(), policy: other } })).rejects.toThrow(
      'holds a run with another config.policy.model',
    );
  });

  it('teaches the pointer as well, which imitates what was found', async () => {
    const policy = {
      kind: 'pointer',
      fanOuts: `${whole.out}/${FAN_OUTS}`,
      warmStartSteps: 60,
      steps: 0,
    } as const;
    const own = options({ config: { ...config(), policy }, stage: 'policy' });
    await compile(own);
    const plain = options({
      config: { ...config(), policy: { ...policy, fanOuts: undefined } },
      stage: 'policy',
    });
    await compile(plain);
    const run = await RunFolder.open(own.out);
    expect(run.manifest.modules?.fanOuts?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const rightOf = async (out: string) => {
      const { methods } = await evaluateRun(out, {
        encoder: letterEncoder,
        threads: 1,
        methods: ['untrained'],
      });
      return methods.get('untrained')!.metrics.recallAtK!.reduce((sum, x) => sum + x, 0);
    };
    expect(await rightOf(own.out)).toBeGreaterThan(await rightOf(plain.out));
    const labels = [
      ...readFileSync(sets, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      labelled('white day', 'train'),
    ];
    const both = options({ config: { ...config(), policy }, sets: temp.write('both.jsonl', labels) });
    await expect(compile(both)).rejects.toThrow('field "policy.fanOuts": is for runs without reference sets');
  }, 60_000);
});

describe('a run that was interrupted', () => {
  it('pays for nothing again, and ends as if it had not been', async () => {
    const calm = options();
    reply = right;
    await compile({ ...calm, stage: 'synthesis' });
    const own = options();
    let down = true;
    const first = stub.requests.length;
    reply = (query, index) => (down && index - first >= 10 ? { status: 402 } : right(query));
    await expect(compile({ ...own, stage: 'synthesis' })).rejects.toThrow('answered 402');
    const kept = (await readFanOuts(`${own.out}/${FAN_OUTS}`)).length;
    expect(kept).toBeGreaterThanOrEqual(7);
    // Killed while a line was written.
    writeFileSync(`${own.out}/${FAN_OUTS}`, '{"query":"red ro', { flag: 'a' });
    down = false;
    const before = stub.requests.length;
    await compile({ ...own, stage: 'synthesis' });
    expect(stub.requests.length - before).toBe(24 - kept);
    expect((await setsOf(own.out)).rows).toEqual((await setsOf(calm.out)).rows);
    const all = await readFanOuts(`${own.out}/${FAN_OUTS}`);
    const name = ({ query, sample }: FanOutRecord) => `${query}/${sample}`;
    expect(new Set(all.map(name)).size).toBe(24);
  });

  it('says what is wrong with a recording', async () => {
    const other = { query: 'x', sample: 0, subQueries: ['y'], model: 'm', promptHash: 'p', seed: 1 };
    const policy = (path: string) => ({ ...config(), policy: { kind: 'recorded', path } as const });
    await expect(compile(options({ config: policy(temp.path('none.jsonl')) }))).rejects.toThrow(
      'none.jsonl: does not exist',
    );
    const foreign = policy(temp.write('foreign.jsonl', [other]));
    await expect(compile(options({ config: foreign }))).rejects.toThrow(
      'field "policy.path": has no fan-out of a training query',
    );
    const torn = policy(temp.write('wrong.jsonl', [other, { ...other, seed: 'one' }]));
    await expect(compile(options({ config: torn }))).rejects.toThrow('wrong.jsonl:2: field "seed": expected');
  });
});
