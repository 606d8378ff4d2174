import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { LabelFolder } from '../../labels/labelFolder.js';
import { letterEncoder } from '../../policy/testing/world.js';
import { METHOD_NAMES } from '../../retrieve/methodNames.js';
import { METHODS } from '../../retrieve/methods.js';
import { Retriever } from '../../retrieve/retriever.js';
import type { RunHost } from '../changes/host.js';
import { CONFIG, compileTiny, ITEMS, SETS, serveTiny, type TinyService } from '../testing/tinyRun.js';
import type { AccessLine } from './answers.js';
import { createApp } from './app.js';
import { parseKeys } from './auth.js';
import { checkOrigins } from './cors.js';
import { operations } from './operations.js';
import type {
  CatalogMap,
  FanoutResponse,
  Info,
  ItemsResponse,
  LabelsAnswer,
  Problem,
  SearchResponse,
} from './schemas.js';
import { infoSchema, PROBLEMS, searchResponseSchema } from './schemas.js';

const temp = tempFolder();
let run: string;
let service: TinyService;
const log: AccessLine[] = [];

beforeAll(async () => {
  run = await compileTiny(temp);
  service = await serveTiny(run, { onAccess: (line) => void log.push(line) });
});
afterAll(() => service.host.close());

async function search(body: object): Promise<SearchResponse> {
  const response = await service.post('/v1/search', body);
  expect(response.status, await response.clone().text()).toBe(200);
  return searchResponseSchema.parse(await response.json());
}

const get = async <T>(path: string): Promise<T> => (await service.request(path)).json() as Promise<T>;

