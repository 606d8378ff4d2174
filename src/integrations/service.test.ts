import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Hono } from 'hono';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli, writeShop } from '../cli/testing/shop.js';
import { Client } from '../client/client.js';
import { createApp } from '../serve/http/app.js';
import { parseKeys } from '../serve/http/auth.js';
import { listenerOf, openService } from './service.js';
import { tinySources } from './testing/sources.js';

const sources = tinySources();
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

const mounted = (options: Partial<Parameters<typeof createApp>[0]> = { access: 'read' }) =>
  createApp({ host: sources.service.host, ...options });

/** An app under an address that browsers would not take for this machine. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** `fetch` into a Hono app, as `shop.example`. */
const into = (app: Hono): typeof fetch =>
  ((url: string, init?: RequestInit) => app.request(url, init)) as typeof fetch;

const asked = { query: 'red tent', k: 3, method: 'plain' } as const;

describe('in a Hono app', () => {
  const app = new Hono();
  beforeAll(() => {
    app.get('/', (c) => c.text('the shop'));
    app.route('/sets', mounted().routes);
    app.notFound((c) => c.text('the shop has no such page', 404));
  });
  const get = (path: string) => app.request(`http://shop.example${path}`);

  it('answers under its path, by any host name, and leaves the rest to the app', async () => {
    const client = new Client({ url: 'http://shop.example/sets', fetch: into(app) });
    const { results } = await client.search(asked);
    const expected = await sources.library.search(asked.query, asked);
    expect(results[0].items.map(({ id }) => id)).toEqual(expected.items.map(({ id }) => id));
    expect((await client.info()).catalog.items).toBe(20);
    expect(await client.ready()).toBe(true);
    expect(await (await get('/')).text()).toBe('the shop');
    expect(await (await get('/other')).text()).toBe('the shop has no such page');
  });

  it('gives addresses that lead back to it', async () => {
    const client = new Client({ url: 'http://shop.example/sets', fetch: into(app) });
    const { results } = await client.search({ ...asked, queries: ['red tent'], query: undefined, k: 20 });
    const image = (id: string) => results[0].items.find((item) => item.id === id)?.image;
    expect(image('red-tent')).toBe('/sets/v1/items/red-tent/image');
    expect(image('blue-tent')).toBe('https://example.com/blue.png');
    expect(image('red-boot')).toBeUndefined();
    expect((await get('/sets/v1/items/red-tent/image')).headers.get('content-type')).toBe('image/svg+xml');
    expect((await get('/sets')).headers.get('location')).toBe('/sets/docs');
    expect(await (await get('/sets/docs')).text()).toContain('href="/sets/openapi.json"');
    expect(await (await get('/sets/openapi.json')).json()).toMatchObject({ servers: [{ url: '/sets' }] });
  });

  it('answers errors in its own form', async () => {
    const post = (path: string, body: unknown) =>
      app.request(`http://shop.example${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    const wrong = await post('/sets/v1/search', { query: 'tents', filter: 'colour=red' });
    expect(wrong.status).toBe(400);
    expect(wrong.headers.get('content-type')).toBe('application/problem+json');
    expect(await wrong.json()).toMatchObject({
      type: '/sets/docs#invalid-request',
      detail: expect.stringContaining('did you mean color?'),
    });
    const unknown = await get('/sets/v1/nothing');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ detail: 'there is nothing here; see /sets/docs' });
    expect((await get('/sets/v1/search')).headers.get('allow')).toBe('POST');
    // Open for reading, whoever comes through.
    const change = await post('/sets/v1/items', { delete: ['red-tent'] });
    expect(change.status).toBe(403);
    expect(await change.json()).toMatchObject({ detail: 'this service is open for reading alone' });
    expect((await post('/sets/v1/reload', {})).status).toBe(403);
  });

  it('may be deeper inside, and more than once', async () => {
    const outer = new Hono();
    const shops = new Hono();
    shops.route('/:shop/sets', mounted().routes);
    outer.route('/shops', shops);
    const client = new Client({ url: 'http://shop.example/shops/7/sets', fetch: into(outer) });
    const { results } = await client.search(asked);
    expect(results[0].items[0].image).toBe('/shops/7/sets/v1/items/red-tent/image');
  });

  it('asks for keys where it has some', async () => {
    const keyed = new Hono();
    const keys = parseKeys('read:0123456789abcdef', {});
    keyed.route('/sets', mounted({ keys }).routes);
    const ask = (apiKey?: string) =>
      new Client({ url: 'http://shop.example/sets', fetch: into(keyed), apiKey }).search(asked);
    await expect(ask()).rejects.toMatchObject({ status: 401 });
    expect((await ask('0123456789abcdef')).results).toHaveLength(1);
  });
});

describe('in an Express app', () => {
  it.each([false, true])('answers under its path (body read before: %s)', async (parsed) => {
    const app = express();
    if (parsed) app.use(express.json());
    app.get('/', (_, response) => void response.send('the shop'));
    app.use('/sets', listenerOf(mounted()));
    const url = await listen(app);
    const client = new Client({ url: `${url}/sets` });
    const { results } = await client.search(asked);
    const expected = await sources.library.search(asked.query, asked);
    expect(results[0].items.map(({ id }) => id)).toEqual(expected.items.map(({ id }) => id));
    expect(results[0].items[0].image).toBe('/sets/v1/items/red-tent/image');
    expect((await fetch(url + results[0].items[0].image)).status).toBe(200);
    await expect(client.search({ ...asked, filter: 'colour=red' })).rejects.toThrow('did you mean color?');
    await expect(client.changeItems({ delete: ['red-tent'] })).rejects.toMatchObject({ status: 403 });
    expect(await (await fetch(url)).text()).toBe('the shop');
    expect((await fetch(`${url}/sets/v1/nothing`)).status).toBe(404);
  });

  it('leaves the globals of Node alone', async () => {
    const { Request: before } = globalThis;
    const app = express().use('/sets', listenerOf(mounted({ access: 'full' })));
    await new Client({ url: `${await listen(app)}/sets` }).search(asked);
    expect(globalThis.Request).toBe(before);
  });
});

describe('openService', () => {
  const temp = tempFolder();
  const run = temp.path('run');
  beforeAll(async () => {
    const { catalog, config } = writeShop(temp);
    await runCli(['compile', catalog, '--config', config, '--out', run, '--stage', 'encode']);
  });

  it('loads a run in a thread of its own, and releases it', async () => {
    const paths: string[] = [];
    const service = await openService(run, { access: 'full', onAccess: ({ path }) => paths.push(path) });
    const app = new Hono().route('/sets', service.routes);
    const client = new Client({ url: 'http://shop.example/sets', fetch: into(app) });
    const { results } = await client.search({ query: 'camping gear', k: 5, filter: 'category=camping' });
    expect(results[0].items.map(({ category }) => category)).toEqual(new Array(5).fill('camping'));
    const { sequence } = await client.changeItems({ delete: [results[0].items[0].id] });
    await client.visible(sequence);
    expect((await client.info()).catalog.items).toBe(71);
    expect(paths).toContain('/sets/v1/search');
    await service.close();
    expect(await client.ready()).toBe(false);
  });

  it('refuses what is no run, and malformed keys', async () => {
    await expect(openService(temp.path('none'))).rejects.toThrow('none');
    await expect(openService(run, { keys: ['secret'] })).rejects.toThrow('field "keys[0]"');
  });
});
