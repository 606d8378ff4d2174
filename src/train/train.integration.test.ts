/** Trainers of others against the reward service: TRL on this machine, and as a job on a Ray cluster of one node. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { compile } from '../compile/compile.js';
import { compiledReward } from '../compile/compiledReward.js';
import { RunJudge } from '../compile/runJudge.js';
import { retrieveFanOuts } from '../policy/fanOut.js';
import { subQueriesOf } from '../policy/pretrained/fanOutText.js';
import { readAdapter } from '../policy/pretrained/files/adapter.js';
import { writeSafetensorsModel } from '../policy/pretrained/files/index.js';
import {
  byteTokenizer,
  tinyModel,
  tinySettings,
  tinyWeights,
} from '../policy/pretrained/files/testing/tinyModel.js';
import { letterEncoder } from '../policy/testing/world.js';
import { completionOf } from '../policy/written/writingPolicy.js';
import { loadRun } from '../retrieve/loadRun.js';
import { evaluateReward } from '../reward/evaluateReward.js';
import type { UserConfig } from '../run/config.js';
import { RunFolder } from '../run/runFolder.js';
import { parseKeys } from '../serve/http/auth.js';
import { type RunningRewardServer, startRewardServer } from '../serve/reward/rewardServer.js';
import { ITEMS, SETS } from '../serve/testing/tinyRun.js';
import { missingModules, PYTHON, python, startRay, TESTS } from './testing/python.js';
import { stopJob, trainOn } from './trainOn.js';

const temp = tempFolder();
const KEY = 'full-key-for-the-tests';
const K = 4;

const noTrl = await missingModules('trl', 'peft', 'torch');
const noRay = noTrl ?? (await missingModules('ray'));
for (const reason of new Set([noTrl, noRay])) if (reason) console.warn(`skipped: ${reason}`);

/** A Llama of two layers with random weights, and a run that tunes it. */
async function tinyRun(name: string, more: UserConfig = { task: 'wscr' }) {
  const model = temp.path(`${name}-model`);
  const settings = { ...tinySettings('llama'), maxPositions: 512 };
  await writeSafetensorsModel(model, {
    ...tinyModel('llama', byteTokenizer()),
    weights: tinyWeights(settings),
  });
  const catalog = temp.write(`${name}.jsonl`, ITEMS);
  const sets = temp.write(`${name}-sets.jsonl`, SETS);
  const config: UserConfig = {
    ...more,
    k: K,
    dimensions: 8,
    threads: 1,
    policy: {
      kind: 'pretrained',
      model,
      lora: { rank: 4, alpha: 8 },
      steps: 3,
      queriesPerStep: 2,
      groupSize: 4,
      learningRate: 1e-3,
    },
    synthesis: { samplesPerQuery: 1 },
    diffusion: { steps: 2, batchSize: 4, samplerSteps: 2 },
  };
  const out = temp.path(name);
  const options = { catalog, sets, out, config, encoder: letterEncoder };
  await compile({ ...options, stage: 'encode' });
  return { model, out, options };
}

const serve = (run: string): Promise<RunningRewardServer> =>
  startRewardServer({
    run,
    host: '127.0.0.1',
    port: 0,
    keys: parseKeys(`full:${KEY}`, {}),
    seconds: 120,
    queue: 1000,
    threads: 1,
    encoder: letterEncoder,
    log: pino({ level: 'silent' }),
  });

/** The reward as a training in this process computes it. */
async function ownRewards(folder: string, seen: readonly { query: string; completion: string }[]) {
  const { run, config, workspace, release } = await loadRun(folder, {
    encoder: letterEncoder,
    methods: ['plain'],
    threads: 1,
  });
  const judge = new RunJudge({ run, config, workspace, runtime: {}, queries: [] });
  const { reward, judge: asked } = await compiledReward({ run, config, workspace, judge });
  const texts = seen.map(({ query }) => query);
  const batch = {
    texts,
    vectors: await workspace.encoder.encode(texts),
    references: texts.map((text) => workspace.queries.find(({ query }) => query === text)!.items),
  };
  const completions = seen.map(({ query, completion }, i) => ({
    ...completionOf(subQueriesOf(completion, K, query), K),
    query: i,
  }));
  const fanOuts = await retrieveFanOuts(completions, batch, { ...workspace, judge: asked });
  const rewards = fanOuts.map((fanOut) => evaluateReward(reward, fanOut).reward);
  await judge.release();
  await release();
  return rewards;
}

