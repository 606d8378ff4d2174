import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../errors.js';
import { ChatError } from './chatError.js';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Which model answers, where and how patiently. */
export interface ChatEndpoint {
  /** The part before `/chat/completions`, e.g. `http://localhost:11434/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  /** Sent as a bearer token; no error shows it. */
  readonly apiKey?: string;
  /** Milliseconds an attempt may take. Default 120,000. */
  readonly timeoutMs?: number;
  /** Further attempts after a failure that may pass. Default 5. */
  readonly maxRetries?: number;
  /** Milliseconds before the first retry; doubled with each, up to 30 s. Default 500. */
  readonly retryDelayMs?: number;
}

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

type Body = Record<string, unknown>;

/**
 * Asks a model behind any endpoint that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp, a hosted one.
 *
 * Status 408, 409, 429 and 5xx, timeouts and network errors are tried again, after the time the server names
 * (Retry-After) or with exponential backoff. A parameter which the server says it does not take is left out, so that
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
  const { model, messages, temperature, maxTokens, json, maxRetries = 5, signal } = options;
  const url = completionsUrl(options.baseUrl);
  let body: Body = { model, messages };
  if (temperature !== undefined) body.temperature = temperature;
  if (maxTokens !== undefined) body.max_tokens = maxTokens;
  if (json !== undefined) body.response_format = responseFormat(json);
  const place = `${url.href} ${model}`;
  for (const name of REFUSED.get(place) ?? []) body = without(body, name);

  const dropped = new Set<string>();
  for (let attempt = 0; ; ) {
    signal?.throwIfAborted();
    const outcome = await post(url, body, options);
    if ('answer' in outcome) {
      if (dropped.size > 0) REFUSED.set(place, new Set([...(REFUSED.get(place) ?? []), ...dropped]));
      return outcome.answer;
    }
    const refused = OPTIONAL.find((name) => name in body && outcome.refusal?.match(`\\b${name}\\b`));
    if (refused !== undefined) {
      body = without(body, refused);
      dropped.add(refused);
      continue;
    }
    const delay = outcome.retryAfter ?? backoff(attempt, options);
    if (!outcome.passing || attempt >= maxRetries || delay > LONGEST_WAIT) throw outcome.error;
    attempt++;
    await sleep(delay, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** Parameters an endpoint has turned out not to take, by URL and model. */
const REFUSED = new Map<string, ReadonlySet<string>>();
const OPTIONAL = ['response_format', 'temperature', 'max_tokens'];
/** A server that wants a longer pause than this (ms) has run out of quota; the caller should know. */
const LONGEST_WAIT = 120_000;
const LONGEST_BACKOFF = 30_000;

/**
 * Where the chat completions of an endpoint are.
 *
 * @throws InputError if `baseUrl` is no URL of http or https
 */
export function completionsUrl(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InputError(`"${baseUrl}" is not an endpoint; expected a URL such as http://localhost:11434/v1`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/chat/completions') ? path : `${path}/chat/completions`;
  return url;
}

function responseFormat(json: true | Readonly<Record<string, unknown>>): unknown {
  if (json === true) return { type: 'json_object' };
  return { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: json } };
}

/** `max_tokens` has a newer name, which is used instead; the others are simply left out. */
function without(body: Body, name: string): Body {
  const { [name]: value, ...rest } = body;
  return name === 'max_tokens' && value !== undefined ? { ...rest, max_completion_tokens: value } : rest;
}

/** Doubled with each attempt, with jitter, so that many callers do not come back at once. */
function backoff(attempt: number, { retryDelayMs = 500 }: ChatEndpoint): number {
  return Math.min(LONGEST_BACKOFF, retryDelayMs * 2 ** attempt) * (0.5 + Math.random() / 2);
}

interface Failure {
  readonly error: ChatError;
  /** Whether the same request may succeed later. */
  readonly passing: boolean;
  /** Milliseconds the server wants us to wait. */
  readonly retryAfter?: number;
  /** What the server has against the request itself. */
  readonly refusal?: string;
}

/** One attempt. */
async function post(
  url: URL,
  body: Body,
  { apiKey, timeoutMs = 120_000, signal }: ChatOptions,
): Promise<{ answer: ChatAnswer } | Failure> {
  const shown = url.origin + url.pathname;
  const hideKey = (text: string) => (apiKey ? text.replaceAll(apiKey, '[key]') : text);
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener('abort', abort);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(apiKey && { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
      signal: controller.signal,
    });
    text = hideKey(await response.text());
  } catch (cause) {
    signal?.throwIfAborted();
    const reason = controller.signal.aborted
      ? `did not answer within ${timeoutMs / 1000} s`
      : `cannot be reached (${hideKey(networkReason(cause))})`;
    // The cause is not passed on: it may hold the request's headers.
    return { error: new ChatError(`${shown} ${reason}`, shown), passing: true };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }

  const { status, headers } = response;
  if (response.ok) {
    const answer = parseAnswer(text);
    if (answer !== undefined) return { answer };
    const problem = `${shown} did not answer in the form of chat completions: ${excerpt(text)}`;
    return { error: new ChatError(problem, shown, status), passing: false };
  }
  const advice = ADVICE[status] === undefined ? '' : `; ${ADVICE[status]}`;
  return {
    error: new ChatError(`${shown} answered ${status}: ${excerpt(text)}${advice}`, shown, status),
    passing: status === 408 || status === 409 || status === 429 || status >= 500,
    retryAfter: retryAfter(headers.get('retry-after')),
    refusal: status === 400 || status === 422 ? text : undefined,
  };
}

const ADVICE: Readonly<Record<number, string>> = {
  401: 'check the API key',
  403: 'check the API key',
  404: 'check the base URL and the name of the model',
};

function networkReason(error: unknown): string {
  const { message, cause } = error as Error;
  const inner = cause as NodeJS.ErrnoException | undefined;
  return inner?.code ?? inner?.message ?? message;
}

/** The header as milliseconds: it holds seconds or a date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : 1000 * seconds;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** The server's own words of what is wrong, as one short line. */
function excerpt(text: string): string {
  let words = text;
  try {
    const { error } = JSON.parse(text) as { error?: string | { message?: string } };
    words = (typeof error === 'string' ? error : error?.message) ?? text;
  } catch {
    // Not JSON: shown as it is.
  }
  const line = words.replace(/\s+/g, ' ').trim() || 'nothing';
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
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
