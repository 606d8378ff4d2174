/** The table of operations as routes, and what every request passes on its way there. */
import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { requestId } from 'hono/request-id';
import type * as z from 'zod';
import { type AccountOptions, accounted, answerError, answerOf, limited } from './answers.js';
import { type Operation, type OperationId, operations } from './operations.js';
import { HttpProblem } from './problem.js';
import { authorize, type Ctx, type Guard, mountOf, ownPath, readBody, type Variables } from './request.js';
import { requestSpan } from './requestSpan.js';
import { LIMITS } from './schemas.js';

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

export interface RoutesOptions extends AccountOptions {
  readonly handlers: Handlers;
  readonly guard: Guard;
  /** Origins of pages that may call from a browser; `*`: any. */
  readonly origins: readonly string[];
}

/** A Hono app with a route for every operation. */
export function makeRoutes({
  handlers,
  guard,
  origins,
  ...options
}: RoutesOptions): Hono<{ Variables: Variables }> {
  const app = new Hono<{ Variables: Variables }>();
  app.use(requestId({ limitLength: 64 }), requestSpan, accounted(options));
  if (origins.length > 0) app.use(allowed(origins));
  app.onError(answerError);
  for (const id of Object.keys(operations) as OperationId[]) {
    const operation: Operation = operations[id];
    const path = operation.path.replace(/\{(\w+)\}/g, ':$1');
    const handle = handlers[id] as (c: Ctx, body: unknown) => Promise<Response> | Response;
    const enter: MiddlewareHandler<{ Variables: Variables }> = async (c, next) => {
      c.set('route', operation.path);
      c.set('caller', authorize(c, operation, guard));
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

/** Lets pages of these origins read the answers. */
const allowed = (origins: readonly string[]): MiddlewareHandler =>
  cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['Authorization', 'Content-Type', 'X-API-Key', 'X-Request-Id'],
    exposeHeaders: ['Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });

/** What no route answers; as a route of its own, for an app that this one is part of would answer otherwise. */
export function notFound(c: Ctx): Response {
  const here = ownPath(c);
  const known = (Object.values(operations) as Operation[]).filter(({ path }) => path === here);
  if (known.length === 0)
    return answerOf(new HttpProblem('not-found', `there is nothing here; see ${mountOf(c)}/docs`), c);
  const allow = known.map(({ method }) => method.toUpperCase()).join(', ');
  const problem = new HttpProblem('method-not-allowed', `use ${allow.replace(', ', ' or ')}`);
  return answerOf(problem, c, { Allow: allow });
}
