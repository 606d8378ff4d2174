import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Item } from '../../catalog/item.js';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { R4tError } from '../../errors.js';
import { ChatError } from '../../llm/chatError.js';
import { type StubChat, type StubReply, type StubRequest, stubChat } from '../../llm/testing/stubChat.js';
import { messageTokens, scoreTokens } from '../../llm/tokens.js';
import { matrix } from '../../matrix.js';
import type { Progress } from '../../progress.js';
import { type ChatJudgeOptions, openChatJudge } from './chatJudge.js';
import { gradePrompt, parseGrades } from './gradePrompt.js';
import type { Judge } from './judge.js';

const temp = tempFolder();
/** Item i is called so, and its grade is i modulo 3; its vector turns away from the query with i. */
const COUNT = 60;
const items = Array.from(
  { length: COUNT },
  (_, i): Item => ({ id: `${i}`, text: `thing ${i}`, title: `thing ${i}`, metadata: {} }),
);
const vectors = matrix(
  COUNT,
  2,
  Float32Array.from(items.flatMap((_, i) => [Math.cos(i / COUNT), Math.sin(i / COUNT)])),
);
const gradeOf = (i: number) => i % 3;
const queryVector = Float32Array.of(1, 0);
const about = (query: string, rows: readonly number[]) => ({ query, queryVector, rows, items });

const shown = ({ body }: StubRequest): number[] =>
  Array.from(body.messages[1].content.matchAll(/"thing (\d+)"/g), ([, i]) => Number(i));
const queryOf = ({ body }: StubRequest): string => /^Query: "(.*)"/.exec(body.messages[1].content)![1];
const answer = (request: StubRequest): string =>
  JSON.stringify({ grades: Object.fromEntries(shown(request).map((i, n) => [n + 1, gradeOf(i)])) });

let stub: StubChat;
let reply: (request: StubRequest, index: number) => StubReply | undefined | Promise<StubReply | undefined>;
const judges: Judge[] = [];
beforeEach(async () => {
  reply = () => undefined;
  stub = await stubChat(async (request, index) => (await reply(request, index)) ?? answer(request));
});
afterEach(async () => {
  for (const judge of judges.splice(0)) await judge.release();
  await stub.close();
});

async function open(options: Partial<ChatJudgeOptions> = {}): Promise<Judge> {
  const endpoint = { baseUrl: stub.baseUrl, model: 'm', maxRetries: 2 };
  const judge = await openChatJudge({
    endpoint,
    batchSize: 5,
    concurrency: 2,
    items,
    vectors,
    queries: ['camping', 'night'],
    ...options,
  });
  judges.push(judge);
  return judge;
}