describe('search', () => {
  /** What a run without reference sets can answer by. */
  const ANSWERING = METHOD_NAMES.filter(
    (name) => !['adapter', 'adapterMmr', 'popular', 'vote', 'classifier'].includes(name),
  );
  it.each(ANSWERING)('finds by %s what the library finds', async (method) => {
    const retriever = await Retriever.load(run, { encoder: letterEncoder, threads: 1 });
    const expected = await retriever.search('a red thing', { method, k: 5, seed: 3 });
    const { results } = await search({ query: 'a red thing', method, k: 5, seed: 3 });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ query: 'a red thing', method });
    expect(results[0].items.map(({ id }) => id)).toEqual(expected.items.map(({ id }) => id));
    results[0].items.forEach((item, i) => {
      const { score, rank, direction, subQuery, metadata } = expected.items[i];
      expect(item).toMatchObject({ score: expect.closeTo(score, 5), rank, direction, metadata });
      expect(item.subQuery).toBe(subQuery);
    });
    const { diversity, vendi, alignment } = results[0].metrics;
    expect(diversity).toBeCloseTo((vendi - 1) / 4, 4);
    expect(alignment).toBeLessThanOrEqual(1);
  });

  it('answers several queries by several methods, query by query', async () => {
    const {
      results,
      run: provenance,
      timings,
    } = await search({
      queries: ['tents', 'lamps'],
      methods: ['plain', 'diffusion'],
    });
    expect(results.map(({ query, method }) => `${query} ${method}`)).toEqual([
      'tents plain',
      'tents diffusion',
      'lamps plain',
      'lamps diffusion',
    ]);
    expect(results[2].items).toEqual((await search({ query: 'lamps', method: 'plain' })).results[0].items);
    expect(provenance).toMatchObject({ name: 'run', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) });
    expect(timings.total).toBeGreaterThanOrEqual(timings.search);
  });

  it('keeps to filters, as texts and as objects', async () => {
    const filter = ['color=blue|green', { field: 'price', op: '>=', value: 30 }];
    for (const method of ANSWERING) {
      const { results } = await search({ query: 'things', method, filter, k: 10 });
      const ids = results[0].items.map(({ id }) => id).sort();
      expect(ids).toEqual(['blue-boot', 'blue-tent', 'green-boot', 'green-tent']);
    }
  });

  it('takes one filter as it is, with AND, OR and NOT', async () => {
    const filters = [
      'color IN (blue, green) AND price 30..40',
      { and: ['color=blue|green', { not: { field: 'price', op: '<', value: 30 } }] },
      { or: [{ field: 'id', op: 'in', value: ['blue-boot', 'blue-tent'] }, 'color=green AND NOT price<30'] },
    ];
    for (const filter of filters) {
      const { results } = await search({ query: 'things', method: 'plain', filter, k: 10 });
      const ids = results[0].items.map(({ id }) => id).sort();
      expect(ids).toEqual(['blue-boot', 'blue-tent', 'green-boot', 'green-tent']);
    }
  });

  it('says where it looked, if asked', async () => {
    const { results } = await search({
      query: 'tents',
      methods: ['nearestQueries', 'folm', 'plain'],
      directions: true,
    });
    const [neighbours, folm, plain] = results;
    expect(neighbours.directions).toHaveLength(4);
    for (const { subQuery, nearest, point } of neighbours.directions!) {
      expect(subQuery).toEqual(expect.any(String));
      expect(ITEMS.map(({ id }) => id)).toContain(nearest?.id);
      expect(point).toHaveLength(2);
    }
    // A policy that chooses items looks where the query is, as plain search does.
    expect(folm.directions).toHaveLength(1);
    expect(plain.directions).toHaveLength(1);
    expect(plain.directions![0].point).toEqual(plain.point);
    expect((await search({ query: 'tents' })).results[0].directions).toBeUndefined();
  });

  it('says what people chose for the own queries of the run, if asked', async () => {
    const labelled = await serveTiny(
      await compileTiny(temp, { out: 'labelled', sets: SETS, stage: 'encode' }),
    );
    const ask = async (body: object) => {
      const response = await labelled.post('/v1/search', { method: 'plain', reference: true, ...body });
      return ((await response.json()) as SearchResponse).results[0].reference;
    };
    const items = ['red-tent', 'blue-tent', 'green-boot'];
    expect(await ask({ query: ' Camping' })).toEqual({ split: 'test', items });
    expect(await ask({ query: 'camping', reference: false })).toBeUndefined();
    expect(await ask({ query: 'campings' })).toBeUndefined();
    await labelled.post('/v1/items', { delete: ['blue-tent'] });
    await labelled.settled();
    expect(await ask({ query: 'camping' })).toEqual({ split: 'test', items: ['red-tent', 'green-boot'] });
    await labelled.host.close();
  });

  it('has pictures: URLs as they are, files by an address of this server', async () => {
    const { results } = await search({ query: 'tent', method: 'plain', k: 20 });
    const images = new Map(results[0].items.map(({ id, image }) => [id, image]));
    expect(images.get('blue-tent')).toBe('https://example.com/blue.png');
    expect(images.get('red-lamp')).toBeUndefined();
    const response = await service.request(images.get('red-tent')!);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/svg+xml');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    expect((await service.request('/v1/items/blue-tent/image')).status).toBe(404);
  });
});

