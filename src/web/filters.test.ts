/** One meaning of filters in command line, library, service, client and web build. */
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli } from '../cli/testing/shop.js';
import { Client } from '../client/client.js';
import { compile } from '../compile/compile.js';
import { Retriever } from '../retrieve/retriever.js';
import type { SetRetriever } from '../retrieve/setRetriever.js';
import { RunHost } from '../serve/changes/host.js';
import { RunEngine } from '../serve/engine/runEngine.js';
import { type App, createApp } from '../serve/http/app.js';
import { loadRetriever } from './loadRetriever.js';

/** As a merchant's feed has them. */
const PRODUCTS = [
  [
    's1',
    'Oak bench',
    '100.19 USD',
    'Home & Garden > Outdoor > Benches',
    'True',
    '2024-01-05',
    'new, oak',
    '9007199254740993',
  ],
  [
    's2',
    'Steel hammock',
    '49.50 USD',
    'Home & Garden > Outdoor > Hammocks',
    'False',
    '2024-01-05T10:00:00Z',
    'steel',
    '9007199254740992',
  ],
  [
    's3',
    'Pine lamp',
    '1,371.38 USD',
    'Home & Garden > Lighting',
    'True',
    '2023-12-31T23:30:00-01:00',
    'oak, sale',
    '9007199254740994',
  ],
  ['s4', 'Wool rug', '49.00 USD', 'Home & Garden > Rugs', 'True', '2023-11-30', 'sale, wool', ''],
].map(([sku, name, price, type, stock, added, tags, code]) => ({
  sku,
  name,
  price,
  Product_Type: type,
  stock,
  added,
  tags,
  code,
}));

const temp = tempFolder();
const [run, out] = [temp.path('run'), temp.path('export')];
let library: Retriever;
let web: SetRetriever;
let host: RunHost;
let service: App;
let client: Client;

beforeAll(async () => {
  ort.env.wasm.numThreads = 1;
  const config = {
    dimensions: 8,
    threads: 1,
    k: 3,
    catalog: { id: 'sku', title: 'name', text: '{name}', category: 'Product_Type' },
  };
  const catalog = temp.write('feed.jsonl', PRODUCTS);
  const queries = temp.write('queries.jsonl', [{ query: 'garden', split: 'train' }]);
  await compile({ catalog, queries, out: run, config, stage: 'encode' });
  expect((await runCli(['export', run, '--out', out])).code).toBe(0);
  library = await Retriever.load(run, { threads: 1 });
  const fetchFile = async (url: string) => new Response(new Uint8Array(await readFile(url)));
  web = await loadRetriever(out, { ort, fetch: fetchFile });
  host = await RunHost.open({
    run,
    start: (folder) => RunEngine.load(folder, { threads: 1 }),
    onError: (message, error) => {
      throw new Error(message, { cause: error });
    },
  });
  service = createApp({ host });
  const direct = async (url: string | URL | Request, init?: RequestInit) =>
    service.request(String(url), init);
  client = new Client({ url: 'http://localhost', fetch: direct as typeof fetch });
}, 120_000);
afterAll(() => host.close());

const QUERY = { query: 'something for the garden', method: 'plain', k: 10 } as const;

/** How each place answers: the ids, or the message. */
const PLACES: Readonly<Record<string, (filter: string) => Promise<readonly string[] | string>>> = {
  library: (filter) => answerOf(library.search(QUERY.query, { ...QUERY, filter })),
  web: (filter) => answerOf(web.search(QUERY.query, { ...QUERY, filter })),
  client: (filter) => answerOf(client.search({ ...QUERY, filter }).then(({ results }) => results[0])),
  async http(filter) {
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ ...QUERY, filter });
    const response = await service.request('/v1/search', { method: 'POST', headers, body });
    const answer = (await response.json()) as { results: { items: { id: string }[] }[]; detail: string };
    expect(response.status).toBe(answer.results ? 200 : 400);
    return answer.results?.[0].items.map(({ id }) => id) ?? answer.detail;
  },
};

const answerOf = (found: Promise<{ readonly items: readonly { readonly id: string }[] }>) =>
  found.then(
    ({ items }) => items.map(({ id }) => id),
    (error: Error) => error.message,
  );

