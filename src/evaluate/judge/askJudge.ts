import * as z from 'zod';
import { type ChatEndpoint, type ChatMessage, type ChatUsage, chat } from '../../llm/chat.js';
import { answerSchema, parseAnswer } from './questions.js';
import type { JudgeTask } from './tasks.js';

/** How often a judge is asked for an answer of the right form. */
const ATTEMPTS = 3;
/** Room for a model that thinks before it answers. */
const MAX_TOKENS = 2048;

export interface JudgeAnswer {
  /** A score for each item (groundedness) or one for the set; absent if no answer had the right form. */
  readonly scores?: readonly number[];
  /** What was wrong with the last answer. */
  readonly problem?: string;
  readonly usage: ChatUsage;
}

/**
 * Asks a judge one question. An answer of another form is shown to the model with what is wrong, twice at most.
 *
 * @throws ChatError if the endpoint does not answer
 */
export async function askJudge(
  { question, items, messages }: JudgeTask,
  endpoint: ChatEndpoint,
  signal?: AbortSignal,
): Promise<JudgeAnswer> {
  const conversation: ChatMessage[] = [...messages];
  const { $schema: _, ...json } = z.toJSONSchema(answerSchema(question, items.length));
  const sum = { inputTokens: 0, outputTokens: 0 };
  let problem = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { text, usage } = await chat({
      ...endpoint,
      messages: conversation,
      temperature: 0,
      maxTokens: MAX_TOKENS,
      json,
      signal,
    });
    sum.inputTokens += usage?.inputTokens ?? 0;
    sum.outputTokens += usage?.outputTokens ?? 0;
    try {
      return { scores: parseAnswer(question, items.length, text), usage: sum };
    } catch (error) {
      problem = describe(error);
    }
    conversation.push(
      { role: 'assistant', content: text },
      {
        role: 'user',
        content: `That is not such a JSON object: ${problem}. Answer with the JSON object alone.`,
      },
    );
  }
  return { problem, usage: sum };
}

function describe(error: unknown): string {
  if (!(error instanceof z.ZodError)) return 'no JSON object was found';
  const [{ path, message }] = error.issues;
  return `"${path.join('.')}": ${message.replace(/^Invalid \w+: /, '')}`;
}