describe('a bad request is told which field is wrong', () => {
  it.each<[object | string, string, string]>([
    [{}, 'query', 'give either query or queries'],
    [{ query: 'a', queries: ['b'] }, 'query', 'give either query or queries'],
    [{ query: ' ' }, 'query', 'is empty; write what to search for'],
    [{ query: 7 }, 'query', 'expected string, received number'],
    [{ queries: ['a', ''] }, 'queries[1]', 'is empty; write what to search for'],
    [{ query: 'a', k: 101 }, 'k', 'expected number to be <=100'],
    [{ query: 'a', steps: 0 }, 'steps', 'expected number to be >=1'],
    [{ query: 'a', kk: 3 }, 'kk', 'is not a known field'],
    [{ query: 'a', filter: ['price'] }, 'filter[0]', '"price" is not a filter'],
    [{ query: 'a', filter: 'color=red AND' }, 'filter', 'column 14: expected a field'],
    [{ query: 'a', filter: ['color=red', 'size=3'] }, 'filter[1]', 'field "size": no item has it'],
    [{ query: 'a', method: 'plain', diversity: 0.5 }, 'diversity', 'cannot be set for plain; use one of mmr'],
    [{ query: 'a', distinct: 'size' }, 'distinct', 'field "size": no item has it'],
    [
      { query: 'a', filter: ['price<30', 'color=purple'] },
      'filter[1]',
      'field "color": is never "purple"; write e.g. color=red (it is "red", "blue", "green", "golden")',
    ],
    [
      { query: 'a', filter: { not: { field: 'color', op: '=', value: null } } },
      'filter.not.value',
      'expected a text, number or boolean, or a list of 1 to 1000; for items without one write the op "missing"',
    ],
    [
      { query: 'a', filter: 'price<cheap' },
      'filter',
      'field "price": holds numbers such as 0 and 10, got "cheap"',
    ],
    [{ query: 'a', filter: { and: [] } }, 'filter.and', 'expected array to have >=1 items'],
    [
      { query: 'a', filter: { field: 'price', op: 'between', value: [1] } },
      'filter',
      'the least and the greatest',
    ],
    [{ query: 'a', filter: [{ field: 'x', op: '?', value: 1 }] }, 'filter[0].op', 'expected one of'],
    [{ query: 'a', filter: { field: 'x', op: '?', value: 1 } }, 'filter.op', 'expected one of'],
    [
      { query: 'a', filter: 5 },
      'filter',
      'expected string, received number, or expected object, received number, or expected array',
    ],
    [{ query: 'a', method: 'x', methods: ['plain'] }, 'method', 'expected one of'],
    [{ query: 'a', method: 'mmr', methods: ['plain'] }, 'method', 'give either method or methods'],
    [{ queries: Array(40).fill('a'), methods: ['plain', 'mmr'] }, 'queries', 'must be at most 64'],
    ['{"query": ', '', 'is not valid JSON'],
    ['[1]', '', 'expected object, received array'],
  ])('%j', async (body, field, detail) => {
    const response = await service.post('/v1/search', body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as Problem;
    expect(problem).toMatchObject({ type: '/docs#invalid-request', status: 400 });
    expect(problem.errors?.[0]).toMatchObject({ field, detail: expect.stringContaining(detail) });
    expect(problem.instance).toBe(response.headers.get('x-request-id'));
  });

  it('with the wrong type or size', async () => {
    const text = await service.post('/v1/search', '{"query":"a"}', { 'Content-Type': 'text/plain' });
    expect(await text.json()).toMatchObject({ status: 415 });
    const large = await service.post('/v1/search', { query: 'a', k: 'x'.repeat(2 ** 20) });
    expect(await large.json()).toMatchObject({ type: '/docs#too-large', status: 413 });
  });

  it('at the wrong place', async () => {
    expect(await get('/v2/search')).toMatchObject({ type: '/docs#not-found', status: 404 });
    const response = await service.request('/v1/search');
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).toMatchObject({ status: 405 });
    expect(await get('/v1/map?limit=0')).toMatchObject({ status: 400, errors: [{ field: 'limit' }] });
  });

  it('from a page of another site, unless its origin is allowed', async () => {
    const asked = async (app: TinyService, origin: string) => {
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
      const before = await app.request('/v1/search', { method: 'OPTIONS', headers });
      const after = await app.post('/v1/search', { query: 'red' }, { Origin: origin });
      return [before, after].map((response) => response.headers.get('access-control-allow-origin'));
    };
    const shop = 'https://shop.example';
    expect(await asked(service, shop)).toEqual([null, null]);
    const open = await serveTiny(run, { origins: [shop] });
    try {
      expect(await asked(open, shop)).toEqual([shop, shop]);
      expect(await asked(open, 'https://evil.example')).toEqual([null, null]);
    } finally {
      await open.host.close();
    }
    expect(checkOrigins([shop, 'http://localhost:5173'], false)).toHaveLength(2);
    expect(checkOrigins(['*'], true)).toEqual(['*']);
    expect(() => checkOrigins(['*'], false)).toThrow('name the origins, or give API keys');
    expect(() => checkOrigins(['shop.example'], false)).toThrow(
      'is no origin; write it like https://shop.example.com',
    );
    expect(() => checkOrigins([`${shop}/`], true)).toThrow('is no origin');
  });

  it('from a page that calls this machine by another name', async () => {
    const response = await service.request('http://evil.example/v1/info');
    expect(response.status).toBe(403);
  });
});

