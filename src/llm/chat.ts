import { type Body, type Endpoint, postJson, serviceUrl } from './postJson.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Which model answers, where and how patiently. */
export type ChatEndpoint = Endpoint;

export interface ChatOptions extends ChatEndpoint {
  readonly messages: readonly ChatMessage[];
  /** Default: the server's. */
  readonly temperature?: number;
  /** Longest answer. Default: the server's. */
  readonly maxTokens?: number;
  /** Asks for JSON: any object, or one of this JSON schema. The answer still has to be checked. */
  readonly json?: true | Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

export interface ChatUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ChatAnswer {
  readonly text: string;
  /** What the server counted; absent if it does not say. */
  readonly usage?: ChatUsage;
}

/**
 * Asks a model behind any endpoint that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp, a hosted one.
 *
 * Failures that may pass are tried again, see `postJson`. A parameter which the server says it does not take is left out, so that
 * one call fits models that refuse a temperature, `max_tokens` or a response format.
 *
 * @throws ChatError if no answer can be had, InputError for a malformed `baseUrl`, the signal's reason if aborted
 *
 * @example
 * const { text } = await chat({
 *   baseUrl: 'http://localhost:11434/v1',
 *   model: 'qwen3:4b',
 *   messages: [{ role: 'user', content: 'Three things to take camping?' }],
 * });
 */
export async function chat(options: ChatOptions): Promise<ChatAnswer> {
  const { model, messages, temperature, maxTokens, json } = options;
  const url = completionsUrl(options.baseUrl);
  let body: Body = {
    model,
    messages,
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    ...(json !== undefined && { response_format: responseFormat(json) }),
  };
  const place = `${url.href} ${model}`;
  for (const name of REFUSED.get(place) ?? []) body = without(body, name);

  const dropped = new Set<string>();
  const answer = await postJson(url, {
    ...options,
    body,
    parse: parseAnswer,
    form: 'chat completions',
    adapt: (refusal, tried) => {
      const refused = OPTIONAL.find((name) => name in tried && refusal.match(`\\b${name}\\b`));
      if (refused === undefined) return undefined;
      dropped.add(refused);
      return without(tried, refused);
    },
  });
  if (dropped.size > 0) REFUSED.set(place, new Set([...(REFUSED.get(place) ?? []), ...dropped]));
  return answer;
}

/** Parameters an endpoint has turned out not to take, by URL and model. */
const REFUSED = new Map<string, ReadonlySet<string>>();
const OPTIONAL = ['response_format', 'temperature', 'max_tokens'];

/**
 * Where the chat completions of an endpoint are.
 *
 * @throws InputError if `baseUrl` is no URL of http or https
 */
export const completionsUrl = (baseUrl: string): URL => serviceUrl(baseUrl, '/chat/completions');

function responseFormat(json: true | Readonly<Record<string, unknown>>): unknown {
  if (json === true) return { type: 'json_object' };
  return { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: json } };
}

/** `max_tokens` has a newer name, which is used instead; the others are simply left out. */
function without(body: Body, name: string): Body {
  const { [name]: value, ...rest } = body;
  return name === 'max_tokens' && value !== undefined ? { ...rest, max_completion_tokens: value } : rest;
}

function parseAnswer(text: string): ChatAnswer | undefined {
  try {
    const { choices, usage } = JSON.parse(text) as {
      choices: { message: { content?: string | null } }[];
      usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
    };
    return {
      text: choices[0].message.content ?? '',
      ...(usage && {
        usage: { inputTokens: usage.prompt_tokens ?? 0, outputTokens: usage.completion_tokens ?? 0 },
      }),
    };
  } catch {
    return undefined;
  }
}
