import { type AnswerCache, promptKey } from '../../llm/answerCache.js';
import { messageTokens, type Prices, priceOf, scoreTokens } from '../../llm/tokens.js';
import type { JudgeTask } from './tasks.js';

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
      sum.inputTokens += messageTokens(messages);
      sum.outputTokens += scoreTokens(question === 'groundedness' ? items.length : 0);
    }
  }
  return prices === undefined ? sum : { ...sum, price: priceOf(sum, prices) };
}