it('makes directions only', async () => {
  const response = await service.post('/v1/fanout', { queries: ['red', 'tents'], method: 'folm', k: 3 });
  const { results } = (await response.json()) as FanoutResponse;
  expect(results).toHaveLength(2);
  for (const { directions } of results) {
    expect(directions).toHaveLength(3);
    for (const { vector, subQuery } of directions) {
      expect(vector).toHaveLength(8);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
      expect(subQuery).toEqual(expect.any(String));
    }
  }
});

it('shows a run that denoises nothing by default, and denoises where a search asks for it', async () => {
  const config = { ...CONFIG, diffusion: { ...CONFIG.diffusion, samplerSteps: 0 } };
  const folder = await compileTiny(temp, { out: 'no-steps', config });
  const ordered = await serveTiny(folder);
  const info = infoSchema.parse(await (await ordered.request('/v1/info')).json());
  expect(info.steps).toBe(0);
  for (const asked of [{}, { steps: 3 }]) {
    const response = await ordered.post('/v1/search', { query: 'red', method: 'diffusion', ...asked });
    const { results } = searchResponseSchema.parse(await response.json());
    expect(results[0]).toMatchObject({ method: 'diffusion' });
    expect(results[0].items).toHaveLength(4);
  }
  expect((await ordered.post('/v1/search', { query: 'red', steps: 0 })).status).toBe(400);
  await ordered.host.close();
});

it('shows the run, its catalog and its limits', async () => {
  const info = await get<Info>('/v1/info');
  expect(info).toMatchObject({ k: 4, steps: 2, dimensions: 8, encoder: 'letters' });
  expect(info.catalog).toMatchObject({ items: 20, compiled: 20 });
  expect(info.methods.map(({ method }: { method: string }) => method)).toEqual(METHOD_NAMES);
  expect(info.method).toBe('plain');
  const said = new Map(info.methods.map((method) => [method.method, method]));
  expect(said.get('mmr')).toEqual({ method: 'mmr', diversity: METHODS.mmr.setting?.usual });
  expect(said.get('plain')).toEqual({ method: 'plain' });
  expect(said.get('vote')).toEqual({ method: 'vote', missing: expect.stringContaining('reference sets') });
  const price = info.catalog.fields.find(({ name }) => name === 'price');
  expect(price).toMatchObject({ kind: 'number', items: 20, range: [0, 40], isList: false, example: 0 });
  const color = info.catalog.fields.find(({ name }) => name === 'color');
  expect(color?.values).toEqual(['red', 'blue', 'green', 'golden'].map((value) => ({ value, items: 5 })));
});

it('draws the catalog as points', async () => {
  const map = await get<CatalogMap>('/v1/map');
  expect(map.ids).toEqual(ITEMS.map(({ id }) => id));
  expect(map.points).toHaveLength(40);
  expect(map.category.map((c) => map.categories[c])).toEqual(ITEMS.map(({ category }) => category));
  const few = await get<CatalogMap>('/v1/map?limit=5');
  expect(few).toMatchObject({ items: 20, ids: { length: 5 } });
});

