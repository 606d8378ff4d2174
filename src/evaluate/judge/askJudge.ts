import { askJson, type JsonAnswer } from '../../llm/askJson.js';
import type { ChatEndpoint } from '../../llm/endpoint.js';
import { answerSchema, parseAnswer } from './questions.js';
import type { JudgeTask } from './tasks.js';

/**
 * Asks a judge one question.
 *
 * @returns a score for each item (groundedness) or one for the set
 * @throws ChatError if the endpoint does not answer
 */
export function askJudge(
  { question, items, messages }: JudgeTask,
  endpoint: ChatEndpoint,
  signal?: AbortSignal,
): Promise<JsonAnswer<number[]>> {
  return askJson(endpoint, {
    messages,
    schema: answerSchema(question, items.length),
    parse: (text) => parseAnswer(question, items.length, text),
    temperature: 0,
    signal,
  });
}
