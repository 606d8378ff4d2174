/** A language model over HTTP that answers, fails, stalls and lies. */
import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { withoutPauses } from '../../llm/testing/stubChat.js';
import { matrix } from '../../matrix.js';
import type { Progress } from '../../progress.js';
import { fanOutMessages } from '../pretrained/fanOutText.js';
import { ChatWriter } from './chatWriter.js';
import { FanOutLog, readFanOuts } from './fanOutFile.js';
import { WritingPolicy } from './writingPolicy.js';

const temp = tempFolder();
let server: ServerType | undefined;
afterEach(() => {
  (server as { closeAllConnections?: () => void } | undefined)?.closeAllConnections?.();
  server?.close();
});
beforeAll(() => {
  withoutPauses();
  return () => vi.restoreAllMocks();
});

interface Asked {
  readonly model: string;
  readonly temperature: number;
  readonly seed: number;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly response_format: { readonly json_schema: { readonly schema: object } };
}

type Answer = string | Response | 'stall';

/** An OpenAI-compatible server whose model says what `answer` does of the last message. */
async function listen(answer: (query: string, index: number) => Answer) {
  const asked: Asked[] = [];
  const app = new Hono().post('/v1/chat/completions', async (c) => {
    const body = (await c.req.json()) as Asked;
    const said = answer(body.messages.at(-1)?.content ?? '', asked.push(body) - 1);
    if (said === 'stall') return new Promise<Response>(() => {});
    if (said instanceof Response) return said;
    const message = { role: 'assistant', content: said };
    return c.json({
      id: 'x',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
  });
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port));
  });
  return { baseUrl: `http://127.0.0.1:${port}/v1`, asked };
}

const list = (...subQueries: string[]) => JSON.stringify({ subQueries });
const prompt = { instruction: 'Write.', examples: [], k: 2 };
let files = 0;
const opened: WritingPolicy[] = [];
afterEach(() => Promise.all(opened.splice(0).map((policy) => policy.release())));

async function policyAt(baseUrl: string, changes: object = {}, onProgress?: (progress: Progress) => void) {
  const file = temp.path(`fanOuts-${files++}.jsonl`);
  const endpoint = { baseUrl, model: 'm', maxRetries: 2, timeoutMs: 5000, ...changes };
  const prices = { input: 1, output: 10 };
  const writer = new ChatWriter({ endpoints: [endpoint], concurrency: 3, prices });
  const policy = new WritingPolicy({ writer, prompt, log: await FanOutLog.open(file), onProgress });
  opened.push(policy);
  const ask = (queries: readonly string[], control: object = {}) =>
    policy.sample({ queries, vectors: matrix(queries.length, 0), seed: 1, temperature: 0.7, ...control });
  return { file, ask };
}