describe.each(Object.entries(PLACES))('%s', (_, answer) => {
  it.each([
    ['price<50', 's2 s4'],
    ['price 49.5..101', 's1 s2'],
    ['price BETWEEN 49.5 AND 101 USD', 's1 s2'],
    ['PRICE>=1,371.38', 's3'],
    ['product_type=outdoor', 's1 s2'],
    ['category="home & garden > outdoor"', 's1 s2'],
    ['stock=TRUE AND NOT tags=sale', 's1'],
    ['added=2024-01-05', 's1 s2'],
    ['added>2024', 's1 s2 s3'],
    ['added<=2024-01-01T00:00Z', 's4'],
    ['code>9007199254740992', 's1 s3'],
    ['code IS MISSING OR code=9007199254740992', 's2 s4'],
    ['tags IN (oak, wool)', 's1 s3 s4'],
    ['SKU=s3', 's3'],
    ['price<50 AND tags=oak', ''],
  ])('answers %s', async (filter, ids) => {
    const found = await answer(filter);
    expect(typeof found === 'string' ? found : [...found].sort().join(' ')).toBe(ids);
  });

  it.each([
    ['price<5,5', 'write price<5.5, with a decimal point'],
    ['price>=10 price<=20', 'expected AND or OR before the next condition'],
    [
      'price<50 EUR',
      'holds numbers such as "100.19 USD" and "49.50 USD", got "50 EUR"; write e.g. price<100.19 USD',
    ],
    ['stock=yes', 'holds true or false, got "yes"; write e.g. stock=true'],
    ['added>yesterday', 'holds dates such as "2024-01-05"'],
    ['tags=cotton', 'is never "cotton"; write e.g. tags='],
    ['colour=red', 'no item has it; the fields are'],
  ])('refuses %s', async (filter, message) => {
    expect(await answer(filter)).toContain(message);
  });
});

it.each([
  ['price<50 AND stock=false', 's2'],
  ['product_type=outdoor AND added=2024-01-05', 's1 s2'],
])('the command line answers %s', async (filter, ids) => {
  const { code, stdout } = await searched(filter);
  expect(code).toBe(0);
  const { items } = JSON.parse(stdout) as { items: { id: string }[] };
  expect(
    items
      .map(({ id }) => id)
      .sort()
      .join(' '),
  ).toBe(ids);
});

it.each([
  ['price<50 EUR', 'got "50 EUR"; write e.g. price<100.19 USD'],
  ['tags=cotton', 'field "tags": is never "cotton"; write e.g. tags='],
])('the command line refuses %s', async (filter, message) => {
  const { code, stdout, stderr } = await searched(filter);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
});

/** Each loads the run anew, so that few are asked. */
const searched = (filter: string) =>
  runCli([
    'search',
    run,
    QUERY.query,
    '--method',
    'plain',
    '-k',
    '10',
    '--threads',
    '1',
    '--json',
    '--filter',
    filter,
  ]);

it('info says what the fields are, in terminal and service alike', async () => {
  const { stdout } = await runCli(['info', run]);
  const lines = [
    /^category \(Product_Type\) +text +4 /m,
    /^price +money in USD +4 +100.19 USD$/m,
    /^stock +boolean +4 +True$/m,
    /^added +date +4 +2024-01-05$/m,
    /^tags +list of text +4 +new$/m,
    /^code +number +3 +9007199254740993$/m,
  ];
  for (const line of lines) expect(stdout).toMatch(line);
  const { fields } = (await client.info()).catalog;
  const field = (name: string) => fields.find((one) => one.name === name);
  expect(field('price')).toMatchObject({ kind: 'number', unit: 'USD', range: [49, 1371.38] });
  expect(field('added')).toMatchObject({ kind: 'date', range: ['2023-11-30', '2024-01-05T10:00:00Z'] });
  expect(field('tags')).toMatchObject({ kind: 'text', isList: true });
  expect(field('tags')?.values?.map(({ value, items }) => `${value} ${items}`)).toEqual([
    'oak 2',
    'sale 2',
    'new 1',
    'steel 1',
    'wool 1',
  ]);
});