it('describes itself', async () => {
  const document = await get<{ paths: Record<string, Record<string, { responses: object }>> }>(
    '/openapi.json',
  );
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  const known = Object.values(operations).map(({ method, path }) => `${method} ${path}`);
  expect(described.sort()).toEqual(known.sort());
  // Every reference leads somewhere.
  const text = JSON.stringify(document);
  const schemas = Object.keys(
    (document as unknown as { components: { schemas: object } }).components.schemas,
  );
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) expect(schemas).toContain(name);
  const page = await (await service.request('/docs')).text();
  for (const { path } of Object.values(operations)) expect(page).toContain(path);
  for (const code of Object.keys(PROBLEMS)) expect(page).toContain(`id="${code}"`);
  for (const [, target] of page.matchAll(/href="#([\w-]+)"/g)) expect(page).toContain(`id="${target}"`);
  expect(page).not.toMatch(/<script|https?:\/\//);
});

it("keeps the caller's request id, unless it is none", async () => {
  const idOf = async (id: string) =>
    (await service.request('/healthz', { headers: { 'X-Request-Id': id } })).headers.get('x-request-id');
  expect(await idOf('call-17')).toBe('call-17');
  for (const bad of ['a b', 'x'.repeat(65), '<b>'])
    expect(await idOf(bad)).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/);
});

it('counts what it does', async () => {
  await search({ query: 'tents' });
  const text = await (await service.request('/metrics')).text();
  expect(text).toMatch(/r4t_http_requests_total\{route="\/v1\/search",status="200"\} \d+/);
  expect(text).toMatch(/r4t_search_batch_jobs_count \d+/);
  expect(text).toContain('r4t_ready 1');
});

it('logs no query unless asked to', async () => {
  log.length = 0;
  await search({ query: 'secret tents' });
  expect(log).toEqual([
    { id: expect.any(String), method: 'POST', path: '/v1/search', status: 200, ms: expect.any(Number) },
  ]);
  const lines: AccessLine[] = [];
  const open = await serveTiny(run, { logQueries: true, onAccess: (line) => void lines.push(line) });
  await open.post('/v1/search', { query: 'tents' }, { 'X-Request-Id': 'mine' });
  expect(lines).toMatchObject([{ id: 'mine', queries: ['tents'] }]);
  await open.host.close();
});

