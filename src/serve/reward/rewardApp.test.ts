import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { compiledReward, rewardWithoutLabels } from '../../compile/compiledReward.js';
import { RunJudge } from '../../compile/runJudge.js';
import { retrieveFanOuts } from '../../policy/fanOut.js';
import { letterEncoder } from '../../policy/testing/world.js';
import { completionOf } from '../../policy/written/writingPolicy.js';
import { loadRun } from '../../retrieve/loadRun.js';
import { evaluateReward } from '../../reward/evaluateReward.js';
import { parseKeys } from '../http/auth.js';
import { CONFIG, compileTiny, SETS } from '../testing/tinyRun.js';
import { createRewardApp, type RewardAppOptions } from './rewardApp.js';
import { RewardEngine, type Written } from './rewardEngine.js';
import type { RewardResponse } from './schemas.js';

const temp = tempFolder();
const K = CONFIG.k!;

const withSets = async () => {
  const again = { query: 'sitting', items: ['green-chair', 'red-table', 'blue-lamp'], split: 'train' };
  const config = { ...CONFIG, task: 'wscr' as const };
  return compileTiny(temp, { out: 'sets', sets: [...SETS, again], config, stage: 'encode' });
};
const open = async (folder: string) => RewardEngine.load(folder, { encoder: letterEncoder, threads: 1 });

