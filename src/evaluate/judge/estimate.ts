import { type AnswerCache, promptKey } from '../../llm/answerCache.js';
import type { JudgeTask } from './tasks.js';

export interface Prices {
  /** Price of a million input tokens, in whatever currency. */
  readonly input: number;
  /** Price of a million output tokens. */
  readonly output: number;
}

/** What a judging will need, roughly, before any of it is asked. */
export interface JudgingEstimate {
  /** Questions to ask; those answered before are not among them. */
  readonly calls: number;
  /** Questions answered before. */
  readonly cached: number;
  readonly inputTokens: number;
  /** Of the answers; a model that thinks aloud needs more. */
  readonly outputTokens: number;
  /** Absent without prices. */
  readonly price?: number;
}

/** Counts what the models are still to be asked. Two tasks with the same prompt are one call. */
export function estimateJudging(
  tasks: readonly JudgeTask[],
  models: readonly string[],
  cache: AnswerCache<number[]>,
  prices?: Prices,
): JudgingEstimate {
  const seen = new Set<string>();
  const sum = { calls: 0, cached: 0, inputTokens: 0, outputTokens: 0 };
  for (const model of models) {
    for (const { question, items, messages } of tasks) {
      const key = promptKey(model, messages);
      if (seen.has(key)) continue;
      seen.add(key);
      if (cache.get(key) !== undefined) {
        sum.cached++;
        continue;
      }
      sum.calls++;
      for (const { content } of messages) sum.inputTokens += MESSAGE_TOKENS + textTokens(content);
      sum.outputTokens += question === 'groundedness' ? 8 + SCORE_TOKENS * items.length : 8;
    }
  }
  if (prices === undefined) return sum;
  return { ...sum, price: (sum.inputTokens * prices.input + sum.outputTokens * prices.output) / 1e6 };
}

/** What chat templates put around a message. */
const MESSAGE_TOKENS = 4;
/** One entry of `{"1": 4, "2": 3}`. */
const SCORE_TOKENS = 6;

/** About four bytes a token: English has four letters, Chinese has a character of three bytes. */
function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}
