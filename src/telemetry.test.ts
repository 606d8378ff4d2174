import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from './catalog/testing/tempFolder.js';
import { Client } from './client/client.js';
import { letterEncoder } from './policy/testing/world.js';
import { Retriever } from './retrieve/retriever.js';
import { createApp } from './serve/http/app.js';
import { compileTiny, SETS, serveTiny, type TinyService } from './serve/testing/tinyRun.js';

const temp = tempFolder();
const exporter = new InMemorySpanExporter();

beforeAll(() => {
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
beforeEach(() => exporter.reset());
afterAll(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

/** The spans of one trace, as names below names. */
function treeOf(spans: readonly ReadableSpan[], parent?: string): unknown[] {
  return spans
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent)
    .sort((a, b) => Number(a.startTime[0] - b.startTime[0]) || a.startTime[1] - b.startTime[1])
    .map((span) => {
      const below = treeOf(spans, span.spanContext().spanId);
      return below.length > 0 ? { [span.name]: below } : span.name;
    });
}
const named = (name: string): ReadableSpan => exporter.getFinishedSpans().find((span) => span.name === name)!;
const PARTS = ['r4t.directions', 'r4t.search'];

let run: string;

it('keeps a span of a compilation and of each stage that is run', async () => {
  run = await compileTiny(temp, { sets: SETS });
  const stages = ['encode', 'warm-start', 'policy', 'synthesis', 'diffusion', 'choose'];
  expect(treeOf(exporter.getFinishedSpans())).toEqual([
    { 'r4t.compile': stages.map((stage) => `r4t.compile ${stage}`) },
  ]);
  expect(exporter.getFinishedSpans().flatMap(({ attributes }) => attributes['r4t.stage'] ?? [])).toEqual(
    stages,
  );
  expect(named('r4t.compile').attributes).toMatchObject({ 'r4t.run': 'run', 'r4t.items': 20 });
  exporter.reset();
  await compileTiny(temp, { sets: SETS });
  expect(treeOf(exporter.getFinishedSpans())).toEqual(['r4t.compile']);
});

it('says where a compilation failed', async () => {
  await expect(compileTiny(temp, { out: 'bad', config: { k: 100 } })).rejects.toThrow('fewer than k');
  const { status, attributes } = named('r4t.compile');
  expect(status).toMatchObject({
    code: SpanStatusCode.ERROR,
    message: expect.stringContaining('fewer than k'),
  });
  expect(attributes).toMatchObject({ 'error.type': 'InputError' });
});

describe('a search', () => {
  let retriever: Retriever;
  beforeAll(async () => {
    retriever = await Retriever.load(run, { encoder: letterEncoder, threads: 1 });
  });
  afterAll(() => retriever.close());

  it('is a span with its parts, below what it is done for', async () => {
    await trace.getTracer('app').startActiveSpan('page', async (page) => {
      await retriever.search('red things', { k: 3, method: 'kmeans' });
      page.end();
    });
    expect(treeOf(exporter.getFinishedSpans())).toEqual([
      { page: [{ retrieval: ['embeddings letters/projected-8', ...PARTS] }] },
    ]);
    expect(named('retrieval').attributes).toEqual({
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.retrieval.top_k': 3,
      'r4t.queries': 1,
      'r4t.method': 'kmeans',
      'r4t.items': 3,
    });
    expect(named('embeddings letters/projected-8').attributes).toEqual({
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.request.model': 'letters/projected-8',
      'gen_ai.embeddings.dimension.count': 8,
    });
  });

  it('tells nothing of the query, and what was wrong', async () => {
    await retriever.searchAll(['a secret thing', 'another'], { method: 'auto' });
    expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes))).not.toContain(
      'secret',
    );
    await expect(retriever.search('red', { filter: 'colour=red' })).rejects.toThrow();
    const failed = exporter.getFinishedSpans().at(-1)!;
    expect(failed).toMatchObject({ name: 'retrieval', status: { code: SpanStatusCode.ERROR } });
  });
});

describe('over HTTP', () => {
  let service: TinyService;
  beforeAll(async () => {
    service = await serveTiny(run);
  });
  afterAll(() => service.host.close());

  /** A client that says in which trace it asks, as docs/integrations.md has it. */
  const clientOf = (app: Pick<TinyService, 'request'>, path = '') =>
    new Client({
      url: `http://localhost${path}`,
      fetch: ((url: string, init: RequestInit) => app.request(url, init)) as typeof fetch,
      headers() {
        const headers: Record<string, string> = {};
        propagation.inject(context.active(), headers);
        return headers;
      },
    });

  it('is a part of the trace that the caller names', async () => {
    await trace.getTracer('app').startActiveSpan('page', async (page) => {
      // Another process knows of it by the header alone.
      const headers: Record<string, string> = {};
      propagation.inject(context.active(), headers);
      page.end();
      await context.with(trace.deleteSpan(context.active()), () =>
        service.post('/v1/search', { queries: ['tents', 'lamps'], method: 'plain', k: 2 }, headers),
      );
    });
    expect(treeOf(exporter.getFinishedSpans())).toEqual([
      { page: [{ 'POST /v1/search': [{ retrieval: ['r4t.queue', 'embeddings letters', ...PARTS] }] }] },
    ]);
    const { attributes, kind } = named('POST /v1/search');
    expect(kind).toBe(1);
    expect(attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/search',
      'http.response.status_code': 200,
      'url.path': '/v1/search',
      'url.scheme': 'http',
      'server.address': 'localhost',
    });
    expect(named('retrieval').attributes).toMatchObject({ 'r4t.queries': 2, 'r4t.batch.queries': 2 });
  });

  it('the client says which', async () => {
    let seen: string | undefined;
    const app = {
      request: (url: string, init: RequestInit) => {
        seen = new Headers(init.headers).get('traceparent') ?? undefined;
        return service.request(url, init);
      },
    } as Pick<TinyService, 'request'>;
    await trace.getTracer('app').startActiveSpan('page', async (page) => {
      await clientOf(app).search({ query: 'tents' });
      const { traceId, spanId } = page.spanContext();
      expect(seen).toBe(`00-${traceId}-${spanId}-01`);
      page.end();
    });
  });

  it('is inside the span of the app that it is a part of', async () => {
    const app = new Hono();
    app.use((_, next) =>
      trace.getTracer('app').startActiveSpan('GET the app', async (span) => {
        await next();
        span.end();
      }),
    );
    app.route('/sets', createApp({ host: service.host, access: 'read' }).routes);
    await clientOf(app as unknown as TinyService, '/sets').info();
    expect(treeOf(exporter.getFinishedSpans())).toEqual([{ 'GET the app': ['GET /sets/v1/info'] }]);
    expect(named('GET /sets/v1/info').kind).toBe(0);
  });

  it('marks what the server is to blame for, and not what the caller is', async () => {
    await service.post('/v1/search', { query: '' });
    expect(named('POST /v1/search')).toMatchObject({ status: { code: SpanStatusCode.UNSET } });
    exporter.reset();
    const broken = createApp({
      host: {
        ...service.host,
        ready: true,
        get facts(): never {
          throw new Error('out of memory');
        },
      } as never,
    });
    await broken.request('/v1/info');
    expect(named('GET /v1/info')).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'out of memory' },
      attributes: { 'http.response.status_code': 500, 'error.type': 'Error' },
    });
  });
});
