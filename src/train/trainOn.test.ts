/** What a job has in it, and how its adapter becomes a run's policy; the job itself is a stub here. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { compile } from '../compile/compile.js';
import { readAdapter, writeAdapter } from '../policy/pretrained/files/adapter.js';
import { writeSafetensorsModel } from '../policy/pretrained/files/index.js';
import {
  byteTokenizer,
  tinyModel,
  tinySettings,
  tinyWeights,
} from '../policy/pretrained/files/testing/tinyModel.js';
import { LORA_TARGETS, loraNames } from '../policy/pretrained/lora.js';
import { letterEncoder } from '../policy/testing/world.js';
import { CounterRandom } from '../random.js';
import type { UserConfig } from '../run/config.js';
import { RunFolder } from '../run/runFolder.js';
import { CONFIG, compileTiny, ITEMS, SETS } from '../serve/testing/tinyRun.js';
import { type TrainOptions, trainOn } from './trainOn.js';

const temp = tempFolder();
const SETTINGS = { ...tinySettings('llama'), maxPositions: 512 };
const lora = { rank: 2, alpha: 4, targets: LORA_TARGETS };
let runs = 0;

async function tinyRun(stage: 'encode' | 'warm-start', changes: object = {}, more: object = {}) {
  const name = `run-${runs++}`;
  const model = temp.path('model');
  if (!existsSync(model))
    await writeSafetensorsModel(model, {
      ...tinyModel('llama', byteTokenizer()),
      weights: tinyWeights(SETTINGS),
    });
  const policy = {
    kind: 'pretrained',
    model,
    lora,
    steps: 3,
    warmStartSteps: 1,
    queriesPerStep: 2,
    ...changes,
  };
  const config = { ...CONFIG, task: 'wscr', policy, ...more } as UserConfig;
  const catalog = temp.write(`${name}.jsonl`, ITEMS);
  const sets = temp.write(`${name}-sets.jsonl`, SETS);
  const options = { catalog, sets, out: temp.path(name), config, encoder: letterEncoder };
  await compile({ ...options, stage });
  return options;
}

let close: (() => void)[] = [];
afterEach(() => {
  for (const one of close) one();
  close = [];
});

async function serve(answer: (what: string, body: Buffer) => { status?: number; body?: string | Buffer }) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const what = `${request.method} ${request.url}`;
    asked.push(what);
    const { status = 200, body = '{}' } = answer(what, Buffer.concat(chunks));
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A Ray whose job has these states, one a look; it is not there before it is submitted. */
async function stubRay(states: readonly string[]) {
  let submitted: Record<string, unknown> | undefined;
  let looks = 0;
  const stub = await serve((what, body) => {
    if (what.startsWith('GET /api/packages')) return { status: 404 };
    if (what.startsWith('POST /api/jobs/')) submitted = JSON.parse(body.toString());
    if (what.endsWith('/logs'))
      return { body: JSON.stringify({ logs: 'step 1\nstep 2\n'.slice(0, 7 * looks) }) };
    if (!what.startsWith('GET /api/jobs/r4t-')) return {};
    if (!submitted || !what.endsWith(String(submitted.submission_id))) return { status: 404 };
    const status = states[Math.min(looks++, states.length - 1)];
    return { body: JSON.stringify({ status, message: 'it said so', start_time: 1000, end_time: 5000 }) };
  });
  return { ...stub, submitted: () => submitted };
}

/** An adapter of the tiny model, as a trainer would send it, behind a reward service. */
async function stubReward(form: { rank: number; alpha: number } = lora) {
  const weights = tinyWeights(SETTINGS);
  const tensors: Record<string, { shape: number[]; data: Float32Array }> = {};
  for (const name of weights.names) {
    if (!LORA_TARGETS.some((target) => name.endsWith(`.${target}.weight`))) continue;
    const [out, into] = weights.shape(name);
    const { A, B } = loraNames(name);
    for (const [key, shape] of [
      [A, [form.rank, into]],
      [B, [out, form.rank]],
    ] as const)
      tensors[key] = {
        shape: [...shape],
        data: new CounterRandom(7, key).fillNormal(new Float32Array(shape[0] * shape[1]), 0.1),
      };
  }
  const folder = temp.path(`sent-${form.rank}-${form.alpha}`);
  await writeAdapter(folder, { lora: { ...lora, ...form }, tensors });
  const stub = await serve((what) =>
    what.startsWith('POST') ? {} : { body: readFileSync(`${folder}/${what.split('/').at(-1)}`) },
  );
  return { ...stub, tensors };
}

const asOn = (options: Partial<TrainOptions>): TrainOptions => ({
  reward: 'http://127.0.0.1:1',
  pollMs: 1,
  ...options,
});

