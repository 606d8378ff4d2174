/** Answers that every service gives alike, and the account that is kept of them. */
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { IndexError, WriteError } from '../../errors.js';
import { problemFrom } from './failures.js';
import { HttpProblem } from './problem.js';
import { type Ctx, mountOf, type Variables } from './request.js';
import type { RequestMetrics } from './requestMetrics.js';

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

export const json = (value: object, status = 200): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  });

export const answerOf = (
  problem: HttpProblem,
  c: Ctx,
  headers?: Readonly<Record<string, string>>,
): Response => problem.toResponse(c.get('requestId'), { headers, mount: mountOf(c) });

/** Tells the caller what went wrong, and the log what only it may know. */
export function answerError(error: Error, c: Ctx): Response {
  const problem = problemFrom(error);
  if (problem.code === 'internal' || error instanceof IndexError || error instanceof WriteError)
    c.set('error', error);
  return answerOf(problem, c);
}

/** Refuses bodies of more bytes. */
export const limited = (maxSize: number): MiddlewareHandler =>
  bodyLimit({
    maxSize,
    onError: (c: Ctx) => {
      const most = maxSize.toLocaleString('en');
      return answerOf(new HttpProblem('too-large', `send at most ${most} bytes`), c);
    },
  });

export interface AccountOptions {
  readonly metrics: RequestMetrics;
  readonly onAccess?: (line: AccessLine) => void;
  /** Log what was searched for. */
  readonly logQueries: boolean;
  /** Whether connections are to be closed, as the service is going down. */
  readonly draining: () => boolean;
}

/** Counts and logs a request once it is answered. */
export function accounted({
  metrics,
  onAccess,
  logQueries,
  draining,
}: AccountOptions): MiddlewareHandler<{ Variables: Variables }> {
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