describe('items', () => {
  let shop: TinyService;
  beforeAll(async () => {
    shop = await serveTiny(await compileTiny(temp, { out: 'changing' }));
  });
  afterAll(() => shop.host.close());

  const change = async (body: object): Promise<ItemsResponse> => {
    const response = await shop.post('/v1/items', body);
    expect(response.status, await response.clone().text()).toBe(202);
    return (await response.json()) as ItemsResponse;
  };
  const find = async (query: string, more: object = {}) => {
    const response = await shop.post('/v1/search', { query, method: 'plain', k: 3, ...more });
    return ((await response.json()) as SearchResponse).results[0].items;
  };
  const info = async () => (await shop.request('/v1/info')).json() as Promise<Info>;

  it('are added, replaced and deleted', async () => {
    const added = await change({
      upsert: [{ id: 7, title: 'zzz quartz', color: 'clear', nested: { a: [[[]]] } }],
    });
    expect(added).toMatchObject({ accepted: 1, sequence: 1 });
    await shop.settled();
    expect((await find('zzz quartz'))[0]).toMatchObject({
      id: '7',
      title: 'zzz quartz',
      metadata: { color: 'clear' },
    });
    expect((await find('quartz', { filter: 'color=clear' })).map(({ id }) => id)).toEqual(['7']);
    await change({ upsert: [{ id: '7', title: 'www wax', mass: '5' }], delete: ['red-chair', 'nobody'] });
    await shop.settled();
    // A color that was there finds nothing; one that never was is refused.
    expect(await find('quartz', { filter: 'color=clear' })).toEqual([]);
    expect((await shop.post('/v1/search', { query: 'a', filter: 'color=purple' })).status).toBe(400);
    expect((await find('wax', { filter: 'mass>4 AND color IS MISSING' })).map(({ id }) => id)).toEqual(['7']);
    expect((await find('www wax'))[0]).toMatchObject({ id: '7', title: 'www wax', metadata: { mass: '5' } });
    expect((await find('red chair', { k: 30 })).map(({ id }) => id)).not.toContain('red-chair');
    expect(await info()).toMatchObject({
      catalog: { items: 20, compiled: 20 },
      changes: { accepted: 4, visible: 4, pending: 0, failed: 0 },
      drift: { added: 1, updated: 0, deleted: 1, share: 0.1, recompile: true },
    });
  });

  it('bring new fields, values and kinds, for filters and for info', async () => {
    const ids = async (filter: string) =>
      (await find('things', { filter, k: 30 })).map(({ id }) => id).sort();
    const kindOf = async (name: string) => (await info()).catalog.fields.find((field) => field.name === name);
    expect((await shop.post('/v1/search', { query: 'a', filter: 'launched>2024' })).status).toBe(400);
    await change({
      upsert: [
        {
          id: 'n1',
          title: 'teal vase',
          color: 'Teal',
          price: '35.50',
          launched: '2025-01-05',
          tags: ['new', 'sale'],
        },
        {
          id: 'n2',
          title: 'teal bowl',
          color: 'teal',
          price: 'on request',
          launched: '2023-06-01T10:00:00Z',
        },
      ],
    });
    await shop.settled();
    expect(await ids('color=teal')).toEqual(['n1', 'n2']);
    expect(await ids('launched>2024')).toEqual(['n1']);
    expect(await ids('launched=2023-06-01 OR tags=sale')).toEqual(['n1', 'n2']);
    expect(await ids('price 35..36')).toEqual(['n1']);
    expect(await ids('price=on request')).toEqual(['n2']);
    expect(await kindOf('price')).toMatchObject({ kind: 'number', range: [0, 40] });
    expect(await kindOf('launched')).toMatchObject({ kind: 'date', items: 2 });
    await change({ delete: ['n1', 'n2'] });
    await shop.settled();
    expect(await kindOf('launched')).toBeUndefined();
    for (const filter of ['color=teal', 'launched>2024', 'tags=sale']) {
      const response = await shop.post('/v1/search', { query: 'things', filter });
      expect(((await response.json()) as SearchResponse).results[0]).toMatchObject({ passing: 0, items: [] });
    }
  });

  it('may not name files of the server', async () => {
    await change({ upsert: [{ id: 'red-tent', title: 'red tent', image: 'tent.svg' }] });
    await shop.settled();
    const item = (await find('red tent', { k: 20 })).find(({ id }) => id === 'red-tent');
    expect(item).toBeDefined();
    expect(item?.image).toBeUndefined();
    expect((await shop.request('/v1/items/red-tent/image')).status).toBe(404);
  });

  it.each([
    [{}, 'upsert', 'give items to upsert or ids to delete'],
    [{ upsert: [{ title: 'x' }] }, 'upsert[0].id', 'is missing; give every item an id, a text or a number'],
    [
      {
        upsert: [
          { id: 1, title: 'x' },
          { id: 2, title: ' ' },
        ],
      },
      'upsert[1].title',
      'is empty; give every item a text',
    ],
    [{ delete: [{}] }, 'delete[0]', 'expected string, received object, or expected number, received object'],
  ])('that are wrong are refused as a whole: %j', async (body, field, detail) => {
    const before = (await info()).changes.accepted;
    const response = await shop.post('/v1/items', body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as Problem).errors).toEqual([{ field, detail }]);
    expect((await info()).changes.accepted).toBe(before);
  });

  it('are there again after a restart', async () => {
    await change({ upsert: [{ id: 'kept', title: 'kkkk' }] });
    const { changes } = await info();
    await shop.host.close();
    shop = await serveTiny(temp.path('changing'));
    expect((await find('kkkk'))[0]).toMatchObject({ id: 'kept' });
    expect((await info()).changes).toEqual({ ...changes, visible: changes.accepted, pending: 0, failed: 0 });
  });
});

