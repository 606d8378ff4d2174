/** A span of every request, in the trace that the caller's `traceparent` names (W3C Trace Context). */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { MiddlewareHandler } from 'hono';
import { failed, spanned } from '../../telemetry.js';
import { type Ctx, mountOf, type Variables } from './request.js';

const HEADERS = {
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
  keys: (headers: Headers) => [...headers.keys()],
};

/** Attributes are those of the semantic conventions for HTTP servers. */
export const requestSpan: MiddlewareHandler<{ Variables: Variables }> = async (c: Ctx, next) => {
  const { method, raw } = c.req;
  const url = new URL(c.req.url);
  // Whoever instruments the server has read the headers, and this is a part of what it does.
  const within = trace.getSpan(context.active());
  const parent = within ? context.active() : propagation.extract(context.active(), raw.headers, HEADERS);
  const attributes = {
    'http.request.method': method,
    'url.path': url.pathname,
    'url.scheme': url.protocol.slice(0, -1),
    'server.address': url.hostname,
  };
  await spanned(
    method,
    attributes,
    async (span) => {
      await next();
      const { status } = c.res;
      span.setAttribute('http.response.status_code', status);
      const known = c.get('route');
      if (known.startsWith('/')) {
        const route = mountOf(c) + known;
        span.updateName(`${method} ${route}`).setAttribute('http.route', route);
      }
      const error = c.get('error');
      if (error !== undefined) failed(span, error);
      else if (status >= 500)
        span.setAttribute('error.type', String(status)).setStatus({ code: SpanStatusCode.ERROR });
    },
    { parent, kind: within ? SpanKind.INTERNAL : SpanKind.SERVER },
  );
};