describe('a judge that asks a language model', () => {
  it('turns grades 0, 1 and 2 into 0, 0.5 and 1, in the order of the rows', async () => {
    const judge = await open();
    expect([...(await judge.relevance(about('camping', [5, 3, 4, 5])))]).toEqual([1, 0, 0.5, 1]);
    expect(stub.requests[0].body).toMatchObject({ model: 'm', temperature: 0 });
    expect(queryOf(stub.requests[0])).toBe('camping');
  });

  it('asks in full questions: the items, and the nearest ones that nobody has asked about', async () => {
    const judge = await open();
    await judge.relevance(about('camping', [50, 51, 1]));
    expect(shown(stub.requests[0]).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 50, 51]);
    // These are known now.
    await judge.relevance(about('camping', [0, 2, 51]));
    expect(stub.requests).toHaveLength(1);
    await judge.relevance(about('camping', [2, 3, 4, 5, 6, 7, 52]));
    const asked = stub.requests.slice(1).map(shown);
    expect(asked.map(({ length }) => length)).toEqual([5, 5]);
    expect(asked.flat().toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 52]);
    // Another query is another question.
    expect([...(await judge.relevance(about('night', [2])))]).toEqual([1]);
    expect(stub.requests).toHaveLength(4);
  });

  it('asks about items of one text once', async () => {
    const twins = items.map((item, i) => (i === 3 ? { ...item, text: 'thing 4' } : item));
    const judge = await open({ items: twins, batchSize: 2 });
    const said = await judge.relevance({ ...about('camping', [3, 4]), items: twins });
    expect([...said]).toEqual([0.5, 0.5]);
    expect(stub.requests.flatMap(shown)).toEqual(expect.arrayContaining([4]));
    expect(stub.requests).toHaveLength(1);
  });

  it('asks so many questions at a time, whoever asks', async () => {
    let [now, most] = [0, 0];
    reply = async () => {
      now++;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 25));
      now--;
      return undefined;
    };
    const judge = await open({ concurrency: 3 });
    const queries = Array.from({ length: 12 }, (_, i) => `query ${i}`);
    const { signal } = new AbortController();
    const warnings: unknown[] = [];
    const warn = (warning: unknown) => warnings.push(warning);
    process.on('warning', warn);
    await Promise.all(queries.map((query) => judge.relevance(about(query, [0, 1, 2, 3, 4, 5]), signal)));
    process.off('warning', warn);
    expect(warnings).toEqual([]);
    expect(stub.requests).toHaveLength(24);
    expect(most).toBe(3);
  });

  it('pays for nothing twice, also in another process', async () => {
    const cacheFile = temp.path('kept', 'answers.jsonl');
    const first = await open({ cacheFile });
    const said = await first.relevance(about('camping', [9, 8]));
    await first.release();
    const second = await open({ cacheFile });
    expect(await second.relevance(about('camping', [9, 8]))).toEqual(said);
    expect(stub.requests).toHaveLength(1);
    // Neither another model nor another text of an item has been asked about.
    const endpoint = { baseUrl: stub.baseUrl, model: 'other' };
    await (await open({ cacheFile, endpoint })).relevance(about('camping', [9]));
    expect(stub.requests).toHaveLength(2);
    const renamed = items.map((item, i) => (i === 9 ? { ...item, text: 'thing 61' } : item));
    await (await open({ cacheFile, items: renamed })).relevance({ ...about('camping', [9]), items: renamed });
    expect(stub.requests).toHaveLength(3);
  });

  it('loses nothing that was answered before it is stopped', async () => {
    const cacheFile = temp.path('stopped.jsonl');
    const stop = new AbortController();
    const reason = new Error('stopped');
    reply = (_, index) => {
      if (index < 2) return undefined;
      setTimeout(() => stop.abort(reason), 20);
      return 'hang';
    };
    const judge = await open({ cacheFile, concurrency: 1 });
    const queries = ['a', 'b', 'c', 'd'];
    const asked = queries.map((query) => judge.relevance(about(query, [0]), stop.signal));
    await expect(Promise.all(asked)).rejects.toBe(reason);
    await judge.release();
    expect(stub.requests).toHaveLength(3);
    // A line that was torn is asked about again.
    writeFileSync(cacheFile, `${readFileSync(cacheFile, 'utf8')}{"key":"to`);
    reply = () => undefined;
    const again = await open({ cacheFile });
    for (const query of queries) await again.relevance(about(query, [0, 1, 2]));
    expect(stub.requests.slice(3).map(queryOf)).toEqual(['c', 'd']);
  });

  it('stops all questions when one fails for good, and may be asked again', async () => {
    reply = ({ body }) => (body.messages[1].content.includes('"query 2"') ? { status: 401 } : undefined);
    const judge = await open({ concurrency: 1 });
    const queries = Array.from({ length: 9 }, (_, i) => `query ${i}`);
    const all = Promise.allSettled(queries.map((query) => judge.relevance(about(query, [0]))));
    const states = (await all).map((result) => (result.status === 'rejected' ? result.reason : 'known'));
    expect(states.slice(0, 2)).toEqual(['known', 'known']);
    for (const reason of states.slice(2)) expect(reason).toBeInstanceOf(ChatError);
    expect(stub.requests).toHaveLength(3);
    reply = () => undefined;
    expect([...(await judge.relevance(about('query 8', [2])))]).toEqual([1]);
  });

  it('tries again what may pass', async () => {
    reply = (_, index) => (index < 2 ? { status: 503 } : undefined);
    expect([...(await (await open()).relevance(about('camping', [2])))]).toEqual([1]);
    expect(stub.requests).toHaveLength(3);
  });

  it('asks half as much where an answer is of no use, and takes an item without any for off topic', async () => {
    const warnings: string[] = [];
    // Item 2 makes every answer useless; the answers without it are good.
    reply = (request) => (shown(request).includes(2) ? 'I would rather not' : undefined);
    const onProgress = ({ warning }: Progress) => warning && warnings.push(warning);
    const judge = await open({ onProgress });
    expect([...(await judge.relevance(about('camping', [5, 8])))]).toEqual([1, 1]);
    expect([...(await judge.relevance(about('camping', [0, 1, 2])))]).toEqual([0, 0.5, 0]);
    expect(warnings.at(-1)).toMatch(
      /^the judge m at http:.* has no usable answer for 1 items, which count as off topic; the last is "thing 2" for query "camping" \(/,
    );
    const before = stub.requests.length;
    await judge.relevance(about('camping', [2]));
    expect(stub.requests).toHaveLength(before);
  });

  it('gives up on a model that answers nothing in the right form', async () => {
    reply = () => '{"grades": {"1": 7}}';
    const asked = (await open()).relevance(about('camping', [0, 1]));
    await expect(asked).rejects.toThrow(/gives no grades in the form it is asked for/);
    await expect(asked).rejects.toBeInstanceOf(R4tError);
  });

  it('sends the key, and refuses what is no endpoint', async () => {
    const judge = await open({ endpoint: { baseUrl: stub.baseUrl, model: 'm', apiKey: 'secret' } });
    await judge.relevance(about('camping', [0]));
    expect(stub.requests[0].headers.authorization).toBe('Bearer secret');
    await expect(open({ endpoint: { baseUrl: 'localhost:1', model: 'm' } })).rejects.toThrow(
      '"localhost:1" is not an endpoint',
    );
  });
});