it('answers 429 to a caller with too much waiting, and others as before', async () => {
  const keys = parseKeys('read:0123456789abcdef\nread:fedcba9876543210', {});
  const small = await serveTiny(run, { queue: 20, keys });
  const ask = (key: string, i: number) =>
    small.post('/v1/search', { query: `q ${i}`, method: 'plain' }, { 'X-API-Key': key });
  const answers = await Promise.all([
    ...Array.from({ length: 40 }, (_, i) => ask('0123456789abcdef', i)),
    ask('fedcba9876543210', 0),
  ]);
  const statuses = answers.map(({ status }) => status);
  expect(statuses.slice(0, 15)).toEqual(Array(15).fill(200));
  expect(statuses.slice(15, 40)).toEqual(Array(25).fill(429));
  expect(statuses[40]).toBe(200);
  expect(answers[39].headers.get('retry-after')).toBe('1');
  expect(await answers[39].json()).toMatchObject({ type: '/docs#too-many-requests', status: 429 });
  expect((await ask('0123456789abcdef', 41)).status).toBe(200);
  await small.host.close();
});

it('answers 503 while it goes down, and when the queue is full', async () => {
  const keys = Array.from({ length: 40 }, (_, i) => `read:a key of caller ${i}`.replaceAll(' ', '-'));
  const small = await serveTiny(run, { queue: 2, keys: parseKeys(keys.join('\n'), {}) });
  const ask = (i: number, query: string) =>
    small.post('/v1/search', { query, method: 'plain' }, { 'X-API-Key': keys[i].slice('read:'.length) });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(i, `q ${i}`)));
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(40);
  expect(refused[0].headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await refused[0].json()).toMatchObject({ type: '/docs#overloaded' });
  expect((await small.request('/readyz')).status).toBe(200);
  small.drain();
  expect((await small.request('/readyz')).status).toBe(503);
  expect((await small.request('/healthz')).status).toBe(200);
  expect((await ask(0, 'last')).status).toBe(200);
  await small.host.close();
  expect(await (await ask(0, 'x')).json()).toMatchObject({
    type: '/docs#unavailable',
  });
});

it.each([
  [
    'stops in time',
    async () => ({ results: [{ late: true }], timings: { encode: 0, directions: 0, search: 0 } }),
  ],
  ['does not', () => new Promise(() => {})],
])('gives a search up when the engine %s', async (_, find) => {
  const engine = { facts: service.host.facts, search: find };
  const host = { engine, ready: true } as unknown as RunHost;
  const app = createApp({ host, seconds: 0.02 });
  const response = await app.request('/v1/search', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"query":"tents"}',
  });
  expect(await response.json()).toMatchObject({ type: '/docs#timeout', status: 504 });
});

it('does not work for a caller that has gone', async () => {
  const gone = new AbortController();
  const searches: unknown[] = [];
  const engine = {
    facts: service.host.facts,
    search: (jobs: unknown) => {
      searches.push(jobs);
      return new Promise(() => {});
    },
  };
  const app = createApp({ host: { engine, ready: true } as unknown as RunHost, seconds: 1 });
  const ask = (signal?: AbortSignal) =>
    app.request('/v1/search', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{"query":"tents"}',
      signal,
    });
  const first = ask();
  const second = ask(gone.signal);
  gone.abort();
  expect((await first).status).toBe(504);
  expect((await second).status).toBe(503);
  expect(searches).toHaveLength(1);
});

it('says that plain search answers where a model is missing; makes no directions then', async () => {
  const half = await serveTiny(await compileTiny(temp, { out: 'half', stage: 'encode' }));
  const response = await half.post('/v1/search', { query: 'tents', method: 'diffusion' });
  const { results } = (await response.json()) as SearchResponse;
  expect(results[0]).toMatchObject({
    method: 'plain',
    fallback: 'this run has no trained diffusion model yet',
  });
  const fanout = await half.post('/v1/fanout', { query: 'tents' });
  expect(await fanout.json()).toMatchObject({
    status: 409,
    detail: 'this run has no trained diffusion model yet',
  });
  await half.host.close();
});

