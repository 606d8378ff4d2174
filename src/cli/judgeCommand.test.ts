import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { Judgement } from '../evaluate/judge/judge.js';
import { REPORT, stubJudge } from '../evaluate/judge/testing/stubJudge.js';
import { writeReport } from '../evaluate/report/report.js';
import { sampleReport } from '../evaluate/report/testing/sampleReport.js';
import type { StubChat, StubReply, StubRequest } from '../llm/testing/stubChat.js';
import { confirmBy } from './confirm.js';
import type { CliIo } from './io.js';
import { run } from './run.js';

const temp = tempFolder();
let folder = '';
let count = 0;
let stub: StubChat;
let reply: (request: StubRequest, index: number) => StubReply | undefined;

beforeEach(async () => {
  folder = temp.path(`evaluation-${count++}`);
  await writeReport(folder, { ...sampleReport(), queries: REPORT });
  reply = () => undefined;
  stub = await stubJudge((request, index) => reply(request, index));
});
afterEach(() => stub.close());

async function judge(args: readonly string[], io: Partial<CliIo> = {}) {
  const texts = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof texts) => ({
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const argv = ['judge', folder, '--endpoint', stub.baseUrl, '--model', 'kind', ...args];
  const code = await run(argv, { stdout: sink('stdout'), stderr: sink('stderr'), ...io });
  return { code, ...texts, asked: stub.requests.length };
}

describe('r4t judge', () => {
  it('writes judge.json and prints a table of each judge and of their agreement', async () => {
    const { code, stdout, stderr } = await judge(['--second-model', 'other', '--yes']);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^32 questions to ask, about [\d,]+ input and \d+ output tokens\njudge\/kind 1\/16 6%\n/,
    );
    expect(stdout.replaceAll(folder, '<folder>')).toMatchInlineSnapshot(`
      "kind: 20 x the score of 1 to 5, with its 95% interval over queries
      method     groundedness       diversity             alignment             average            sets
      ---------  -----------------  --------------------  --------------------  -----------------  ----
      plain      86.7 [86.7, 86.7]  100.0 [100.0, 100.0]  100.0 [100.0, 100.0]  95.6 [95.6, 95.6]     2
      folm       66.7 [66.7, 66.7]  100.0 [100.0, 100.0]  100.0 [100.0, 100.0]  88.9 [88.9, 88.9]     2
      diffusion  -                  100.0 [100.0, 100.0]  100.0 [100.0, 100.0]  -                     2

      other: 20 x the score of 1 to 5, with its 95% interval over queries
      method     groundedness       diversity             alignment             average            sets
      ---------  -----------------  --------------------  --------------------  -----------------  ----
      plain      86.7 [86.7, 86.7]  100.0 [100.0, 100.0]  100.0 [100.0, 100.0]  95.6 [95.6, 95.6]     2
      folm       66.7 [66.7, 66.7]  100.0 [100.0, 100.0]  100.0 [100.0, 100.0]  88.9 [88.9, 88.9]     2
      diffusion  -                  100.0 [100.0, 100.0]  100.0 [100.0, 100.0]  -                     2

      agreement     rated  equal  kappa  Spearman  alpha
      ------------  -----  -----  -----  --------  -----
      groundedness     12  1.000  1.000     1.000  1.000
      diversity         6  1.000      -         -      -
      alignment         6  1.000      -         -      -

      <folder>/judge.json
      "
    `);
    const written = JSON.parse(readFileSync(`${folder}/judge.json`, 'utf8')) as Judgement;
    expect(written.judges.map(({ model, verdicts }) => [model, verdicts.length])).toEqual([
      ['kind', 16],
      ['other', 16],
    ]);
  });

  it('sends the key of the environment and shows it nowhere', async () => {
    const OPENAI_API_KEY = 'sk-very-secret';
    reply = () => ({ status: 401, body: `{"error":"bad key ${OPENAI_API_KEY}"}` });
    const { code, stdout, stderr } = await judge(['--yes', '--verbose'], { env: { OPENAI_API_KEY } });
    expect(code).toBe(1);
    expect(stub.requests[0].headers.authorization).toBe(`Bearer ${OPENAI_API_KEY}`);
    expect(stderr).toContain('answered 401: bad key [key]; check the API key');
    expect(stdout + stderr).not.toContain(OPENAI_API_KEY);
  });

  it('asks before it sends anything, with the price', async () => {
    const questions: string[] = [];
    const confirm = (answer: boolean) => async (question: string) => {
      questions.push(question);
      return answer;
    };
    const prices = ['--price-in', '1000', '--price-out', '2000'];
    const no = await judge(prices, { confirm: confirm(false) });
    expect(no).toMatchObject({ code: 0, stdout: '', asked: 0 });
    expect(no.stderr).toMatch(
      /^16 questions to ask, about [\d,]+ input and \d+ output tokens, price about \d\.\d\d\nnothing was sent\n$/,
    );
    const yes = await judge([], { confirm: confirm(true) });
    expect(yes).toMatchObject({ code: 0, asked: 16 });
    expect(questions).toEqual(['Send these questions?', 'Send these questions?']);
  });

  it('sends nothing where nobody can be asked', async () => {
    const { code, stderr, asked } = await judge([]);
    expect({ code, asked }).toEqual({ code: 2, asked: 0 });
    expect(stderr).toMatch(/tokens\nr4t: nobody can be asked whether to send this; give --yes to go on\n$/);
  });

  it('goes on after a stop, and asks nobody when all is answered', async () => {
    const controller = new AbortController();
    reply = (_, index) => {
      if (index === 9) controller.abort();
      return undefined;
    };
    const stopped = await judge(['--yes'], { signal: controller.signal });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/stopped; run the same command again to go on\n$/);
    const { asked } = await judge(['--yes']);
    expect(asked).toBeGreaterThanOrEqual(16);
    expect(asked).toBeLessThan(26);
    const again = await judge([]);
    expect(again).toMatchObject({ code: 0, asked });
    expect(again.stderr).toBe('0 questions to ask (16 answered before), about 0 input and 0 output tokens\n');
    expect(again.stdout).toContain('diffusion');
  });

  it('judges only the methods and as many queries as asked for', async () => {
    const { stdout, asked } = await judge(['--yes', '--methods', 'folm, plain', '--limit', '1']);
    expect(asked).toBe(6);
    expect(stdout).toMatch(/^plain .* 1$/m);
    expect(stdout).not.toContain('diffusion');
  });

  it.each<[string, readonly string[], string]>([
    ['method', ['--methods', 'fol'], '--methods: the report has no sets of "fol"; did you mean "folm"?'],
    [
      'method',
      ['--methods', 'everything'],
      '--methods: the report has no sets of "everything"; expected one of plain, folm, diffusion',
    ],
    [
      'endpoint',
      ['--endpoint', 'here'],
      '"here" is not an endpoint; expected a URL such as http://localhost:11434/v1',
    ],
    [
      'price',
      ['--price-in', 'x'],
      "option '--price-in <price>' argument 'x' is invalid. Expected a number of at least 0.",
    ],
    [
      'list',
      ['--methods', 'a,,b'],
      "option '--methods <names>' argument 'a,,b' is invalid. Expected names with commas between.",
    ],
  ])('refuses a wrong %s', async (_, args, message) => {
    const { code, stderr, asked } = await judge(['--yes', ...args]);
    expect({ code, asked }).toEqual({ code: 2, asked: 0 });
    expect(stderr.trim().split('\n').at(-1)).toBe(`r4t: ${message}`);
  });

  it('refuses a folder without a report', async () => {
    folder = temp.path('nothing');
    const { code, stderr } = await judge(['--yes']);
    expect(code).toBe(2);
    expect(stderr).toBe(`r4t: ${folder}/report.json: does not exist; check the path\n`);
  });
});

describe('confirmBy', () => {
  const ask = async (text: string, signal?: AbortSignal) => {
    const input = new PassThrough();
    const output = new PassThrough();
    input.end(text);
    const answer = await confirmBy({ input, output, signal })('Go?');
    expect(String(output.read())).toBe('Go? [y/N] ');
    return answer;
  };

  it.each(['y\n', 'yes\n', ' Y \n'])('takes %j for yes', async (text) => {
    expect(await ask(text)).toBe(true);
  });

  it.each(['', '\n', 'n\n', 'yesterday\n', 'ok\n'])('takes %j for no', async (text) => {
    expect(await ask(text)).toBe(false);
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = confirmBy({
      input: new PassThrough(),
      output: new PassThrough(),
      signal: controller.signal,
    });
    const answer = waiting('Go?');
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
});
