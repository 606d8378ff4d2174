/** Engines that speak JSON over HTTP. */
import { IndexError } from '../../errors.js';

/** Longest time for one answer, in milliseconds. */
const TIMEOUT = 60_000;

export interface RestOptions {
  /** Of the engine, for messages. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What an answer that is no success says of its reason. */
  readonly reason: (answer: unknown) => string | undefined;
}

/** A text is sent as lines of JSON. */
export type Ask = (method: string, path: string, body?: object | string) => Promise<unknown>;

/**
 * Asks an engine; what it does not have (404) is undefined.
 *
 * @throws IndexError if it cannot be reached, refuses, or does not answer in JSON
 */
export function restClient({ name, url, headers, reason }: RestOptions): Ask {
  const base = url.replace(/\/+$/, '');
  return async (method, path, body) => {
    let status: number;
    let text: string;
    try {
      const isLines = typeof body === 'string';
      const response = await fetch(base + path, {
        method,
        signal: AbortSignal.timeout(TIMEOUT),
        headers: { ...headers, 'content-type': isLines ? 'application/x-ndjson' : 'application/json' },
        ...(body !== undefined && { body: isLines ? body : JSON.stringify(body) }),
      });
      ({ status } = response);
      text = await response.text();
    } catch (error) {
      throw new IndexError(`${name} cannot be reached (${causeOf(error)})`, { cause: error });
    }
    if (status === 404) return undefined;
    const answer = parse(text);
    if (status >= 400 || answer === undefined) {
      const said = reason(answer) ?? (text || 'no answer in JSON');
      throw new IndexError(`${name}: ${status} ${said.replace(/\s+/g, ' ').slice(0, 300)}`);
    }
    return answer;
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
