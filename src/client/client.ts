/**
 * Typed client of `r4t serve`. Only `fetch` is needed: it runs in browsers, edge workers and Node.
 *
 * @module
 */
import type {
  CatalogMap,
  FanoutRequest,
  FanoutResponse,
  Info,
  ItemsRequest,
  ItemsResponse,
  LabelsAnswer,
  LabelsRequest,
  LabelsResponse,
  Problem,
  ProblemCode,
  ReloadResponse,
  SearchRequest,
  SearchResponse,
} from '../serve/http/schemas.js';

export interface ClientOptions {
  /** Where the service is, e.g. `http://127.0.0.1:7480`. */
  readonly url: string;
  readonly apiKey?: string;
  /** Tries after the first where the server is overloaded, restarts or cannot be reached (2). */
  readonly maxRetries?: number;
  /** Milliseconds for one try (30,000). */
  readonly timeoutMs?: number;
  /** Headers of every request, made anew for each: those of a trace, such as `traceparent` (none). */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Another `fetch` than the global one. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface SendOptions extends CallOptions {
  /** Told after every request how many items the service has taken, and which number searches must see until all are found. */
  readonly onSent?: (sent: number, sequence: number) => void;
}

/** The service answered with an error. */
export class ServiceError extends Error {
  override name = 'ServiceError';
  /** What went wrong, e.g. `invalid-request` or `overloaded`. */
  readonly code: ProblemCode | 'unknown';
  readonly status: number;
  /** Every field that is wrong. */
  readonly errors: NonNullable<Problem['errors']>;
  /** Id of the request, as in the server's access log. */
  readonly requestId?: string;

  constructor(problem: Problem) {
    super(problem.detail);
    this.code = (problem.type.split('#')[1] as ProblemCode | undefined) ?? 'unknown';
    this.status = problem.status;
    this.errors = problem.errors ?? [];
    this.requestId = problem.instance;
  }
}

/** The service did not answer: it cannot be reached, or the time was over. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}

/** First pause before another try, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE = 250;
/** A server that asks for a longer pause than this is not waited for. */
const LONGEST_PAUSE = 30_000;
const OVERLOADED = new Set([429, 503]);
/** Items of one request, and characters of them: half of what the service takes. */
const [MOST_ITEMS, MOST_CHARACTERS] = [500, 2 ** 22];
/** A service that has more changes than this to embed is waited for. */
const MOST_PENDING = 10_000;
/** Whether only what cannot be embedded, and is not much, keeps it from having done all. */
const isReady = ({ pending, failed }: Info['changes']): boolean =>
  pending <= failed && pending <= MOST_PENDING;

/**
 * Calls of one service. Each rejects with `ServiceError`, `ConnectionError`, or the reason of its signal.
 *
 * @example
 * const client = new Client({ url: 'http://127.0.0.1:7480' });
 * const { results } = await client.search({ query: 'camping gear', k: 10 });
 * for (const { title, score } of results[0].items) console.log(score, title);
 */
export class Client {
  readonly #base: string;

  constructor(private readonly options: ClientOptions) {
    this.#base = options.url.replace(/\/+$/, '');
  }

  /** Sets of items for one query or several, by one method or several. */
  search(request: SearchRequest, options?: CallOptions): Promise<SearchResponse> {
    return this.#call('/v1/search', request, options);
  }

  /** Directions only, as vectors. */
  fanout(request: FanoutRequest, options?: CallOptions): Promise<FanoutResponse> {
    return this.#call('/v1/fanout', request, options);
  }

  /** Adds, replaces and deletes items; needs a full key. */
  changeItems(request: ItemsRequest, options?: CallOptions): Promise<ItemsResponse> {
    return this.#call('/v1/items', request, options);
  }

  /**
   * Adds or replaces any number of items, in requests of a few hundred; needs a full key. Whole items are named, so it may be done
   * again: after a failure, or every night. The service embeds them in the background, and is not sent more than it keeps up with.
   *
   * @returns how many were sent, and the number that `visible` waits for (0 for none)
   *
   * @example
   * const { sequence } = await client.sendItems(products);
   * await client.visible(sequence);
   */
  async sendItems(
    items: Iterable<object> | AsyncIterable<object>,
    { signal, onSent }: SendOptions = {},
  ): Promise<{ readonly sent: number; readonly sequence: number }> {
    let batch: object[] = [];
    let characters = 0;
    let sent = 0;
    let sequence = 0;
    const send = async () => {
      const answer = await this.changeItems(
        { upsert: batch as NonNullable<ItemsRequest['upsert']> },
        { signal },
      );
      sent += batch.length;
      sequence = answer.sequence;
      batch = [];
      characters = 0;
      onSent?.(sent, sequence);
      if (answer.pending > MOST_PENDING) await this.#until(isReady, { signal });
    };
    for await (const item of items) {
      const { length } = JSON.stringify(item);
      if (batch.length > 0 && (batch.length === MOST_ITEMS || characters + length > MOST_CHARACTERS))
        await send();
      batch.push(item);
      characters += length;
    }
    if (batch.length > 0) await send();
    return { sent, sequence };
  }