describe('trainOn', () => {
  it('writes a job of the training queries alone, whose id is that of its contents', async () => {
    const { out } = await tinyRun('encode');
    const { id, folder, trained } = await trainOn(out, asOn({}));
    expect(trained).toBe(false);
    const rows = readFileSync(`${folder}/train.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ query }) => query)).toEqual(['sitting', 'light']);
    expect(rows[0]).toMatchObject({
      prompt: [
        { role: 'system', content: expect.stringContaining('write 4 short') },
        { role: 'user', content: 'sitting' },
      ],
      reward_model: { ground_truth: 'sitting' },
    });
    const settings = JSON.parse(readFileSync(`${folder}/job.json`, 'utf8'));
    expect(settings).toMatchObject({ steps: 3, klReverse: 0.05, lora: { rank: 2 }, maxCompletionLength: 40 });
    for (const name of ['train_trl.py', 'soft_grpo_trainer.py', 'r4t_reward.py', 'send_adapter.py'])
      expect(existsSync(`${folder}/${name}`)).toBe(true);
    expect(existsSync(`${folder}/adapter`)).toBe(false);
    expect((await trainOn(out, asOn({ reward: 'http://elsewhere:1' }))).id).toBe(id);
    expect((await trainOn((await tinyRun('encode', { steps: 4 })).out, asOn({}))).id).not.toBe(id);
    // Another reward is another training.
    const [other, same] = [
      await tinyRun('encode', {}, { reward: { preset: 'paper' } }),
      await tinyRun('encode'),
    ];
    expect((await trainOn(other.out, asOn({}))).id).not.toBe(id);
    expect((await trainOn(same.out, asOn({}))).id).toBe(id);
    const verl = await trainOn(out, asOn({ nodes: 2, gpus: 8 }));
    expect(verl.id).not.toBe(id);
    const script = readFileSync(`${verl.folder}/train_verl.sh`, 'utf8');
    expect(script).toContain('"trainer.nnodes=2"');
    expect(script).toContain('"reward.custom_reward_function.path=r4t_reward.py"');
  });

  it('submits, follows and brings the adapter back; a run goes on with it', async () => {
    const options = await tinyRun('encode');
    const ray = await stubRay(['PENDING', 'RUNNING', 'RUNNING', 'SUCCEEDED']);
    const reward = await stubReward();
    const lines: string[] = [];
    let logs = '';
    const { id, trained } = await trainOn(
      options.out,
      asOn({
        on: ray.url,
        reward: reward.url,
        apiKey: 'k',
        onStatus: (line) => void lines.push(line),
        onLog: (text) => {
          logs += text;
        },
      }),
    );
    expect(trained).toBe(true);
    expect(lines).toEqual([
      `submitted job ${id}`,
      ...['PENDING', 'RUNNING', 'SUCCEEDED'].map((status) => `job ${id} is ${status}`),
    ]);
    expect(logs).toBe('step 1\nstep 2\n');
    expect(ray.submitted()).toMatchObject({
      submission_id: id,
      entrypoint: 'python train_trl.py',
      runtime_env: { env_vars: { R4T_JOB: id, R4T_REWARD_URL: reward.url, R4T_API_KEY: 'k' } },
    });
    const run = await RunFolder.open(options.out);
    expect(run.stageDone('policy')).toMatchObject({ seconds: 4, job: id });
    const { tensors } = await readAdapter(run.path('policy', 'adapter'));
    for (const [name, { data }] of Object.entries(reward.tensors))
      expect([...(tensors[name].data as Float32Array)]).toEqual([...data]);
    await compile({ ...options, stage: 'synthesis' });
    expect((await RunFolder.open(options.out)).stageDone('synthesis')).toBeDefined();
  });

  it('begins with what the warm-up has learnt', async () => {
    const { out } = await tinyRun('warm-start');
    const { folder } = await trainOn(out, asOn({}));
    const { tensors } = await readAdapter(`${folder}/adapter`);
    expect(
      Object.values(tensors).some(({ data }) => Array.from(data as Float32Array).some((x) => x !== 0)),
    ).toBe(true);
    expect(Object.keys(tensors).length).toBe(2 * 2 * LORA_TARGETS.length);
  });

  it('tells why a job failed, and takes no adapter of another form', async () => {
    const { out } = await tinyRun('encode');
    const { url: reward } = await serve(() => ({}));
    const failing = await stubRay(['FAILED']);
    await expect(trainOn(out, asOn({ on: failing.url, reward }))).rejects.toThrow(
      /^job r4t-[0-9a-f]{16} failed: it said so; the same command submits it anew$/,
    );
    const again: string[] = [];
    const retried = trainOn(
      out,
      asOn({ on: failing.url, reward, onStatus: (line) => void again.push(line) }),
    );
    await expect(retried).rejects.toThrow(/^job r4t-[0-9a-f]{16}-2 failed/);
    expect(again[0]).toMatch(/^submitted job r4t-[0-9a-f]{16}-2, as the last has failed$/);
    const done = await stubRay(['SUCCEEDED']);
    const { url } = await stubReward({ rank: 3, alpha: 4 });
    await expect(trainOn(out, asOn({ on: done.url, reward: url }))).rejects.toThrow(
      /is an adapter of rank, alpha and targets 3, 4, .*; the run's config says 2, 4, /,
    );
    expect((await RunFolder.open(out)).stageDone('policy')).toBeUndefined();
    const without = await serve((what) => ({ status: what.startsWith('POST') ? 200 : 404, body: 'none' }));
    await expect(trainOn(out, asOn({ on: done.url, reward: without.url }))).rejects.toThrow(
      'answered 404: none; to train it anew, let Ray forget the job',
    );
  });

  it('asks the reward service before anything is submitted', async () => {
    const { out } = await tinyRun('encode');
    const ray = await stubRay(['PENDING']);
    const reading = await serve(() => ({ status: 403 }));
    await expect(trainOn(out, asOn({ on: ray.url, reward: reading.url }))).rejects.toThrow(
      'refuses the key; set R4T_API_KEY to a full key of it',
    );
    await expect(trainOn(out, asOn({ on: ray.url }))).rejects.toThrow('is r4t serve-reward running there?');
    expect(ray.asked).toEqual([]);
  });

  it('refuses what cannot be trained elsewhere', async () => {
    const pointer = await compileTiny(temp, { out: 'pointer', stage: 'encode' });
    await expect(trainOn(pointer, asOn({}))).rejects.toThrow(
      'only a policy of kind "pretrained" is trained elsewhere',
    );
  });
});