function appOf(engine: Pick<RewardEngine, 'reward'>, options: Partial<RewardAppOptions> = {}) {
  const app = createRewardApp({ engine, adapters: temp.path('adapters'), ...options });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.request('/get_reward', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { ...app, post };
}

/** Any reward, to see what is asked. */
const stub = (asked: Written[] = []) => ({
  async reward(written: readonly Written[]) {
    asked.push(...written);
    return written.map(({ completion }) =>
      completion === 'bad'
        ? new Error('the reward threw')
        : { reward: completion.length, components: {}, usable: completion !== '' },
    );
  },
});

describe('RewardEngine', () => {
  it('rewards as the training does: by reference sets, without them by the judge', async () => {
    const folder = await withSets();
    const engine = await open(folder);
    const lists = [
      ['red lamp', 'golden lamp', 'blue table', 'lamp'],
      ['green boot', 'red chair', 'lamp', 'tent'],
    ];
    const asked = ['light', 'supper', 'camping', 'never heard of'].flatMap((query) =>
      lists.map((list) => ({ query, completion: list.join('\n') })),
    );
    const found = (await engine.reward(asked)).map((one) => {
      if (one instanceof Error) throw one;
      return one;
    });
    const { run, config, workspace, release } = await loadRun(folder, {
      encoder: letterEncoder,
      methods: ['plain'],
      threads: 1,
    });
    const judge = new RunJudge({ run, config, workspace, runtime: {}, queries: [] });
    const options = { run, config, workspace, judge };
    for (const [i, { query }] of asked.entries()) {
      // Test sets are not looked at.
      const record = workspace.queries.find((one) => one.query === query && one.split !== 'test');
      const from = await (record ? compiledReward(options) : rewardWithoutLabels(options));
      const batch = {
        texts: [query],
        vectors: await workspace.encoder.encode([query]),
        references: [record?.items ?? []],
      };
      const completions = [{ ...completionOf(lists[i % 2], K), query: 0 }];
      const [fanOut] = await retrieveFanOuts(completions, batch, { ...workspace, judge: from.judge });
      const expected = evaluateReward(from.reward, fanOut);
      expect(found[i].reward).toBeCloseTo(expected.reward, 6);
      expect(found[i].gains).toEqual(expected.gains);
    }
    // "light" has these three items, and alpha-nDCG is 1 where they come first.
    expect(found[0].reward).toBeGreaterThan(0.9);
    expect(Object.keys(found[0].components)).toEqual(['alphaNdcg', 'recall']);
    expect(Object.keys(found[4].components)).toEqual(['relevance', 'diversity']);
    await judge.release();
    await release();
    await engine.release();
  });

  it('takes the mean over the sets of a query, in whatever batch, and gives the same twice', async () => {
    const engine = await open(await withSets());
    const completion = 'red chair\nblue chair\ngolden chair\ngreen chair';
    const asked = { query: ' Sitting', completion };
    const [alone] = await engine.reward([asked]);
    const others = [
      { query: 'light', completion: 'lamp' },
      { query: 'x', completion: '' },
    ];
    const [, together, last] = await engine.reward([others[0], asked, others[1]]);
    expect(together).toEqual(alone);
    expect(last).toMatchObject({ usable: false });
    expect(await engine.reward([asked])).toEqual([alone]);
    // Three of three in one set, one of three in the other.
    expect(alone).toMatchObject({ components: { recall: { raw: (1 + 1 / 3) / 2 } } });
    await engine.release();
  });

  it('refuses a run whose reward was a function', async () => {
    const config = { ...CONFIG, reward: () => 1 };
    const folder = await compileTiny(temp, { out: 'own', config, stage: 'encode' });
    await expect(open(folder)).rejects.toThrow('was compiled with a function as its reward or judge');
  });
});

describe('the reward service', () => {
  it("answers in OpenRLHF's form", async () => {
    const engine = await open(await withSets());
    const { post } = appOf(engine);
    const prompts = ['<|im_start|>user\nlight<|im_end|>\n', '<|im_start|>user\nlight<|im_end|>\n'];
    const query = [`${prompts[0]}red lamp\ngolden lamp\nblue table<|im_end|>`, `${prompts[1]}<|im_end|>`];
    const response = await post({ query, prompts, labels: ['light', 'light'], gains: true });
    const { rewards, scores, extra_logs, gains } = (await response.json()) as RewardResponse;
    const [first, second] = await engine.reward([
      { query: 'light', completion: 'red lamp\ngolden lamp\nblue table' },
      { query: 'light', completion: '' },
    ]);
    expect(rewards).toEqual([first, second].map((one) => 'reward' in one && one.reward));
    expect(scores).toEqual(rewards);
    expect(extra_logs).toMatchObject({ alphaNdcg: rewards, usable: [1, 0] });
    expect(gains?.[0]).toHaveLength(K);
    await engine.release();
  });

  it('takes the prompt for what is searched for where there are no labels', async () => {
    const asked: Written[] = [];
    const { post } = appOf(stub(asked));
    await post({ query: ['camping: tent'], prompts: ['camping'] });
    await post({ query: ['tent'], labels: ['camping'] });
    await post({ query: ['camping tent'], prompts: ['camping'], labels: [null], more: 1 });
    expect(asked).toEqual([
      { query: 'camping', completion: ': tent' },
      { query: 'camping', completion: 'tent' },
      { query: 'camping', completion: ' tent' },
    ]);
  });

  it('answers what arrives together by one call', async () => {
    const calls: number[] = [];
    const inner = stub();
    const { post } = appOf({
      reward(written) {
        calls.push(written.length);
        return inner.reward(written);
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post({ query: ['x'.repeat(i)], labels: ['q'] })),
    );
    const rewards = await Promise.all(answers.map(async (one) => (await one.json()) as RewardResponse));
    expect(rewards.map((one) => one.rewards[0])).toEqual([...Array(20).keys()]);
    expect(calls.length).toBeLessThan(20);
  });

  it.each([
    [{ query: [] }, 'query: '],
    [{ query: 'tent' }, 'query: expected array'],
    [{ query: ['a', 'b'], labels: ['x'] }, 'labels: has 1 entries, "query" has 2; send one for each'],
    [{ query: ['a'], prompts: ['a', 'b'] }, 'prompts: has 2 entries, "query" has 1'],
    [{ query: ['a'] }, 'labels[0]: is missing; say what the completion was to search for'],
    [{ query: ['tent'], prompts: ['camping'] }, 'query[0]: does not have prompts[0] in it'],
    ['{', 'the body: is not valid JSON'],
  ])('refuses %j in one line', async (body, detail) => {
    const response = await appOf(stub()).post(body);
    expect(response.status).toBe(400);
    const problem = (await response.json()) as { detail: string };
    expect(problem.detail).toContain(detail);
    expect(problem.detail).not.toContain('\n');
  });

  it('fails one completion without the others that it is answered with', async () => {
    const { post } = appOf(stub());
    const [bad, good] = await Promise.all([
      post({ query: ['bad'], labels: ['q'] }),
      post({ query: ['fine'], labels: ['q'] }),
    ]);
    expect([bad.status, good.status]).toEqual([500, 200]);
  });

  it('asks for keys, also as the password of a URL, and says how it is', async () => {
    const keys = parseKeys('read:reading-key-0123456\nfull:writing-key-0123456', {});
    const { post, request, drain } = appOf(stub(), { keys });
    const body = { query: ['a'], labels: ['q'] };
    const basic = `Basic ${Buffer.from('r4t:reading-key-0123456').toString('base64')}`;
    expect((await post(body)).status).toBe(401);
    expect((await post(body, { Authorization: 'Bearer reading-key-0123456' })).status).toBe(200);
    expect((await post(body, { Authorization: basic })).status).toBe(200);
    const metrics = await request('/metrics', { headers: { 'X-API-Key': 'reading-key-0123456' } });
    expect(await metrics.text()).toContain('r4t_reward_completions_total{usable="true"} 2');
    expect((await request('/healthz')).status).toBe(200);
    expect((await request('/readyz')).status).toBe(200);
    drain();
    expect((await request('/readyz')).status).toBe(503);
  });

  it('keeps the adapter of a job, and nothing else', async () => {
    const keys = parseKeys('read:reading-key-0123456\nfull:writing-key-0123456', {});
    const { request } = appOf(stub(), { keys });
    const put = (path: string, key: string) =>
      request(path, { method: 'PUT', headers: { 'X-API-Key': key }, body: '{"r": 4}' });
    const path = '/adapters/job-1/adapter_config.json';
    expect((await put(path, 'reading-key-0123456')).status).toBe(403);
    const mayBring = (key: string) =>
      request('/adapters/job-1', { method: 'POST', headers: { 'X-API-Key': key } });
    expect((await mayBring('reading-key-0123456')).status).toBe(403);
    expect((await mayBring('writing-key-0123456')).status).toBe(200);
    expect((await put(path, 'writing-key-0123456')).status).toBe(200);
    expect(readFileSync(temp.path('adapters/job-1/adapter/adapter_config.json'), 'utf8')).toBe('{"r": 4}');
    const back = await request(path, { headers: { 'X-API-Key': 'reading-key-0123456' } });
    expect(await back.text()).toBe('{"r": 4}');
    for (const other of [
      '/adapters/../adapter_config.json',
      '/adapters/a/b.py',
      '/adapters/%2e%2e/adapter_config.json',
    ])
      expect((await put(other, 'writing-key-0123456')).status).toBe(404);
  });
});