describe('ChatWriter', () => {
  it('asks for JSON of the schema, with temperature and a seed, and records what comes', async () => {
    const { baseUrl, asked } = await listen((query) => list(`${query} tent`, 'lamp'));
    const { file, ask } = await policyAt(baseUrl);
    const found = await ask(['camping', 'hiking']);
    expect(found.map(({ subQueries }) => subQueries)).toEqual([
      ['camping tent', 'lamp'],
      ['hiking tent', 'lamp'],
    ]);
    expect(asked[0]).toMatchObject({
      model: 'm',
      temperature: 0.7,
      seed: expect.any(Number),
      messages: [{ role: 'system' }, { role: 'user', content: expect.stringMatching(/camping|hiking/) }],
      response_format: { json_schema: { schema: { required: ['subQueries'] } } },
    });
    expect(await readFanOuts(file)).toContainEqual({
      query: 'camping',
      sample: 0,
      subQueries: ['camping tent', 'lamp'],
      model: 'm',
      promptHash: expect.stringMatching(/^[0-9a-f]{12}$/),
      seed: 1,
      ms: expect.any(Number),
    });
  });

  it('tells tokens and price before it asks for all', async () => {
    const { baseUrl } = await listen(() => list('tent'));
    const warnings: (string | undefined)[] = [];
    const { ask } = await policyAt(baseUrl, {}, ({ warning }) => void warnings.push(warning));
    await ask(Array.from({ length: 21 }, (_, i) => `query ${i}`));
    expect(warnings[0]).toMatch(
      /^20 fan-outs are to be written by m \(http:\/\/127\.0\.0\.1:\d+\), about [\d,]+ input and 360 output tokens, price about 0\.0\d, about \d+ (s|min) if/,
    );
  });

  it('shares the work among servers, goes on without one that is down, and shows rates and the price so far', async () => {
    const first = await listen((query) => list(query));
    const reports: Progress[] = [];
    const file = temp.path('shared.jsonl');
    const endpoints = [first.baseUrl, 'http://127.0.0.1:1/v1'].map((baseUrl) => ({ baseUrl, model: 'm' }));
    const writer = new ChatWriter({
      endpoints,
      concurrency: 2,
      prices: { input: 1000, output: 1e4 },
      pauseMs: 5,
    });
    expect(writer.concurrency).toBe(4);
    const log = await FanOutLog.open(file);
    const onProgress = (progress: Progress) => void reports.push(progress);
    const policy = new WritingPolicy({ writer, prompt, log, onProgress });
    opened.push(policy);
    const queries = ['a', 'b', 'c'];
    await policy.sample({ queries, vectors: matrix(3, 0), samplesPerQuery: 8, seed: 1 });
    const records = await readFanOuts(file);
    expect(new Set(records.map(({ query, sample }) => `${query} ${sample}`)).size).toBe(24);
    expect(records).toHaveLength(24);
    const warnings = reports.flatMap(({ warning = '' }) => (warning.includes('set aside') ? [warning] : []));
    expect(warnings[0]).toMatch(/^http:\/\/127\.0\.0\.1:1 is set aside for \d+ s, the others are asked: /);
    const { done, total, metrics } = reports.at(-1)!;
    expect([done, total]).toEqual([24, 24]);
    // 11 tokens of input and 7 of output each.
    expect(metrics?.price).toBeCloseTo(24 * (11 / 1000 + 7 / 100), 6);
    expect(metrics?.['fan-outs/s']).toBeGreaterThan(0);
    expect(metrics?.[`tokens/s ${new URL(first.baseUrl).host}`]).toBeGreaterThan(0);
    expect(metrics?.['tokens/s 127.0.0.1:1']).toBe(0);
  });

  it('gets over failures and silence that pass', async () => {
    const { baseUrl, asked } = await listen((query, index) => {
      if (index === 0) return new Response('busy', { status: 503 });
      return index === 1 ? 'stall' : list(query);
    });
    const { ask } = await policyAt(baseUrl, { timeoutMs: 300 });
    expect((await ask(['camping']))[0].subQueries).toEqual(['camping', 'camping']);
    expect(asked).toHaveLength(3);
  });

  it('stops where the host refuses, keeps what is there, and asks only for the rest afterwards', async () => {
    let down = true;
    const { baseUrl, asked } = await listen((query) =>
      down && query === 'query 5' ? new Response('{"error":"no credit"}', { status: 402 }) : list(query),
    );
    const queries = Array.from({ length: 9 }, (_, i) => `query ${i}`);
    const { ask } = await policyAt(baseUrl);
    await expect(ask(queries)).rejects.toThrow('/chat/completions answered 402: no credit');
    down = false;
    const before = asked.map(({ messages }) => messages.at(-1)?.content);
    expect((await ask(queries)).map(({ subQueries }) => subQueries[0])).toEqual(queries);
    const after = asked.slice(before.length).map(({ messages }) => messages.at(-1)?.content);
    expect(after).toContain('query 5');
    expect(after).not.toContain('query 0');
  });

  it('tells a model that lies what is wrong, and does without it in the end', async () => {
    const { baseUrl, asked } = await listen((last) => {
      if (last === 'camping') return list('tent', 'lamp');
      if (last === 'stubborn' || last.includes('expected array')) return '{"subQueries":"tent, lamp"}';
      return last === 'sloppy' ? 'Sure! Here are some ideas.' : list('mug', 'plate');
    });
    const { ask } = await policyAt(baseUrl);
    const found = await ask(['camping', 'sloppy', 'stubborn']);
    expect(found.map(({ subQueries }) => subQueries)).toEqual([
      ['tent', 'lamp'],
      ['mug', 'plate'],
      ['stubborn', 'stubborn'],
    ]);
    const told = asked.map(({ messages }) => messages.at(-1)?.content ?? '');
    expect(told.filter((text) => text.includes('no JSON object was found'))).toHaveLength(1);
    expect(told.filter((text) => text.includes('"subQueries": expected array'))).toHaveLength(2);
  });

  it('asks a tuned model in the words that it was tuned with, and reads its lines', async () => {
    const { baseUrl, asked } = await listen((query) =>
      query === 'mute' ? '\n-\n' : `1. ${query} tent\nlamp\nmug`,
    );
    const writer = new ChatWriter({ endpoints: [{ baseUrl, model: 'm' }], concurrency: 2 });
    const examples = [{ query: 'dinner', subQueries: ['pan', 'pot', 'cup'] }];
    const log = FanOutLog.inMemory();
    const policy = new WritingPolicy({ writer, prompt: { k: 2, examples, answers: 'lines' }, log });
    const queries = ['camping', 'mute'];
    const found = await policy.sample({ queries, vectors: matrix(2, 0), seed: 1 });
    expect(found.map(({ subQueries }) => subQueries)).toEqual([
      ['camping tent', 'lamp'],
      ['mute', 'mute'],
    ]);
    const { messages, response_format } = asked.find((one) => one.messages.at(-1)?.content === 'camping')!;
    expect(messages).toEqual(fanOutMessages('camping', 2, examples));
    expect(response_format).toBeUndefined();
    await policy.release();
  });

  it('stops at once when it is aborted', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const { baseUrl } = await listen(() => {
      setTimeout(() => stop.abort(reason), 5);
      return 'stall';
    });
    const { ask } = await policyAt(baseUrl);
    await expect(ask(['camping'], { signal: stop.signal })).rejects.toBe(reason);
  });

  it('refuses what is no endpoint', () => {
    const open = (baseUrl?: string) =>
      new ChatWriter({ endpoints: [{ baseUrl, model: 'm' }], concurrency: 1 });
    expect(() => open('localhost:1')).toThrow('"localhost:1" is not an endpoint');
    expect(() => open()).toThrow('names neither a baseUrl nor a provider');
  });
});
