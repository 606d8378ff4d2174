import { InputError, R4tError } from '../errors.js';
import type { Endpoint } from './endpoint.js';

/** A model's endpoint, of chat or embeddings, could not be reached, refused the request or answered nonsense. CLI exit code 1. */
export class ChatError extends R4tError {
  override name = 'ChatError';
  constructor(
    message: string,
    /** The endpoint, without query string and credentials. */
    readonly url: string,
    /** HTTP status; absent if no answer came at all. */
    readonly status?: number,
    /** Seconds after which the host says that asking again makes sense (Retry-After). */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const ADVICE: Readonly<Record<number, string>> = {
  401: 'check the API key',
  403: 'check the API key',
  404: 'check the base URL and the name of the model',
};

/** What the AI SDK threw, in one line that never shows the API key; the cause is not passed on, as it may hold the request. */
export async function chatError(error: unknown, endpoint: Endpoint): Promise<unknown> {
  const { APICallError, LoadAPIKeyError, RetryError } = await import('ai');
  const last = RetryError.isInstance(error) ? error.lastError : error;
  const { apiKey } = endpoint;
  const hideKey = (text: string) => (apiKey ? text.replaceAll(apiKey, '[key]') : text);
  if (LoadAPIKeyError.isInstance(last))
    return new InputError(
      `${last.message.split('.')[0]}; set the environment variable ${last.message.match(/[A-Z_]+_API_KEY/)?.[0]}`,
    );
  if (!APICallError.isInstance(last)) return last;
  const { statusCode: status, responseBody = '', responseHeaders, cause } = last;
  const { origin, pathname } = new URL(last.url);
  const url = origin + pathname;
  if (status === undefined) {
    const reason = cause instanceof Error ? cause.message : last.message;
    return new ChatError(`${url} ${hideKey(reason)}`, url);
  }
  const said = hideKey(excerpt(responseBody));
  if (status < 300)
    return new ChatError(`${url} did not answer in the form of its API: ${said}`, url, status);
  const advice = ADVICE[status] === undefined ? '' : `; ${ADVICE[status]}`;
  const after = Number(responseHeaders?.['retry-after']);
  return new ChatError(`${url} answered ${status}: ${said}${advice}`, url, status, after || undefined);
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
