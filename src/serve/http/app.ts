/** The HTTP service as a Hono app: testable without a socket. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Hono } from 'hono';
import { normalizeKey } from '../../catalog/normalizeKey.js';
import { InputError, R4tError } from '../../errors.js';
import type { LabelFolder } from '../../labels/labelFolder.js';
import { judgmentsOf } from '../../labels/labels.js';
import { summarize } from '../../labels/summary.js';
import type { RunHost } from '../changes/host.js';
import type { SearchJob } from '../engine/engine.js';
import { type Asked, SearchQueue } from '../engine/searchQueue.js';
import { type AccessLine, json } from './answers.js';
import type { ApiKey, Role } from './auth.js';
import { docsPage } from './docsPage.js';
import { Metrics } from './metrics.js';
import { openApi } from './openapi.js';
import { operations } from './operations.js';
import { HttpProblem, invalidBy } from './problem.js';
import { type Ctx, mountOf, ownPath, type Variables } from './request.js';
import { type Handlers, makeRoutes, notFound } from './routes.js';
import {
  type FanoutResponse,
  type Info,
  type ItemsResponse,
  type LabelsAnswer,
  type LabelsResponse,
  type LabelTask,
  LIMITS,
  type SearchResponse,
  type SetResult,
} from './schemas.js';
import { CONTENT_TYPES, type StaticFile } from './staticFiles.js';

export interface AppOptions {
  readonly host: RunHost;
  /** Keys that are asked for; none: everybody may do everything, as long as the request names this machine as its host. */
  readonly keys?: readonly ApiKey[];
  /** Without keys: what requests may do, by whatever host name, where another app has let them through. */
  readonly access?: Role;
  readonly onAccess?: (line: AccessLine) => void;
  /** Log what was searched for (false). */
  readonly logQueries?: boolean;
  /** Seconds after which a search is given up (10). */
  readonly seconds?: number;
  /** Queries that may wait (512). */
  readonly queue?: number;
  /** Queries answered by one call of the model (32). */
  readonly maxBatch?: number;
  /** Origins of pages that may call from a browser (none but this service's own). */
  readonly origins?: readonly string[];
  /** Files of the explorer, by URL path. */
  readonly files?: ReadonlyMap<string, StaticFile>;
  /** Where labels are kept (nowhere). */
  readonly labels?: LabelFolder;
  /** What people are asked to label. */
  readonly task?: LabelTask;
}

export interface App {
  /** To be a part of another Hono app: `app.route('/sets', routes)`. */
  readonly routes: Hono<{ Variables: Variables }>;
  readonly fetch: Hono['fetch'];
  readonly request: Hono['request'];
  readonly metrics: Metrics;
  /** From now on the service says that it is not ready. */
  drain(): void;
}

const MAP_ITEMS = 20_000;

export function createApp(options: AppOptions): App {
  const { host, keys = [], access, onAccess, logQueries = false, seconds = 10, queue = 512, files } = options;
  const { maxBatch, origins = [] } = options;
  let isDraining = false;
  const draining = () => isDraining;
  const searches = new SearchQueue({
    host,
    seconds,
    most: queue,
    maxBatch,
    onBatch: (jobs, timings) => metrics.batch(jobs, timings),
  });
  const metrics = new Metrics({
    queued: () => searches.queued,
    pending: () => (host.ready ? host.changes.pending : 0),
    failed: () => (host.ready ? host.changes.failed : 0),
    items: () => host.state?.items ?? 0,
    drift: () => host.state?.drift.share ?? 0,
    visible: () => (host.ready ? host.changes.visible : 0),
    takesChanges: () => host.takesChanges,
    ready: () => host.ready && !isDraining,
  });
  const handlers: Handlers = {
    ...searchHandlers(searches),
    ...runHandlers(host, { seconds, queue }),
    ...labelHandlers(host, options),
    ...healthHandlers({ host, metrics, draining }),
    ...documentHandlers(host),
  };
  const app = makeRoutes({
    handlers,
    guard: { keys, access },
    origins,
    metrics,
    onAccess,
    logQueries,
    draining,
  });
  app.get('*', (c) => {
    const path = ownPath(c);
    const file = files?.get(path);
    if (!file) return path === '/' ? c.redirect(`${mountOf(c)}/docs`) : notFound(c);
    c.set('route', 'explorer');
    const isKnown = c.req.header('if-none-match') === file.headers.ETag;
    return new Response(isKnown ? null : file.bytes, { status: isKnown ? 304 : 200, headers: file.headers });
  });
  app.all('*', notFound);
  return {
    routes: app,
    fetch: app.fetch,
    request: app.request,
    metrics,
    drain() {
      isDraining = true;
    },
  };
}

/** Sets and directions. */
function searchHandlers(searches: SearchQueue): Pick<Handlers, 'fanout' | 'search'> {
  function work<R>(c: Ctx, jobs: readonly SearchJob[], pick: Asked<R>['pick']) {
    c.set('queries', [...new Set(jobs.map(({ query }) => query))]);
    return searches.answer({ jobs, pick, caller: c.get('caller'), signal: c.req.raw.signal });
  }
  return {
    async search(c, { query, queries = [query!], method, methods = [method], ...settings }) {
      const jobs = queries.flatMap((q) =>
        methods.map((m): SearchJob => ({ query: q, method: m, ...settings })),
      );
      const answered = await work(c, jobs, (result) => ('set' in result ? result.set : undefined));
      const mount = mountOf(c);
      const results = mount === '' ? answered.results : answered.results.map((set) => withImages(set, mount));
      return json({ ...answered, results } satisfies SearchResponse);
    },
    async fanout(c, { query, queries = [query!], method = 'diffusion', ...settings }) {
      const jobs = queries.map((q): SearchJob => ({ query: q, method, fanout: true, ...settings }));
      const answered = await work(c, jobs, (result) => ('fanout' in result ? result.fanout : undefined));
      return json(answered satisfies FanoutResponse);
    },
  };
}

