/** Servers of one model that fail, stall and lie. */
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { askJson, jsonIn } from './askJson.js';
import { inParallel } from './inParallel.js';
import { Replicas } from './replicas.js';
import { type StubChat, type StubReply, stubChat } from './testing/stubChat.js';

const schema = z.object({ said: z.string() });
const stubs: StubChat[] = [];
afterEach(() => Promise.all(stubs.splice(0).map((stub) => stub.close())));

type Reply = (question: string, index: number) => StubReply | Promise<StubReply>;
const right: Reply = (question) => JSON.stringify({ said: question });

/** Replicas that answer as they are told; `ask` asks them for n values. */
async function pool(replies: readonly Reply[], { concurrency = 4, timeoutMs = 5000, pauseMs = 5 } = {}) {
  const opened = await Promise.all(
    replies.map((reply) => stubChat(({ body }, i) => reply(body.messages[0].content, i))),
  );
  stubs.push(...opened);
  const endpoints = opened.map(({ baseUrl }) => ({ baseUrl, model: 'm-4b', timeoutMs }));
  const replicas = new Replicas({ endpoints, pauseMs });
  const warnings: string[] = [];
  const one = (question: string, signal?: AbortSignal) =>
    replicas.ask(
      (endpoint) =>
        askJson(endpoint, {
          messages: [{ role: 'user', content: question }],
          schema,
          parse: (text) => schema.parse(jsonIn(text)).said,
          temperature: 0,
          signal,
        }),
      { signal, onWarning: (warning) => void warnings.push(warning) },
    );
  const ask = async (n: number) => {
    const found = new Map<string, string | undefined>();
    const questions = Array.from({ length: n }, (_, i) => `question ${i}`);
    await inParallel(
      questions,
      async (question, signal) => void found.set(question, (await one(question, signal)).value),
      { concurrency },
    );
    for (const question of questions) expect(found.get(question)).toBe(question);
  };
  return { ask, one, replicas, warnings, asked: () => opened.map(({ requests }) => requests.length), opened };
}

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe('Replicas', () => {
  it('ask the least busy: the faster one answers more', async () => {
    const slow: Reply = async (question, i) => {
      await later(40);
      return right(question, i);
    };
    const { ask, asked, replicas, warnings } = await pool([right, slow]);
    await ask(40);
    const [fast, rest] = asked();
    expect(fast + rest).toBe(40);
    expect(fast).toBeGreaterThan(2 * rest);
    expect(rest).toBeGreaterThan(0);
    expect(replicas.counts.map(({ answers, outputTokens }) => [answers, outputTokens])).toEqual([
      [fast, 7 * fast],
      [rest, 7 * rest],
    ]);
    expect(warnings).toEqual([]);
  });

  const FAULTS: readonly [string, Reply, RegExp][] = [
    ['fails', () => ({ status: 503 }), /answered 503: no$/],
    ['hangs up', () => 'cut', /cannot be reached/],
    ['stalls', () => 'hang', /did not answer within 1 s$/],
    [
      'wants another key',
      () => ({ status: 401 }),
      /set aside for 60 s.*answered 401: no; check the API key$/,
    ],
    ['answers no JSON', () => 'Sure! Here you are.', /no usable answer \(no JSON object was found\)$/],
    ['answers nothing', () => '', /no usable answer \(no JSON object was found\)$/],
    [
      'has another model',
      (question, i) => ({ content: right(question, i) as string, model: 'other-8b' }),
      /answers as "other-8b", not as "m-4b"$/,
    ],
    [
      'answers another form',
      () => ({ status: 200, body: '{"hello": 1}' }),
      /did not answer in the form of its API/,
    ],
  ];
  it.each(FAULTS)('go on without one that %s, and name it', async (_, reply, said) => {
    const { ask, warnings, opened } = await pool([right, reply, right], { timeoutMs: 1000 });
    await ask(30);
    expect(warnings.length).toBeGreaterThan(0);
    for (const warning of warnings) {
      expect(warning).toMatch(said);
      expect(warning).toContain(`${opened[1].baseUrl.replace('/v1', '')} is set aside for `);
    }
  });

  it('take one back that has recovered', async () => {
    let down = true;
    const { ask, asked } = await pool([
      right,
      (question, i) => (down ? { status: 503 } : right(question, i)),
    ]);
    await ask(10);
    down = false;
    await later(100);
    const [, before] = asked();
    await ask(20);
    expect(asked()[1]).toBeGreaterThan(before + 3);
  });

  it('take a longer form of the name for the same model', async () => {
    const named: Reply = (question, i) => ({
      content: right(question, i) as string,
      model: 'Org/M-4B-instruct',
    });
    const { ask, warnings } = await pool([named, named]);
    await ask(4);
    expect(warnings).toEqual([]);
  });

  it('take what two have no answer for as the fault of the question', async () => {
    const mute: Reply = (question, i) => (question.includes('hard') ? 'no' : right(question, i));
    const { one, asked } = await pool([mute, mute, mute]);
    expect(await one('hard')).toMatchObject({ problem: 'no JSON object was found' });
    expect(asked().filter((n) => n > 0)).toHaveLength(2);
    expect(await one('easy')).toMatchObject({ value: 'easy' });
  });

  it('stop where all refuse, and after six failures', async () => {
    const refusing = await pool([() => ({ status: 402 }), () => ({ status: 402 })]);
    await expect(refusing.one('x')).rejects.toThrow('answered 402: no');
    expect(refusing.asked()).toEqual([1, 1]);
    const failing = await pool([() => ({ status: 500 }), () => 'cut'], { pauseMs: 1 });
    await expect(failing.one('x')).rejects.toThrow(/answered 500|cannot be reached/);
    expect(failing.asked().reduce((a, b) => a + b)).toBe(6);
  });

  it('stop at once when they are aborted, also while all are set aside', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const { one } = await pool([() => ({ status: 500 }), () => ({ status: 500 })], { pauseMs: 60_000 });
    setTimeout(() => stop.abort(reason), 50);
    await expect(one('x', stop.signal)).rejects.toBe(reason);
  });
});