describe.skipIf(noTrl)(`TRL (${PYTHON})`, () => {
  it("has Soft-GRPO's loss and gradient of our engine", async () => {
    const found = JSON.parse(await python([join(TESTS, 'check_loss.py')])) as Record<string, number>;
    expect(found.loss).toBeLessThan(1e-5);
    expect(found.gradient).toBeLessThan(1e-5);
    expect(found.largestGradient).toBeGreaterThan(1e-3);
  });

  it('trains three steps on rewards that are ours', async () => {
    const { out, model } = await tinyRun('trl', { task: 'oar', reward: { preset: 'paper' } });
    const { folder } = await trainOn(out, { reward: 'http://127.0.0.1:1' });
    const server = await serve(out);
    try {
      const report = temp.path('seen.json');
      const env = { R4T_REWARD_URL: server.url, R4T_API_KEY: KEY };
      await python([join(TESTS, 'trl_steps.py'), model, join(folder, 'train.jsonl'), report], env);
      const { seen, solo, stepRewards } = JSON.parse(readFileSync(report, 'utf8')) as {
        seen: { query: string; completion: string; reward: number }[];
        solo: number[];
        stepRewards: number[];
      };
      expect(seen).toHaveLength(24);
      expect(new Set(seen.map(({ query }) => query))).toEqual(new Set(['sitting', 'light']));
      const own = await ownRewards(out, seen);
      seen.forEach(({ reward }, i) => {
        expect(Math.abs(reward - own[i])).toBeLessThan(1e-6);
      });
      expect(new Set(own).size).toBeGreaterThan(3);
      // verl's way, one at a time; and what TRL has made of them.
      expect(solo).toEqual(seen.slice(0, 4).map(({ reward }) => reward));
      stepRewards.forEach((mean, step) => {
        const of = own.slice(8 * step, 8 * step + 8);
        expect(mean).toBeCloseTo(of.reduce((a, b) => a + b) / 8, 5);
      });
    } finally {
      await server.close(1);
    }
  });
});

describe.skipIf(noRay)('r4t train on Ray', () => {
  // Sockets lie below it, whose paths must be short.
  let folder: string;
  let ray: Awaited<ReturnType<typeof startRay>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'r4t-ray-'));
    ray = await startRay(folder);
  });
  afterAll(async () => {
    await ray?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('stops, submits anew, leaves, attaches, and brings the adapter back into a run that goes on with it', async () => {
    const { out, options } = await tinyRun('ray');
    const server = await serve(out);
    const lines: string[] = [];
    let logs = '';
    const asked = {
      on: ray.url.replace('http:', 'ray:'),
      reward: server.url,
      apiKey: KEY,
      pollMs: 500,
      onStatus: (line: string) => void lines.push(line),
      onLog: (text: string) => {
        logs += text;
      },
    };
    /** Leaves as soon as a line says this. */
    const leaveAt = async (said: string) => {
      const stop = new AbortController();
      const reason = new Error('left');
      const onStatus = (line: string) => {
        lines.push(line);
        if (line.endsWith(said)) stop.abort(reason);
      };
      await expect(trainOn(out, { ...asked, onStatus, signal: stop.signal })).rejects.toBe(reason);
    };
    try {
      await leaveAt('is RUNNING');
      const stopped = await stopJob(out, asked);
      await leaveAt('as the last was stopped');
      const { id, trained } = await trainOn(out, asked);
      expect([stopped, trained]).toEqual([id, true]);
      expect(lines).toContain(`submitted job ${id}`);
      expect(lines).toContain(`job ${id} is STOPPED`);
      expect(lines).toContain(`submitted job ${id}-2, as the last was stopped`);
      expect(lines.some((line) => line.startsWith(`attached to job ${id}-2, which is `))).toBe(true);
      expect(lines.at(-1)).toBe(`job ${id}-2 is SUCCEEDED`);
      expect(logs).toContain(`adapter of ${id} sent`);

      const run = await RunFolder.open(out);
      expect(run.stageDone('policy')).toMatchObject({ job: id, status: 'done' });
      const { lora, tensors } = await readAdapter(run.path('policy', 'adapter'));
      expect(lora).toMatchObject({ rank: 4, alpha: 8 });
      // Something was learnt: B begins as zeros.
      const learnt = Object.entries(tensors).filter(([name]) => name.includes('lora_B'));
      expect(learnt.some(([, { data }]) => Array.from(data as Float32Array).some((x) => x !== 0))).toBe(true);
      await expect(trainOn(out, asked)).rejects.toThrow('has a trained policy');

      const { seconds } = await compile(options);
      expect(seconds.diffusion).toBeGreaterThan(0);
      expect((await RunFolder.open(out)).stageDone('policy')).toMatchObject({ job: id });
    } finally {
      await server.close(1);
    }
  });

  it('says that a job has failed, and why', async () => {
    const { out } = await tinyRun('failing');
    const server = await serve(out);
    rmSync(temp.path('failing-model'), { recursive: true });
    const asked = { on: ray.url, reward: server.url, apiKey: KEY, pollMs: 500 };
    await expect(trainOn(out, asked)).rejects.toThrow(
      /^job r4t-[0-9a-f]{16} failed: .*; the same command submits it anew$/,
    );
    await server.close(1);
  });
});
