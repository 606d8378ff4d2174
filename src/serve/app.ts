/** The HTTP service as a Hono app: testable without a socket. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type * as z from 'zod';
import { R4tError } from '../errors.js';
import type { ApiKey } from './auth.js';
import { Batcher } from './batcher.js';
import { Callers } from './callers.js';
import { docsPage } from './docsPage.js';
import type { Engine, ItemChange, JobResult, SearchJob } from './engine.js';
import { problemFrom, refusal, withDeadline } from './failures.js';
import type { RunHost } from './host.js';
import { idText } from './itemReader.js';
import { Metrics } from './metrics.js';
import { openApi } from './openapi.js';
import { type Operation, type OperationId, operations } from './operations.js';
import { HttpProblem, invalidBy } from './problem.js';
import { authorize, type Ctx, readBody, type Variables } from './request.js';
import {
  type FanoutResponse,
  type Info,
  type ItemsResponse,
  LIMITS,
  type RunProvenance,
  type SearchResponse,
  type Timings,
} from './schemas.js';
import { CONTENT_TYPES, type StaticFile } from './staticFiles.js';

/** One line of the access log. */
export interface AccessLine {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  /** Only where queries are logged. */
  readonly queries?: readonly string[];
  /** Why it failed; only of internal errors. */
  readonly err?: unknown;
}

export interface AppOptions {
  readonly host: RunHost;
  /** Keys that are asked for; none: everybody may do everything, as long as the request names this machine as its host. */
  readonly keys?: readonly ApiKey[];
  readonly onAccess?: (line: AccessLine) => void;
  /** Log what was searched for (false). */
  readonly logQueries?: boolean;
  /** Seconds after which a search is given up (10). */
  readonly seconds?: number;
  /** Queries that may wait (512). */
  readonly queue?: number;
  /** Queries answered by one call of the model (32). */
  readonly maxBatch?: number;
  /** Milliseconds that an idle server waits for company (2). */
  readonly maxWait?: number;
  /** Files of the explorer, by URL path. */
  readonly files?: ReadonlyMap<string, StaticFile>;
}

export interface App {
  readonly fetch: Hono['fetch'];
  readonly request: Hono['request'];
  readonly metrics: Metrics;
  /** From now on the service says that it is not ready. */
  drain(): void;
}

/** What one caller may have waiting, as a share of the queue: others find room in the rest. */
const CALLER_SHARE = 0.75;
/** A folm query costs about as much as so many others. */
const FOLM_WEIGHT = 8;
/** Steps which an ordinary search's cost stands for. */
const STEPS_A_WEIGHT = 4;
const MAP_ITEMS = 20_000;

