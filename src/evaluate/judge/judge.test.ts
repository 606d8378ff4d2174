import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { ChatError } from '../../llm/chatError.js';
import {
  type StubChat,
  type StubReply,
  type StubRequest,
  withoutPauses,
} from '../../llm/testing/stubChat.js';
import type { Progress } from '../../progress.js';
import { CounterRandom } from '../../random.js';
import type { ReportedQuery } from '../results.js';
import { type Judgement, type JudgeOptions, judge } from './judge.js';
import { planJudging } from './tasks.js';
import { REPORT, scoresByTitle, stubJudge } from './testing/stubJudge.js';

const temp = tempFolder();
let files = 0;
const cacheFile = () => temp.path(`cache-${files++}.jsonl`);

let stub: StubChat | undefined;
afterEach(() => stub?.close());
beforeAll(() => {
  withoutPauses();
  return () => vi.restoreAllMocks();
});

type Reply = (request: StubRequest, index: number) => StubReply | undefined;

async function judgeWith(
  reply?: Reply,
  options: Partial<JudgeOptions> = {},
  report: readonly ReportedQuery[] = REPORT,
): Promise<Judgement> {
  await stub?.close();
  stub = await stubJudge(reply);
  const endpoint = { baseUrl: stub.baseUrl, model: 'm', timeoutMs: 2000 };
  return judge(report, { judges: [endpoint], ...options });
}

/** What does not depend on how the verdicts came about. */
const findings = ({ judges }: Judgement) =>
  judges.map(({ methods, unanswered }) => ({ methods, unanswered }));
const asked = () => stub!.requests.length;

