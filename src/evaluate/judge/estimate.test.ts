import { describe, expect, it } from 'vitest';
import { promptKey } from '../../llm/answerCache.js';
import { estimateJudging } from './estimate.js';
import { openVerdicts } from './questions.js';
import { planJudging } from './tasks.js';
import { REPORT } from './testing/stubJudge.js';

const tasks = planJudging(REPORT);

describe('estimateJudging', () => {
  it('counts every question of every model, and its text at about four bytes a token', async () => {
    const cache = await openVerdicts();
    const one = estimateJudging(tasks, ['a'], cache);
    expect(one).toMatchObject({ calls: 16, cached: 0 });
    const bytes = tasks.flatMap(({ messages }) => messages.map(({ content }) => Buffer.byteLength(content)));
    const total = bytes.reduce((sum, n) => sum + n, 0);
    expect(one.inputTokens).toBeGreaterThan(total / 4);
    expect(one.inputTokens).toBeLessThan(total / 4 + 5 * bytes.length);
    const two = estimateJudging(tasks, ['a', 'b'], cache);
    expect(two).toEqual({
      calls: 32,
      cached: 0,
      inputTokens: 2 * one.inputTokens,
      outputTokens: 2 * one.outputTokens,
    });
  });

  it('leaves out what is answered, and counts equal prompts once', async () => {
    const cache = await openVerdicts();
    await cache.set(promptKey('a', tasks[3].messages), [5]);
    expect(estimateJudging([...tasks, ...tasks], ['a'], cache)).toMatchObject({ calls: 15, cached: 1 });
  });

  it('has a price for those who give prices', async () => {
    const cache = await openVerdicts();
    expect(estimateJudging(tasks, ['a'], cache).price).toBeUndefined();
    const { inputTokens, outputTokens, price } = estimateJudging(tasks, ['a'], cache, {
      input: 3,
      output: 15,
    });
    expect(price).toBeCloseTo((3 * inputTokens + 15 * outputTokens) / 1e6, 12);
  });
});