describe('labels', () => {
  const up = (item: string, more: object = {}) => ({ query: 'camping', item, verdict: 'up', ...more });
  const labels = async (query = '') =>
    (await service.request(`/v1/labels${query}`)).json() as Promise<LabelsAnswer>;

  it('are kept on disk, as the sets that follow from them', async () => {
    const sent = { judgments: [up('red-tent', { id: 'one', method: 'plain' }), up('blue-tent')] };
    expect(await (await service.post('/v1/labels', sent)).json()).toEqual({ recorded: 2 });
    // Sent again, what has an id counts once.
    expect(await (await service.post('/v1/labels', sent)).json()).toEqual({ recorded: 1 });
    await service.post('/v1/labels', { judgments: [{ ...up('blue-tent'), verdict: 'down' }] });
    const file = (name: string) => readFileSync(temp.path('run', 'labels', name), 'utf8');
    expect(file('judgments.jsonl').split('\n')).toHaveLength(5);
    expect(JSON.parse(file('judgments.jsonl').split('\n')[0])).toMatchObject({
      query: 'camping',
      item: 'red-tent',
      verdict: 'up',
      method: 'plain',
      run: service.host.facts.run.id,
    });
    expect(file('sets.jsonl')).toBe('{"query":"camping","items":["red-tent"]}\n');
    expect((await labels('?query=CAMPING')).judgments).toEqual([
      { query: 'camping', item: 'red-tent', verdict: 'up' },
      { query: 'camping', item: 'blue-tent', verdict: 'down' },
    ]);
    expect((await labels('?query=other')).judgments).toEqual([]);
    expect((await labels()).task).toBeUndefined();
  });

  it('say which method is better, by sets that were compared', async () => {
    const sets = [
      { method: 'plain', items: ['red-tent', 'blue-tent'] },
      { method: 'mmr', items: ['red-tent'] },
    ];
    await service.post('/v1/labels', { judgments: [{ query: 'camping', sets, better: 'mmr' }] });
    expect((await labels()).methods).toEqual([
      { method: 'plain', queries: 1, shown: 2, judged: 2, up: 1, precision: 0.5, won: 0, lost: 1, equal: 0 },
      { method: 'mmr', queries: 1, shown: 1, judged: 1, up: 1, precision: 1, won: 1, lost: 0, equal: 0 },
    ]);
  });

  it.each([
    [{}, 'judgments', 'expected array'],
    [{ judgments: [] }, 'judgments', 'to have >=1 items'],
    [
      { judgments: [{ query: 'a', item: 'b', verdict: 'sideways' }] },
      'judgments[0].verdict',
      '"up"|"down"|"none"',
    ],
    [{ judgments: [{ query: ' ', item: 'b', verdict: 'up' }] }, 'judgments[0].query', 'is empty'],
    [
      {
        judgments: [
          {
            query: 'a',
            sets: [
              { method: 'plain', items: [] },
              { method: 'mmr', items: [] },
            ],
            better: 'dpp',
          },
        ],
      },
      'judgments[0].better',
      'is a method of neither set',
    ],
  ])('that are wrong are refused as a whole: %j', async (body, field, detail) => {
    const response = await service.post('/v1/labels', body);
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as Problem;
    expect(errors?.[0]).toMatchObject({ field, detail: expect.stringContaining(detail) });
  });

  it('that cannot be kept are not taken, and searches go on', async () => {
    const damaged = await serveTiny(run, { labels: new LabelFolder(temp.path('damaged')) });
    mkdirSync(temp.path('damaged'));
    writeFileSync(temp.path('damaged', 'judgments.jsonl'), 'no judgment\n');
    for (const response of [
      await damaged.post('/v1/labels', { judgments: [up('red-tent')] }),
      await damaged.request('/v1/labels'),
    ]) {
      expect(response.status).toBe(409);
      expect(((await response.json()) as Problem).detail).toContain('judgments.jsonl:1: is no judgment');
    }
    expect((await damaged.post('/v1/search', { query: 'tent' })).status).toBe(200);
    await damaged.host.close();
    const none = await serveTiny(run, { labels: undefined });
    expect((await none.request('/v1/labels')).status).toBe(409);
    await none.host.close();
  });
});