describe('judge', () => {
  it('gives each method its means, on the scale of the question and of the paper', async () => {
    const { judges } = await judgeWith();
    const [{ model, methods, verdicts, unanswered, usage }] = judges;
    expect({ model, unanswered }).toEqual({ model: 'm', unanswered: [] });
    expect(usage).toEqual({ calls: 16, inputTokens: 16 * 11, outputTokens: 16 * 7 });
    expect(verdicts).toHaveLength(16);
    expect(Object.keys(methods)).toEqual(['plain', 'folm', 'diffusion']);
    expect(methods.folm?.groundedness?.likert.mean).toBeCloseTo(10 / 3, 12);
    expect(methods.folm?.groundedness?.scaled.mean).toBeCloseTo(200 / 3, 12);
    expect(methods.folm?.average?.likert.mean).toBeCloseTo((10 / 3 + 5 + 5) / 3, 12);
    expect(methods.plain?.alignment).toEqual({
      likert: { mean: 5, low: 5, high: 5 },
      scaled: { mean: 100, low: 100, high: 100 },
      sets: 2,
    });
    expect(Object.keys(methods.diffusion!)).toEqual(['diversity', 'alignment']);
  });

  it('gives each item its own score back', async () => {
    const { judges } = await judgeWith(undefined, { seed: 3 });
    const rated = judges[0].verdicts.flatMap(({ items = [] }) => items);
    expect(rated).toHaveLength(12);
    for (const { id, score } of rated) expect(id).toMatch(new RegExp(`${score}$`));
  });

  it('finds the same for any seed and any order of the items', async () => {
    const expected = findings(await judgeWith());
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const report = REPORT.map(({ sets, ...rest }) => ({
          ...rest,
          sets: Object.fromEntries(
            Object.entries(sets).map(([method, set]) => {
              const items = new CounterRandom(seed, method).shuffle([...set.items]);
              return [method, { ...set, items }];
            }),
          ),
        }));
        expect(findings(await judgeWith(undefined, { seed }, report))).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  it('sends no method and no identifier', async () => {
    await judgeWith();
    const sent = JSON.stringify(stub!.requests.map(({ body }) => body));
    expect(sent).not.toMatch(/plain|folm|diffusion|0\/tent/);
  });

  it('asks again when the answer is no such JSON object, and says what is wrong', async () => {
    let refused = 0;
    const expected = findings(await judgeWith());
    const talkative: Reply = ({ body }) => {
      if (body.messages.length > 2) return undefined;
      return refused++ % 2 ? 'I like it.' : '{"score": 9, "scores": {}}';
    };
    expect(findings(await judgeWith(talkative))).toEqual(expected);
    expect(asked()).toBe(32);
    const again = stub!.requests.filter(({ body }) => body.messages.length > 2);
    const complaints = again.map(({ body }) => body.messages.at(-1)!.content);
    expect(complaints).toContainEqual(expect.stringContaining('object: no JSON object was found. Answer'));
    expect(complaints).toContainEqual(expect.stringMatching(/object: "score": expected one of .*\. Answer/));
    expect(again[0].body.messages.at(-2)?.role).toBe('assistant');
  });

  it('leaves out what a judge cannot answer, and says so', async () => {
    const file = cacheFile();
    const stubborn: Reply = ({ body }) => (body.messages[1].content.includes('rope') ? 'no' : undefined);
    const judgement = await judgeWith(stubborn, { cacheFile: file });
    const [{ methods, unanswered, verdicts }] = judgement.judges;
    expect(verdicts).toHaveLength(12);
    expect(methods.diffusion).toBeUndefined();
    expect(unanswered).toHaveLength(4);
    expect(unanswered).toContainEqual({
      row: 1,
      query: 'rainy "day"',
      method: 'diffusion',
      question: 'alignment',
      problem: 'no JSON object was found',
    });
    expect(asked()).toBe(12 + 4 * 3);
    // It is asked again next time, the rest is known.
    await judgeWith(undefined, { cacheFile: file });
    expect(asked()).toBe(4);
  });

  it('gets over failures that pass', async () => {
    const expected = findings(await judgeWith());
    const replies: StubReply[] = [
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 500 },
      'cut',
      { status: 503 },
      { status: 500 },
    ];
    expect(findings(await judgeWith((_, index) => replies[index]))).toEqual(expected);
    expect(asked()).toBe(16 + replies.length);
  });

  it('stops at an endpoint that does not recover, keeping what was answered', async () => {
    const file = cacheFile();
    const dying: Reply = (_, index) => (index < 5 ? undefined : { status: 401 });
    await expect(judgeWith(dying, { cacheFile: file, concurrency: 1 })).rejects.toThrow(ChatError);
    expect(asked()).toBe(6);
    await judgeWith(undefined, { cacheFile: file });
    expect(asked()).toBe(11);
  });

  it('can be stopped, and goes on where it was', async () => {
    const expected = findings(await judgeWith());
    const file = cacheFile();
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = ({ done }: Progress) => {
      if (done === 7) controller.abort(reason);
    };
    const { signal } = controller;
    await expect(judgeWith(undefined, { cacheFile: file, signal, onProgress, concurrency: 1 })).rejects.toBe(
      reason,
    );
    expect(asked()).toBe(7);
    const reports: Progress[] = [];
    const judgement = await judgeWith(undefined, { cacheFile: file, onProgress: (p) => reports.push(p) });
    expect(asked()).toBe(9);
    expect(findings(judgement)).toEqual(expected);
    expect(reports.at(-1)).toEqual({ stage: 'judge/m', done: 9, total: 9, metrics: {} });
  });

  it('does not wait for answers under way when it is stopped', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const hang: Reply = (_, index) => {
      if (index === 3) controller.abort(reason);
      return 'hang';
    };
    await expect(judgeWith(hang, { signal: controller.signal, concurrency: 4 })).rejects.toBe(reason);
    expect(asked()).toBe(4);
  });

  it('asks nothing twice', async () => {
    const file = cacheFile();
    const first = await judgeWith(undefined, { cacheFile: file });
    const second = await judgeWith(undefined, { cacheFile: file });
    expect(asked()).toBe(0);
    expect(second.judges[0].usage).toEqual({ calls: 0, inputTokens: 0, outputTokens: 0 });
    expect(findings(second)).toEqual(findings(first));
    await judge(REPORT, { cacheFile: file, judges: [{ baseUrl: stub!.baseUrl, model: 'other' }] });
    expect(asked()).toBe(16);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(32);
  });

  it('asks again what a damaged cache has lost', async () => {
    const file = cacheFile();
    await judgeWith(undefined, { cacheFile: file });
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    writeFileSync(file, `${lines.slice(0, 10).join('\n')}\n{"key": 3}\n`);
    appendFileSync(file, lines[10].slice(0, 50));
    await judgeWith(undefined, { cacheFile: file });
    expect(asked()).toBe(6);
    await judgeWith(undefined, { cacheFile: file });
    expect(asked()).toBe(0);
  });

  it('asks once about a set which two methods share', async () => {
    const { folm } = REPORT[0].sets;
    const { judges } = await judgeWith(undefined, {}, [{ query: 'camping', sets: { folm, bestOfN: folm } }]);
    expect(asked()).toBe(3);
    expect(judges[0].verdicts).toHaveLength(6);
    expect(judges[0].methods.folm).toEqual(judges[0].methods.bestOfN);
  });

  it('tells how far two judges agree', async () => {
    // The second judge is one point stricter on collections, and of the same mind on items.
    const stricter: Reply = (request) => {
      if (request.body.model !== 'strict') return undefined;
      const { score, scores } = JSON.parse(scoresByTitle(request));
      return JSON.stringify(scores ? { scores } : { score: score - 1 });
    };
    await stub?.close();
    stub = await stubJudge(stricter);
    const { baseUrl } = stub;
    const { judges, agreement } = await judge(REPORT, {
      judges: [
        { baseUrl, model: 'kind' },
        { baseUrl, model: 'strict' },
      ],
    });
    expect(judges.map(({ model }) => model)).toEqual(['kind', 'strict']);
    expect(agreement?.groundedness).toMatchObject({ n: 12, exact: 1 });
    expect(agreement?.groundedness?.kappa).toBeCloseTo(1, 12);
    expect(agreement?.alignment).toMatchObject({ n: 6, exact: 0, kappa: 0 });
  });

  it('judges queries of the same words each on its own', async () => {
    const report = [REPORT[0], { ...REPORT[1], query: REPORT[0].query }];
    const [{ methods }] = (await judgeWith(undefined, {}, report)).judges;
    expect(methods.folm?.average?.sets).toBe(2);
  });

  it('has a task for every verdict', async () => {
    const { judges } = await judgeWith();
    expect(judges[0].verdicts.map(({ row, method, question }) => ({ row, method, question }))).toEqual(
      planJudging(REPORT).map(({ row, method, question }) => ({ row, method, question })),
    );
  });
});