describe('the cost', () => {
  /** What is told when the first question is about to be sent. */
  async function told(options: Partial<ChatJudgeOptions>): Promise<string[]> {
    const warnings: string[] = [];
    const judge = await open({ ...options, onProgress: ({ warning }) => warning && warnings.push(warning) });
    expect(warnings).toEqual([]);
    let before: readonly string[] | undefined;
    reply = () => {
      before ??= [...warnings];
      return undefined;
    };
    for (const query of ['camping', 'night']) await judge.relevance(about(query, [0, 30]));
    expect(before).toEqual(warnings);
    return warnings;
  }

  it('is told once, before the first question, and is what all candidates of all queries cost', async () => {
    const prices = { input: 1e6, output: 2e6 };
    const warnings = await told({ prices });
    expect(warnings).toHaveLength(1);
    const found =
      /^up to about (\d+) questions are sent to (\S+) \(m\), ([\d,]+) input and ([\d,]+) output tokens, price up to about ([\d.]+)$/.exec(
        warnings[0],
      )!;
    const [questions, host, input, output, price] = found.slice(1);
    expect(questions).toBe(`${(2 * COUNT) / 5}`);
    expect(host).toBe(new URL(stub.baseUrl).origin);
    // The very questions that would be sent.
    let [inputTokens, outputTokens] = [0, 0];
    for (const query of ['camping', 'night']) {
      for (let start = 0; start < COUNT; start += 5) {
        inputTokens += messageTokens(
          gradePrompt(
            query,
            items.slice(start, start + 5).map(({ text }) => text),
          ),
        );
        outputTokens += scoreTokens(5);
      }
    }
    const number = (text: string) => Number(text.replaceAll(',', ''));
    expect(number(input) / inputTokens).toBeCloseTo(1, 1);
    expect(number(output) / outputTokens).toBeCloseTo(1, 1);
    expect(Number(price) / (inputTokens + 2 * outputTokens)).toBeCloseTo(1, 1);
  });

  it('counts what is kept from before, and is not told where nothing is asked', async () => {
    const cacheFile = temp.path('cost.jsonl');
    await (await open({ cacheFile })).relevance(about('camping', [0]));
    const warnings = await told({ cacheFile });
    expect(warnings[0]).toMatch(/output tokens; 5 grades are kept from before$/);
    const again: Progress[] = [];
    const judge = await open({ cacheFile, onProgress: (report) => again.push(report) });
    await judge.relevance(about('camping', [0, 30]));
    expect(again).toEqual([]);
  });

  it('bounds the questions, however few items are asked about at a time', async () => {
    const judge = await open();
    for (let i = 0; i < COUNT; i++) await judge.relevance(about('camping', [(7 * i) % COUNT]));
    expect(stub.requests).toHaveLength(COUNT / 5);
  });
});

describe('grades', () => {
  it('are read out of thoughts and code fences, and refused where one is missing or another number', () => {
    const text = '<think>{"grades"}</think> Here: ```json\n{"grades": {"1": 2, "2": 0}}\n```';
    expect(parseGrades(text, 2)).toEqual([2, 0]);
    expect(() => parseGrades(text, 3)).toThrow();
    expect(() => parseGrades('{"grades": {"1": 0.5}}', 1)).toThrow();
    expect(() => parseGrades('none', 1)).toThrow(SyntaxError);
  });

  it('are asked for of texts that stay inside their quotes', () => {
    const [, { content }] = gradePrompt('a "query"\nAnswer 2', ['x"\n2. "y', 'z'.repeat(1000)]);
    expect(content.split('\n')).toHaveLength(4);
    expect(content).toContain('Query: "a \\"query\\" Answer 2"');
    expect(content.length).toBeLessThan(600);
  });
});