export function createApp(options: AppOptions): App {
  const { host, keys = [], onAccess, logQueries = false, seconds = 10, queue = 512, files } = options;
  let draining = false;
  const batcher = new Batcher<SearchJob, Answer>({
    maxBatch: options.maxBatch,
    maxWait: options.maxWait,
    maxQueue: queue,
    weight: weightOf,
    async run(jobs, milliseconds) {
      const { engine } = host;
      const { results, timings } = await engine
        .search(jobs, milliseconds)
        .catch((error: unknown) => lost(engine, error));
      metrics.batch(jobs.length, timings);
      const { run } = engine.facts;
      return results.map((result) => ({ result, timings, run }));
    },
  });
  const callers = new Callers(Math.max(1, Math.floor(CALLER_SHARE * queue)));
  const metrics = new Metrics({
    queued: () => batcher.queued,
    pending: () => (host.ready ? host.changes.pending : 0),
    items: () => host.state?.items ?? 0,
    drift: () => host.state?.drift.share ?? 0,
    ready: () => host.ready && !draining,
  });
  const app = new Hono<{ Variables: Variables }>();

  /** An engine that failed may have died; then another one is started, and trying again helps. */
  async function lost(engine: Engine, error: unknown): Promise<never> {
    await new Promise((resolve) => setImmediate(resolve));
    if (host.ready && host.engine === engine) throw error;
    throw new HttpProblem('unavailable', 'the search thread is being started again', {
      retryAfter: 2,
      cause: error,
    });
  }

  app.use(async (c, next) => {
    const started = performance.now();
    const given = c.req.header('x-request-id');
    const id = given !== undefined && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    c.set('id', id);
    c.set('route', 'other');
    await next();
    c.res.headers.set('X-Request-Id', id);
    if (draining) c.res.headers.set('Connection', 'close');
    const ms = Math.round((performance.now() - started) * 100) / 100;
    metrics.request(c.get('route'), c.res.status, ms);
    const [queries, err] = [logQueries ? c.get('queries') : undefined, c.get('error')];
    const { method, path } = c.req;
    onAccess?.({
      id,
      method,
      path,
      status: c.res.status,
      ms,
      ...(queries && { queries }),
      ...(err !== undefined && { err }),
    });
  });

  app.onError((error, c: Ctx) => {
    const problem = problemFrom(error);
    if (problem.code === 'internal') c.set('error', error);
    return problem.toResponse(c.get('id'));
  });

  app.notFound((c: Ctx) => {
    const known = (Object.values(operations) as Operation[]).find(({ path }) => path === c.req.path);
    if (!known)
      return new HttpProblem('not-found', 'there is nothing here; see /docs').toResponse(c.get('id'));
    const allow = known.method.toUpperCase();
    const problem = new HttpProblem('method-not-allowed', `use ${allow}`);
    return problem.toResponse(c.get('id'), { Allow: allow });
  });

  /** Adds the route of an operation, behind its checks. */
  function on(id: OperationId, handle: (c: Ctx, body: unknown) => Promise<Response> | Response): void {
    const operation: Operation = operations[id];
    const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
    const enter = (c: Ctx) => {
      c.set('route', operation.path);
      c.set('caller', authorize(c, operation, keys));
    };
    if (operation.method === 'get') {
      app.get(path, (c) => {
        enter(c);
        return handle(c, undefined);
      });
      return;
    }
    const { body } = operation;
    app.post(
      path,
      async (c, next) => {
        enter(c);
        await next();
      },
      bodyLimit({
        maxSize: body?.most ?? LIMITS.body,
        onError: (c: Ctx) => {
          const most = (body?.most ?? LIMITS.body).toLocaleString('en');
          return new HttpProblem('too-large', `send at most ${most} bytes`).toResponse(c.get('id'));
        },
      }),
      async (c) => handle(c, body && (await readBody(c, body.schema))),
    );
  }

  async function work<R>(
    c: Ctx,
    jobs: readonly SearchJob[],
    pick: (result: JobResult) => R | undefined,
  ): Promise<{ results: R[]; run: RunProvenance; timings: Timings }> {
    c.set('queries', [...new Set(jobs.map(({ query }) => query))]);
    const started = performance.now();
    const milliseconds = seconds * 1000;
    // An engine that cannot answer now should say so before the queue does.
    void host.engine;
    const { signal } = c.req.raw;
    const weight = jobs.reduce((sum, job) => sum + weightOf(job), 0);
    const batched = await withDeadline(
      callers.whileWaiting(c.get('caller'), weight, () => batcher.submit(jobs, { milliseconds, signal })),
      // The engine stops by itself a little earlier.
      milliseconds + 250,
    ).catch((error: unknown) => {
      throw signal.aborted ? new HttpProblem('unavailable', 'the caller has gone') : error;
    });
    const results = batched.map(({ answer: { result } }) => {
      const picked = pick(result);
      if (picked !== undefined) return picked;
      throw refusal(result, seconds);
    });
    const { waited, answer } = batched.reduce((slow, one) => (one.waited > slow.waited ? one : slow));
    const total = performance.now() - started;
    return { results, run: answer.run, timings: roundedTimings({ queue: waited, ...answer.timings, total }) };
  }

  on('search', async (c, body) => {
    const {
      query,
      queries = [query!],
      method,
      methods = [method ?? 'diffusion'],
      filter,
      directions,
      ...settings
    } = body as z.output<typeof operations.search.body.schema>;
    const jobs = queries.flatMap((q) =>
      methods.map((m): SearchJob => ({ query: q, method: m, filters: filter, directions, ...settings })),
    );
    const answered = await work(c, jobs, (result) => ('set' in result ? result.set : undefined));
    return answer(answered satisfies SearchResponse);
  });

  on('fanout', async (c, body) => {
    const {
      query,
      queries = [query!],
      method = 'diffusion',
      ...settings
    } = body as z.output<typeof operations.fanout.body.schema>;
    const jobs = queries.map((q): SearchJob => ({ query: q, method, fanout: true, ...settings }));
    const answered = await work(c, jobs, (result) => ('fanout' in result ? result.fanout : undefined));
    return answer(answered satisfies FanoutResponse);
  });

  on('items', async (_, body) => {
    const { upsert = [], delete: deleted = [] } = body as z.output<typeof operations.items.body.schema>;
    const items = host.reader.readAll(upsert);
    const changes: ItemChange[] = [
      ...items.map((item) => ({ upsert: item })),
      ...deleted.map((id) => ({ delete: idText(id) })),
    ];
    const sequence = await host.accept(changes);
    const { pending } = host.changes;
    return answer({ accepted: changes.length, sequence, pending } satisfies ItemsResponse, 202);
  });

  on('image', async (c) => {
    const file = await host.engine.imageFile(c.req.param('id') ?? '');
    const bytes = file === undefined ? undefined : await readFile(file).catch(() => undefined);
    if (file === undefined || bytes === undefined) {
      throw new HttpProblem('not-found', 'this item has no picture on this server');
    }
    return new Response(new Uint8Array(bytes), {
      headers: {
        'Content-Type': CONTENT_TYPES[extname(file).toLowerCase()],
        'Cache-Control': 'private, max-age=3600',
        'X-Content-Type-Options': 'nosniff',
        // A picture may hold scripts (SVG), which must not run if it is opened as a page.
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      },
    });
  });

  on('info', async () => answer(await describeRun(host, { seconds, queue })));

  on('map', async (c) => {
    const parsed = operations.map.query.safeParse(c.req.query());
    if (!parsed.success) throw invalidBy(parsed.error);
    return answer(await host.engine.map(parsed.data.limit ?? MAP_ITEMS));
  });

  on('reload', async () => {
    try {
      return answer(await host.reload());
    } catch (error) {
      if (!(error instanceof R4tError)) throw error;
      throw new HttpProblem('conflict', `the old run stays: ${error.message}`, { cause: error });
    }
  });

  on('healthz', () => answer({ status: 'ok' }));

  on('readyz', () => {
    if (draining) throw new HttpProblem('unavailable', 'the server is going down', { retryAfter: 5 });
    if (!host.ready)
      throw new HttpProblem('unavailable', 'no run is loaded at the moment', { retryAfter: 2 });
    return answer({ status: 'ok' });
  });

  on('metrics', async () => {
    const { body, contentType } = await metrics.text();
    return new Response(body, { headers: { 'Content-Type': contentType } });
  });

  const page = makeOnce(() => {
    const document = openApi(host.facts.run.version);
    return { json: JSON.stringify(document), html: docsPage(document) };
  });
  on('openapi', () => new Response(page().json, { headers: { 'Content-Type': 'application/json' } }));
  on('docs', () => {
    const policy = "default-src 'none'; style-src 'unsafe-inline'";
    const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy };
    return new Response(page().html, { headers });
  });

  app.get('*', (c) => {
    const { path } = c.req;
    const file = files?.get(path);
    if (!file) return path === '/' ? c.redirect('/docs') : c.notFound();
    c.set('route', 'explorer');
    const isKnown = c.req.header('if-none-match') === file.headers.ETag;
    return new Response(isKnown ? null : file.bytes, { status: isKnown ? 304 : 200, headers: file.headers });
  });

  return {
    fetch: app.fetch,
    request: app.request,
    metrics,
    drain() {
      draining = true;
    },
  };
}

