import { mkdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { parseConfig } from '../../run/parseConfig.js';
import { placePaths } from '../../run/placePaths.js';
import { type JudgeSetting, judgeName } from './judgeSetting.js';

const temp = tempFolder();
const judgeOf = (judge: unknown): JudgeSetting => {
  const { reward } = parseConfig({ reward: { judge } });
  return 'judge' in reward && reward.judge ? reward.judge : expect.fail('expected a judge');
};
const chat = { kind: 'chat', baseUrl: 'http://localhost:11434/v1', model: 'qwen3:4b' } as const;

it('has batches of 20 items, four at a time, unless told otherwise', () => {
  expect(judgeOf(chat)).toEqual({ ...chat, batchSize: 20, concurrency: 4 });
  const told = { ...chat, batchSize: 5, concurrency: 1, apiKeyEnv: 'KEY', prices: { input: 1, output: 2 } };
  expect(judgeOf(told)).toEqual(told);
  expect(judgeOf({ kind: 'crossEncoder', model: 'm' })).toMatchObject({ quantized: false });
});

it.each<[object, string]>([
  [{ kind: 'llm' }, 'field "reward.judge.kind": expected one of chat, crossEncoder, module'],
  [{ ...chat, batchsize: 3 }, 'field "reward.judge.batchsize": is not a setting; did you mean "batchSize"?'],
  [{ ...chat, prices: { input: 1 } }, 'field "reward.judge.prices.output": expected number'],
  [{ ...chat, batchSize: 0 }, 'field "reward.judge.batchSize": expected number to be >=1'],
  [{ kind: 'chat', baseUrl: 'http://a' }, 'field "reward.judge.model": expected string'],
  [
    { kind: 'crossEncoder', model: 'm', quantised: true },
    'field "reward.judge.quantised": is not a setting; did you mean "quantized"?',
  ],
])('tells what is wrong with %j', (judge, message) => {
  expect(() => parseConfig({ reward: { judge } })).toThrow(message);
});

it('places the folder of a model beside the run, and leaves names of the hub and endpoints', () => {
  mkdirSync(temp.path('models', 'reranker'), { recursive: true });
  const placed = (judge: object, from: string, to?: string) => {
    const { reward } = placePaths(parseConfig({ reward: { judge } }), from, to);
    return 'judge' in reward ? reward.judge : undefined;
  };
  const local = { kind: 'crossEncoder', model: 'models/reranker', quantized: false };
  const run = temp.path('runs/shop');
  expect(placed(local, temp.path())).toEqual({ ...local, model: temp.path('models', 'reranker') });
  expect(placed(local, temp.path(), run)).toEqual({ ...local, model: '../../models/reranker' });
  const hub = { ...local, model: 'Xenova/ms-marco-MiniLM-L-6-v2' };
  expect(placed(hub, temp.path(), run)).toEqual(hub);
  expect(placed(chat, temp.path(), run)).toEqual(judgeOf(chat));
  expect(placed({ kind: 'module', path: 'judge.ts' }, temp.path(), run)).toMatchObject({
    path: '../../judge.ts',
  });
});

it('has a name for reports', () => {
  expect(judgeName('hybrid')).toBe('hybrid');
  expect(judgeName(judgeOf(chat))).toBe('qwen3:4b');
  expect(judgeName(judgeOf({ kind: 'crossEncoder', model: '../models/reranker' }))).toBe(
    '../models/reranker',
  );
  expect(judgeName(judgeOf({ kind: 'module', path: './judge.ts' }))).toBe('./judge.ts');
  expect(judgeName(() => [])).toBe('a function');
});
