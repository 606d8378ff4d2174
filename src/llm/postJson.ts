/** Posting JSON to an endpoint that may be busy, slow or picky. */
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../errors.js';
import { ChatError } from './chatError.js';

/** Where a model answers, and how patiently it is asked. */
export interface Endpoint {
  /** The part before `/chat/completions` or `/embeddings`, e.g. `http://localhost:11434/v1`. */
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

export type Body = Readonly<Record<string, unknown>>;

export interface PostOptions<T> extends Omit<Endpoint, 'baseUrl' | 'model'> {
  readonly body: Body;
  /** Reads an answer; undefined if it has another form. */
  readonly parse: (text: string) => T | undefined;
  /** What the answer should have been, for the error. */
  readonly form: string;
  /** Another body, where the server said what it has against the last one (400, 422); undefined gives up. */
  readonly adapt?: (refusal: string, body: Body) => Body | undefined;
  readonly signal?: AbortSignal;
}

/** A server that wants a longer pause than this (ms) has run out of quota; the caller should know. */
const LONGEST_WAIT = 120_000;
const LONGEST_BACKOFF = 30_000;

/**
 * Posts a body until it is answered. Status 408, 409, 429 and 5xx, timeouts and network errors are tried again, after the time the
 * server names (Retry-After) or with exponential backoff.
 *
 * @throws ChatError if no answer can be had, the signal's reason if aborted
 */
export async function postJson<T>(url: URL, options: PostOptions<T>): Promise<T> {
  const { adapt, maxRetries = 5, signal } = options;
  let { body } = options;
  for (let attempt = 0; ; ) {
    signal?.throwIfAborted();
    const outcome = await post(url, { ...options, body });
    if ('answer' in outcome) return outcome.answer;
    const adapted = outcome.refusal === undefined ? undefined : adapt?.(outcome.refusal, body);
    if (adapted !== undefined) {
      body = adapted;
      continue;
    }
    const delay = outcome.retryAfter ?? backoff(attempt, options);
    if (!outcome.passing || attempt >= maxRetries || delay > LONGEST_WAIT) throw outcome.error;
    attempt++;
    await sleep(delay, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

/**
 * The URL of a service of an endpoint, e.g. of `/embeddings`; a base URL that ends so already is left.
 *
 * @throws InputError if `baseUrl` is no URL of http or https
 */
export function serviceUrl(baseUrl: string, service: `/${string}`): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InputError(`"${baseUrl}" is not an endpoint; expected a URL such as http://localhost:11434/v1`);
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith(service) ? path : path + service;
  return url;
}

/** Doubled with each attempt, with jitter, so that many callers do not come back at once. */
function backoff(attempt: number, { retryDelayMs = 500 }: Pick<Endpoint, 'retryDelayMs'>): number {
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
async function post<T>(
  url: URL,
  { body, parse, form, apiKey, timeoutMs = 120_000, signal }: PostOptions<T>,
): Promise<{ answer: T } | Failure> {
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
    const answer = parse(text);
    if (answer !== undefined) return { answer };
    const problem = `${shown} did not answer in the form of ${form}: ${excerpt(text)}`;
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