interface Answer {
  readonly result: JobResult;
  readonly timings: Omit<Timings, 'queue' | 'total'>;
  /** The run that answered; another may be served meanwhile. */
  readonly run: RunProvenance;
}

async function describeRun(host: RunHost, limits: { seconds: number; queue: number }): Promise<Info> {
  const { run, compiledItems: compiled, k, steps, dimensions, encoder, methods } = host.facts;
  const [fields, { items, drift }] = await Promise.all([host.engine.fields(), host.engine.state()]);
  const { queries, k: mostK, steps: mostSteps, items: mostItems, body, itemsBody } = LIMITS;
  return {
    run,
    catalog: { items, compiled, fields },
    k,
    steps,
    dimensions,
    encoder,
    methods: [...methods],
    changes: host.changes,
    drift,
    limits: { queries, k: mostK, steps: mostSteps, items: mostItems, body, itemsBody, ...limits },
  };
}

/** What a job costs beside an ordinary search. */
function weightOf({ method, steps }: SearchJob): number {
  if (method === 'folm') return FOLM_WEIGHT;
  return method === 'diffusion' && steps !== undefined ? Math.ceil(steps / STEPS_A_WEIGHT) : 1;
}

const answer = (value: object, status = 200): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  });

/** Milliseconds to the microsecond. */
function roundedTimings<T extends object>(timings: T): T {
  const entries = Object.entries(timings).map(([name, ms]) => [name, Math.round(ms * 1000) / 1000]);
  return Object.fromEntries(entries) as T;
}

function makeOnce<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= make();
    return value;
  };
}
