import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { parseKeys } from '../serve/http/auth.js';
import { compileTiny, serveTiny, type TinyService } from '../serve/testing/tinyRun.js';
import { Client, ConnectionError, ServiceError } from './client.js';
import type { Method, SearchRequest } from './index.js';

const KEY = 'full-key-0123456789';
const temp = tempFolder();
let service: TinyService;
let client: Client;

/** `fetch` that asks the app instead of a socket. */
const direct = ((url: string, init: RequestInit) => service.request(url, init)) as typeof fetch;

beforeAll(async () => {
  service = await serveTiny(await compileTiny(temp), { keys: parseKeys(`full:${KEY}`, {}) });
  client = new Client({ url: 'http://shop.example/', apiKey: KEY, fetch: direct });
});
afterAll(() => service.host.close());

it('calls every operation', async () => {
  const { results } = await client.search({ queries: ['tents', 'lamps'], k: 3, filter: ['price<=30'] });
  expect(results.map(({ items }) => items.length)).toEqual([3, 3]);
  expect((await client.fanout({ query: 'tents' })).results[0].directions).toHaveLength(4);
  const { sequence } = await client.changeItems({
    upsert: [{ id: 'new', title: 'qqqq' }],
    delete: ['red-chair'],
  });
  await client.visible(sequence);
  const found = await client.search({ query: 'qqqq', method: 'plain' });
  expect(found.results[0].items[0].id).toBe('new');
  expect((await client.info()).drift).toMatchObject({ added: 1, deleted: 1 });
  expect((await client.map({ limit: 7 })).ids).toHaveLength(7);
  expect(await client.label([{ query: 'tents', item: 'new', verdict: 'up' }])).toEqual({ recorded: 1 });
  expect((await client.labels({ query: 'Tents' })).judgments).toMatchObject([{ item: 'new', verdict: 'up' }]);
  expect((await client.labels({ query: 'lamps' })).judgments).toEqual([]);
  expect(await client.reload()).toMatchObject({ changed: false, run: { name: 'run' } });
  expect(await client.ready()).toBe(true);
});

it('sends any number of items in requests of a size, and may be repeated', async () => {
  const sizes: number[] = [];
  const counting = new Client({
    url: 'http://shop.example',
    apiKey: KEY,
    fetch: ((target: string, init: RequestInit) => {
      if (target.endsWith('/v1/items'))
        sizes.push((JSON.parse(String(init.body)) as { upsert: object[] }).upsert.length);
      return service.request(target, init);
    }) as typeof fetch,
  });
  async function* items() {
    for (let i = 0; i < 1100; i++) yield { id: `sent-${i}`, title: `zzzz ${i}` };
  }
  const told: number[] = [];
  const { sent, sequence } = await counting.sendItems(items(), { onSent: (count) => told.push(count) });
  expect({ sent, sizes, told }).toEqual({ sent: 1100, sizes: [500, 500, 100], told: [500, 1000, 1100] });
  await client.visible(sequence);
  const count = async () => (await client.info()).drift.added;
  const added = await count();
  await client.visible((await counting.sendItems([{ id: 'sent-0', title: 'zzzz 0' }])).sequence);
  expect(await count()).toBe(added);
  expect(await client.sendItems([])).toEqual({ sent: 0, sequence: 0 });
  const large = { id: 'large', title: 'x', note: 'y'.repeat(3_000_000) };
  sizes.length = 0;
  await counting.sendItems([large, { ...large, id: 'larger' }]);
  expect(sizes).toEqual([1, 1]);
});

