import { chatError } from './chatError.js';
import { type ChatEndpoint, MAX_RETRIES } from './endpoint.js';
import { type OpenModel, openModel } from './provider.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatOptions {
  readonly messages: readonly ChatMessage[];
  /** Default: the server's. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  /** Longest answer, in tokens. Default: the server's. */
  readonly maxTokens?: number;
  /** Asks for JSON of this schema. The answer still has to be checked. */
  readonly json?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

export interface ChatUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ChatAnswer {
  readonly text: string;
  /** What the server counted; 0 where it does not say. */
  readonly usage: ChatUsage;
  /** Who answered, as the server says; absent where it does not. */
  readonly model?: string;
}

/** Models that are open, by who asks for them. */
const OPEN = new WeakMap<ChatEndpoint, Promise<OpenModel>>();

/**
 * Asks a model through the Vercel AI SDK: any endpoint that speaks OpenAI's chat completions (Ollama, vLLM, llama.cpp, a hosted one), or
 * a provider package (Gemini, Anthropic, ...).
 *
 * Status 408, 409, 429 and 5xx, timeouts and network errors are tried again, after the time the server names (Retry-After) or with
 * exponential backoff. A parameter which the server says it does not take is left out.
 *
 * @throws ChatError if no answer can be had, InputError for a malformed `baseUrl` or a provider that is not installed, the signal's
 *   reason if aborted
 *
 * @example
 * const endpoint = { baseUrl: 'http://localhost:11434/v1', model: 'qwen3:4b' };
 * const { text } = await chat(endpoint, { messages: [{ role: 'user', content: 'Three things to take camping?' }] });
 */
export async function chat(endpoint: ChatEndpoint, options: ChatOptions): Promise<ChatAnswer> {
  const { messages, maxTokens: maxOutputTokens, json, signal, ...sampling } = options;
  signal?.throwIfAborted();
  const { generateText, jsonSchema, NoObjectGeneratedError, Output } = await import('ai');
  let model = OPEN.get(endpoint);
  if (!model) {
    model = openModel(endpoint);
    OPEN.set(endpoint, model);
  }
  const opened = await model;
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  try {
    const { text, usage, response } = await generateText({
      model: opened,
      ...(system.length > 0 && { system: system.join('\n\n') }),
      messages: messages.flatMap(({ role, content }) => (role === 'system' ? [] : [{ role, content }])),
      ...sampling,
      maxOutputTokens,
      ...(json && { output: Output.object({ schema: jsonSchema(json) }) }),
      maxRetries: endpoint.maxRetries ?? MAX_RETRIES,
      abortSignal: signal,
    });
    return { text, usage: usageOf(usage), model: response.modelId };
  } catch (error) {
    signal?.throwIfAborted();
    // No JSON: whoever asked says what is wrong with it.
    if (NoObjectGeneratedError.isInstance(error))
      return { text: error.text ?? '', usage: usageOf(error.usage), model: error.response?.modelId };
    throw await chatError(error, endpoint);
  }
}

const usageOf = (usage: { inputTokens?: number; outputTokens?: number } = {}): ChatUsage => ({
  inputTokens: usage.inputTokens ?? 0,
  outputTokens: usage.outputTokens ?? 0,
});