  /**
   * Resolves once searches see the changes up to a number that `changeItems` gave.
   *
   * @throws the signal's reason; without a signal it waits as long as it takes
   */
  async visible(sequence: number, { signal }: CallOptions = {}): Promise<void> {
    await this.#until(({ visible }) => visible >= sequence, { signal });
  }

  async #until(is: (changes: Info['changes']) => boolean, { signal }: CallOptions): Promise<void> {
    for (let pause = 20; ; pause = Math.min(2 * pause, 1000)) {
      const { changes } = await this.info({ signal });
      if (is(changes)) return;
      await sleep(pause, signal);
    }
  }

  /**
   * Says which items and sets are on topic; needs a full key. They are on disk when it resolves.
   *
   * @example
   * await client.label([{ query: 'camping gear', item: 'tent-7', verdict: 'up', method: 'diffusion' }]);
   */
  label(judgments: LabelsRequest['judgments'], options?: CallOptions): Promise<LabelsResponse> {
    // A try whose answer was lost must not count twice.
    const named = judgments.map((judgment) => ({ id: crypto.randomUUID(), ...judgment }));
    return this.#call('/v1/labels', { judgments: named }, options);
  }

  /** What was said so far, of all queries or one, and what it says of methods. */
  labels({ query, ...options }: CallOptions & { readonly query?: string } = {}): Promise<LabelsAnswer> {
    const path = query === undefined ? '' : `?query=${encodeURIComponent(query)}`;
    return this.#call(`/v1/labels${path}`, undefined, options);
  }

  /** The run, its catalog, drift and limits. */
  info(options?: CallOptions): Promise<Info> {
    return this.#call('/v1/info', undefined, options);
  }

  /** The catalog as points in a plane, at most `limit` of them (20,000). */
  map({ limit, ...options }: CallOptions & { readonly limit?: number } = {}): Promise<CatalogMap> {
    return this.#call(`/v1/map${limit === undefined ? '' : `?limit=${limit}`}`, undefined, options);
  }

  /** Loads the run again; needs a full key. */
  reload(options?: CallOptions): Promise<ReloadResponse> {
    return this.#call('/v1/reload', {}, options);
  }

  /** Whether searches are answered. */
  async ready({ signal }: CallOptions = {}): Promise<boolean> {
    try {
      return (await this.#fetch('/readyz', undefined, signal)).ok;
    } catch (error) {
      if (error instanceof ConnectionError) return false;
      throw error;
    }
  }

  /** Tries again where that may help. Every call may be repeated: changes name whole items, so twice is as good as once. */
  async #call<T>(path: string, body: object | undefined, { signal }: CallOptions = {}): Promise<T> {
    const { maxRetries = 2 } = this.options;
    for (let tries = 0; ; tries++) {
      let pause = FIRST_PAUSE * 2 ** tries;
      try {
        const response = await this.#fetch(path, body, signal);
        if (response.ok) return (await response.json()) as T;
        const error = new ServiceError(await problemOf(response));
        pause = Math.max(pause, retryAfter(response));
        if (!OVERLOADED.has(response.status) || tries >= maxRetries || pause > LONGEST_PAUSE) throw error;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof ConnectionError) || tries >= maxRetries) throw error;
      }
      // Clients that were refused together should not come back together.
      await sleep(pause * (1 + 0.25 * Math.random()), signal);
    }
  }

  async #fetch(path: string, body: object | undefined, signal: AbortSignal | undefined): Promise<Response> {
    const { apiKey, timeoutMs = 30_000, headers, fetch: call = fetch } = this.options;
    const limit = AbortSignal.timeout(timeoutMs);
    const url = this.#base + path;
    try {
      return await call(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...headers?.(),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(apiKey !== undefined && { Authorization: `Bearer ${apiKey}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      const problem = limit.aborted ? `did not answer within ${timeoutMs} ms` : 'cannot be reached';
      throw new ConnectionError(`${url} ${problem}`, { cause });
    }
  }
}

/** What an error answer says; a proxy between may say it in its own way. */
async function problemOf(response: Response): Promise<Problem> {
  const { status, statusText } = response;
  const body = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  const detail = `the server answered ${status} ${statusText}`.trim();
  return { type: 'about:blank', title: statusText, detail, ...body, status };
}

/** Milliseconds the server asks to wait, from seconds or a date; 0 if it does not say. */
function retryAfter({ headers }: Response): number {
  const value = headers.get('retry-after');
  if (value === null) return 0;
  const seconds = Number(value);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : 1000 * seconds;
  return Number.isNaN(milliseconds) ? 0 : Math.max(0, milliseconds);
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