it('says everything that a request can say, and reads what comes back', async () => {
  const request = {
    query: 'red tent',
    methods: ['mmr', 'kmeans'],
    k: 3,
    filter: [
      'price<50 AND NOT color=golden',
      { or: ['color=red', { field: 'category', op: 'in', value: ['tent'] }] },
    ],
    diversity: 0.2,
    distinct: { field: 'category', max: 2 },
    exclude: ['blue-tent'],
    offset: 1,
    minScore: -1,
    seed: 4,
    directions: true,
    reference: true,
  } satisfies SearchRequest;
  const { results } = await client.search(request);
  expect(results.map(({ method }) => method)).toEqual(request.methods);
  for (const { items, metrics, directions, unknown, reference } of results) {
    expect(items).toHaveLength(3);
    expect(items.map(({ id }) => id)).not.toContain('blue-tent');
    for (const { score, directionScore, sharedWords } of items) {
      expect(Math.abs(score)).toBeLessThanOrEqual(1);
      expect(Math.abs(directionScore)).toBeLessThanOrEqual(1);
      expect(sharedWords.every((word) => ['red', 'tent'].includes(word))).toBe(true);
    }
    const mean = items.reduce((sum, { score }) => sum + score, 0) / items.length;
    expect(metrics.alignment).toBeCloseTo(mean, 4);
    expect(directions?.length).toBeGreaterThan(0);
    expect([unknown, reference]).toEqual([undefined, undefined]);
  }
  const { methods } = await client.info();
  const method = (name: Method) => methods.find((one) => one.method === name);
  expect(method('mmr')?.diversity).toBeGreaterThanOrEqual(0);
  expect(method('vote')?.missing).toContain('reference sets');
});

it('rejects with what the service says', async () => {
  const error = await client.search({ query: 'x', k: 0 }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ServiceError);
  expect(error).toMatchObject({ code: 'invalid-request', status: 400, errors: [{ field: 'k' }] });
  expect((error as ServiceError).requestId).toMatch(/^[\w-]+$/);
  const stranger = new Client({ url: 'http://shop.example', fetch: direct });
  await expect(stranger.info()).rejects.toMatchObject({ code: 'unauthorized', status: 401 });
});

describe('tries again', () => {
  /** A `fetch` that gives these answers, one a call. */
  function scripted(...answers: (() => Response)[]) {
    const call = vi.fn(async () => (answers.length > 1 ? answers.shift()! : answers[0])());
    return { call, client: new Client({ url: 'http://x.example', fetch: call as unknown as typeof fetch }) };
  }
  const overloaded = (after: string) => () =>
    Response.json(
      { type: '/docs#overloaded', detail: 'full', status: 503 },
      { status: 503, headers: { 'Retry-After': after } },
    );
  const fine = () => Response.json({ results: [] });
  const unreachable = () => {
    throw new TypeError('fetch failed');
  };

  it('where the server is overloaded or away', async () => {
    const { call, client } = scripted(overloaded('0'), unreachable, fine);
    await expect(client.search({ query: 'x' })).resolves.toEqual({ results: [] });
    expect(call).toHaveBeenCalledTimes(3);
  });

  it('as long as the server asks, unless that is too long', async () => {
    vi.useFakeTimers();
    try {
      const { call, client } = scripted(overloaded('7'), fine);
      const answer = client.info();
      await vi.advanceTimersByTimeAsync(6999);
      expect(call).toHaveBeenCalledTimes(1);
      await vi.advanceTimersByTimeAsync(2000);
      await answer;
      expect(call).toHaveBeenCalledTimes(2);
    } finally {
      vi.useRealTimers();
    }
    const long = scripted(overloaded('3600'));
    await expect(long.client.info()).rejects.toMatchObject({ code: 'overloaded' });
    expect(long.call).toHaveBeenCalledTimes(1);
  });

  it('no more often than it should, and not after a refusal', async () => {
    const away = scripted(unreachable);
    await expect(away.client.info()).rejects.toThrow(ConnectionError);
    expect(away.call).toHaveBeenCalledTimes(3);
    const refused = scripted(() => new Response('<html>', { status: 502 }));
    await expect(refused.client.info()).rejects.toMatchObject({ code: 'unknown', status: 502 });
    expect(refused.call).toHaveBeenCalledTimes(1);
  });

  it('not once it was told to stop', async () => {
    const { call, client } = scripted(overloaded('20'));
    const stop = new AbortController();
    const answer = client.info({ signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 10);
    await expect(answer).rejects.toThrow('enough');
    expect(call).toHaveBeenCalledTimes(1);
  });
});

it('needs nothing of Node and nothing of the server but its types', () => {
  for (const name of ['client.ts', 'index.ts']) {
    const source = readFileSync(new URL(name, import.meta.url), 'utf8');
    expect(source).not.toMatch(/from '(node:|zod|hono)/);
    expect(source).not.toMatch(/^import \{|^import (?!type)/m);
  }
});
