/** Spans by OpenTelemetry. Where no SDK is registered its API does nothing, and nothing is kept. */
import { createRequire } from 'node:module';
import { type Context, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Trace } from './retrieve/trace.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export interface SpanPlace {
  /** What it is done for (what is done around it). */
  readonly parent?: Context;
  readonly kind?: SpanKind;
}

/** Does work as a span, which fails where the work does. */
export async function spanned<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
  { parent = context.active(), kind = SpanKind.INTERNAL }: SpanPlace = {},
): Promise<T> {
  return trace.getTracer('r4t', version).startActiveSpan(name, { attributes, kind }, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      failed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Spans for the parts of a search. */
export const traced: Trace = (name, attributes, work) =>
  spanned(name, attributes, (span) => work((told) => span.setAttributes(told)));

/** A span of what is over, `start` and `end` by `performance.now()`. */
export function pastSpan(name: string, attributes: Attributes, start: number, end: number): void {
  const at = (time: number) => performance.timeOrigin + time;
  trace
    .getTracer('r4t', version)
    .startSpan(name, { attributes, startTime: at(start) })
    .end(at(end));
}

export function failed(span: Span, error: unknown): void {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  span.setAttribute('error.type', name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
