/** The table of operations as routes, and what every request passes on its way there. */
import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { requestId } from 'hono/request-id';
import type * as z from 'zod';
import { IndexError } from '../../errors.js';
import type { ApiKey } from './auth.js';
import { problemFrom } from './failures.js';
import type { Metrics } from './metrics.js';
import { type Operation, type OperationId, operations } from './operations.js';
import { HttpProblem } from './problem.js';
import { authorize, type Ctx, readBody, type Variables } from './request.js';
import { LIMITS } from './schemas.js';

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

/** The checked body of an operation; undefined where it has none. */
type BodyOf<Id extends OperationId> = (typeof operations)[Id] extends {
  readonly body: { readonly schema: infer S extends z.ZodType };
}
  ? z.output<S>
  : undefined;

/** What answers each operation, once the request may be made and its body is checked. */
export type Handlers = {
  readonly [Id in OperationId]: (c: Ctx, body: BodyOf<Id>) => Promise<Response> | Response;
};

export interface RoutesOptions {
  readonly handlers: Handlers;
  /** Keys that are asked for; none: everybody may do everything. */
  readonly keys: readonly ApiKey[];
  readonly metrics: Metrics;
  readonly onAccess?: (line: AccessLine) => void;
  /** Log what was searched for. */
  readonly logQueries: boolean;
  /** Origins of pages that may call from a browser; `*`: any. */
  readonly origins: readonly string[];
  /** Whether connections are to be closed, as the service is going down. */
  readonly draining: () => boolean;
}

/** A Hono app with a route for every operation. */
export function makeRoutes({
  handlers,
  keys,
  origins,
  ...options
}: RoutesOptions): Hono<{ Variables: Variables }> {
  const app = new Hono<{ Variables: Variables }>();
  app.use(requestId({ limitLength: 64 }), accounted(options));
  if (origins.length > 0) app.use(allowed(origins));
  app.onError((error, c: Ctx) => {
    const problem = problemFrom(error);
    if (problem.code === 'internal' || error instanceof IndexError) c.set('error', error);
    return problem.toResponse(c.get('requestId'));
  });
  app.notFound(notFound);
  for (const id of Object.keys(operations) as OperationId[]) {
    const operation: Operation = operations[id];
    const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
    const handle = handlers[id] as (c: Ctx, body: unknown) => Promise<Response> | Response;
    const enter: MiddlewareHandler<{ Variables: Variables }> = async (c, next) => {
      c.set('route', operation.path);
      c.set('caller', authorize(c, operation, keys));
      await next();
    };
    if (operation.method === 'get') app.get(path, enter, (c) => handle(c, undefined));
    else {
      const { schema, most = LIMITS.body } = operation.body ?? {};
      app.post(path, enter, limited(most), async (c) => handle(c, schema && (await readBody(c, schema))));
    }
  }
  return app;
}

/** Counts and logs a request once it is answered. */
function accounted({
  metrics,
  onAccess,
  logQueries,
  draining,
}: Omit<RoutesOptions, 'handlers' | 'keys' | 'origins'>): MiddlewareHandler<{ Variables: Variables }> {
  return async (c, next) => {
    const started = performance.now();
    c.set('route', 'other');
    await next();
    // What the middleware has set is lost where a handler answers with a response of its own.
    c.res.headers.set('X-Request-Id', c.get('requestId'));
    if (draining()) c.res.headers.set('Connection', 'close');
    const { status } = c.res;
    const ms = Math.round((performance.now() - started) * 100) / 100;
    metrics.request(c.get('route'), status, ms);
    const [queries, err] = [logQueries ? c.get('queries') : undefined, c.get('error')];
    const { method, path } = c.req;
    onAccess?.({
      id: c.get('requestId'),
      method,
      path,
      status,
      ms,
      ...(queries && { queries }),
      ...(err !== undefined && { err }),
    });
  };
}

/** Lets pages of these origins read the answers. */
const allowed = (origins: readonly string[]): MiddlewareHandler =>
  cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['Authorization', 'Content-Type', 'X-API-Key', 'X-Request-Id'],
    exposeHeaders: ['Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });

function notFound(c: Ctx): Response {
  const known = (Object.values(operations) as Operation[]).find(({ path }) => path === c.req.path);
  if (!known)
    return new HttpProblem('not-found', 'there is nothing here; see /docs').toResponse(c.get('requestId'));
  const allow = known.method.toUpperCase();
  const problem = new HttpProblem('method-not-allowed', `use ${allow}`);
  return problem.toResponse(c.get('requestId'), { Allow: allow });
}

const limited = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: (c: Ctx) => {
      const most = maxSize.toLocaleString('en');
      return new HttpProblem('too-large', `send at most ${most} bytes`).toResponse(c.get('requestId'));
    },
  });