/** A set whose pictures are where the service is. */
const withImages = (set: SetResult, mount: string): SetResult => ({
  ...set,
  items: set.items.map(({ image, ...item }) => ({
    ...item,
    ...(image !== undefined && { image: image.startsWith('/') ? mount + image : image }),
  })),
});

/** The run that is served, and its catalog. */
function runHandlers(
  host: RunHost,
  limits: { readonly seconds: number; readonly queue: number },
): Pick<Handlers, 'image' | 'info' | 'items' | 'map' | 'reload'> {
  return {
    async items(_, request) {
      const taken = await host.accept(request);
      const { pending } = host.changes;
      return json({ ...taken, pending } satisfies ItemsResponse, 202);
    },
    async image(c) {
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
    },
    info: async () => json(await describeRun(host, limits)),
    async map(c) {
      const parsed = operations.map.query.safeParse(c.req.query());
      if (!parsed.success) throw invalidBy(parsed.error);
      return json(await host.engine.map(parsed.data.limit ?? MAP_ITEMS));
    },
    async reload() {
      try {
        return json(await host.reload());
      } catch (error) {
        if (!(error instanceof R4tError)) throw error;
        throw new HttpProblem('conflict', `the old run stays: ${error.message}`, { cause: error });
      }
    },
  };
}

/** What people say of sets. */
function labelHandlers(
  host: RunHost,
  { labels: folder, task }: Pick<AppOptions, 'labels' | 'task'>,
): Pick<Handlers, 'label' | 'labels'> {
  /** A folder that is damaged or held by another process is no fault of the request. */
  async function kept<T>(work: (folder: LabelFolder) => Promise<T>): Promise<T> {
    if (!folder) throw new HttpProblem('conflict', 'this server keeps no labels');
    try {
      return await work(folder);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new HttpProblem('conflict', `labels cannot be kept: ${error.message}`, { cause: error });
    }
  }
  return {
    async label(c, { judgments }) {
      c.set('queries', [...new Set(judgments.map(({ query }) => query))]);
      const recorded = await kept((labels) => labels.record(judgments, host.facts.run.id));
      return json({ recorded } satisfies LabelsResponse);
    },
    async labels(c) {
      const parsed = operations.labels.query.safeParse(c.req.query());
      if (!parsed.success) throw invalidBy(parsed.error);
      const { query } = parsed.data;
      const all = await kept((labels) => labels.read());
      const asked = query === undefined ? [...all.values()] : [all.get(normalizeKey(query)) ?? []].flat();
      const answer = {
        judgments: asked.flatMap(judgmentsOf),
        methods: summarize(all),
        ...(task && { task }),
      };
      return json(answer satisfies LabelsAnswer);
    },
  };
}

/** What watches over the service. */
function healthHandlers({
  host,
  metrics,
  draining,
}: {
  readonly host: RunHost;
  readonly metrics: Metrics;
  readonly draining: () => boolean;
}): Pick<Handlers, 'healthz' | 'metrics' | 'readyz'> {
  return {
    healthz: () => json({ status: 'ok' }),
    readyz() {
      if (draining()) throw new HttpProblem('unavailable', 'the server is going down', { retryAfter: 5 });
      if (!host.ready)
        throw new HttpProblem('unavailable', 'no run is loaded at the moment', { retryAfter: 2 });
      return json({ status: 'ok' });
    },
    async metrics() {
      const { body, contentType } = await metrics.text();
      return new Response(body, { headers: { 'Content-Type': contentType } });
    },
  };
}

/** The service's description, for programs and for people. */
function documentHandlers(host: RunHost): Pick<Handlers, 'docs' | 'openapi'> {
  const page = keptFor((mount) => {
    const document = openApi(host.facts.run.version, mount);
    return { json: JSON.stringify(document), html: docsPage(document, mount) };
  });
  return {
    openapi: (c) => new Response(page(mountOf(c)).json, { headers: { 'Content-Type': 'application/json' } }),
    async docs(c) {
      const policy = "default-src 'none'; style-src 'unsafe-inline'";
      const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy };
      return new Response(String(await page(mountOf(c)).html), { headers });
    },
  };
}

async function describeRun(host: RunHost, limits: { seconds: number; queue: number }): Promise<Info> {
  const { run, compiledItems: compiled, k, method, auto, steps, dimensions, encoder, methods } = host.facts;
  const [fields, { items, drift }] = await Promise.all([host.engine.fields(), host.engine.state()]);
  const { queries, k: mostK, steps: mostSteps, items: mostItems, body, itemsBody } = LIMITS;
  return {
    run,
    catalog: { items, compiled, fields },
    k,
    method,
    ...(auto && { auto }),
    steps,
    dimensions,
    encoder,
    methods: [...methods],
    changes: host.changes,
    drift,
    limits: { queries, k: mostK, steps: mostSteps, items: mostItems, body, itemsBody, ...limits },
  };
}

/** What is made for a key, kept until another key is asked for. */
function keptFor<T>(make: (key: string) => T): (key: string) => T {
  let kept: { readonly key: string; readonly value: T } | undefined;
  return (key) => {
    if (kept?.key !== key) kept = { key, value: make(key) };
    return kept.value;
  };
}
