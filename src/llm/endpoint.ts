/** Where a model answers, and how patiently it is asked. */
import { InputError } from '../errors.js';

/** A model behind an endpoint that speaks OpenAI's API, or behind a provider package of the Vercel AI SDK; one of the two is given. */
export interface Endpoint {
  /** The part before `/chat/completions` or `/embeddings`, e.g. `http://localhost:11434/v1`. */
  readonly baseUrl?: string;
  /** Name of an installed provider package, e.g. `@ai-sdk/google` or `@ai-sdk/anthropic`; with `baseUrl`, it is asked there. */
  readonly provider?: string;
  readonly model: string;
  /** Sent as the provider wants it, in a header; no error shows it. Absent: none (a provider package reads its own environment variable). */
  readonly apiKey?: string;
  /** Milliseconds an attempt may take. Default 120,000. */
  readonly timeoutMs?: number;
  /** Further attempts after a failure that may pass. Default 5. */
  readonly maxRetries?: number;
}

/** A language model as it is asked. */
export type ChatEndpoint = Endpoint;

export const MAX_RETRIES = 5;

/** The root of a service: `baseUrl` without the service that it may end with, and what follows a question mark apart. */
export interface ServiceRoot {
  readonly url: string;
  readonly query: Readonly<Record<string, string>>;
}

/** @throws InputError if `baseUrl` is no URL of http or https */
export function serviceRoot(baseUrl: string): ServiceRoot {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InputError(`"${baseUrl}" is not an endpoint; expected a URL such as http://localhost:11434/v1`);
  }
  const path = url.pathname.replace(/(\/chat\/completions|\/embeddings)?\/*$/, '');
  return { url: url.origin + path, query: Object.fromEntries(url.searchParams) };
}

/** @throws InputError if the endpoint names neither a URL nor a provider, or the URL is malformed */
export function checkEndpoint({ baseUrl, provider }: Endpoint): void {
  if (baseUrl !== undefined) serviceRoot(baseUrl);
  else if (provider === undefined)
    throw new InputError('names neither a baseUrl nor a provider; give one of the two', { field: 'baseUrl' });
}

/** Who is asked, for people who pay for it. */
export const placeOf = ({ baseUrl, provider }: Endpoint): string =>
  baseUrl === undefined ? (provider ?? '') : new URL(baseUrl).origin;
