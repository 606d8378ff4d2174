import * as z from 'zod';
import { type ChatMessage, type ChatUsage, chat } from './chat.js';
import type { ChatEndpoint } from './endpoint.js';

/** How often a model is asked for an answer of the right form. */
const ATTEMPTS = 3;
/** Room for a model that thinks before it answers. */
export const MAX_TOKENS = 2048;

export interface AskJsonOptions<T> {
  readonly messages: readonly ChatMessage[];
  /** What the endpoint is told of the form. */
  readonly schema: z.ZodType;
  /** Reads an answer; throws ZodError or SyntaxError for one that is of no use. */
  readonly parse: (text: string) => T;
  readonly temperature: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

export interface JsonAnswer<T> {
  /** Absent if no answer had the right form. */
  readonly value?: T;
  /** What was wrong with the last answer. */
  readonly problem?: string;
  readonly usage: ChatUsage;
  /** Who answered last, as the server says. */
  readonly model?: string;
}

/**
 * Asks a model for a JSON object. An answer of another form is shown to the model with what is wrong, twice at most.
 *
 * @throws ChatError if the endpoint does not answer
 */
export async function askJson<T>(
  endpoint: ChatEndpoint,
  { messages, schema, parse, ...sampling }: AskJsonOptions<T>,
): Promise<JsonAnswer<T>> {
  const conversation: ChatMessage[] = [...messages];
  const { $schema: _, ...json } = z.toJSONSchema(schema);
  const usage = { inputTokens: 0, outputTokens: 0 };
  let problem = '';
  let model: string | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await chat(endpoint, { messages: conversation, maxTokens: MAX_TOKENS, json, ...sampling });
    model = answer.model;
    usage.inputTokens += answer.usage.inputTokens;
    usage.outputTokens += answer.usage.outputTokens;
    try {
      return { value: parse(answer.text), usage, model };
    } catch (error) {
      problem = describe(error);
    }
    conversation.push(
      { role: 'assistant', content: answer.text },
      {
        role: 'user',
        content: `That is not such a JSON object: ${problem}. Answer with the JSON object alone.`,
      },
    );
  }
  return { problem, usage, model };
}

/**
 * The JSON object in an answer; thoughts, words and code fences around it are ignored.
 *
 * @throws SyntaxError if there is none
 */
export function jsonIn(text: string): unknown {
  const said = text.slice(text.lastIndexOf('</think>') + 1);
  return JSON.parse(said.slice(said.indexOf('{'), said.lastIndexOf('}') + 1));
}

function describe(error: unknown): string {
  if (!(error instanceof z.ZodError)) return 'no JSON object was found';
  const [{ path, message }] = error.issues;
  return `"${path.join('.')}": ${message.replace(/^Invalid \w+: /, '')}`;
}
