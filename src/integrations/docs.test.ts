/** The code that the pages show is right by its types, and that beside other engines runs. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { createJiti } from 'jiti';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMPILED } from '../../scripts/testing/compiled.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli, SHOP, writeShop } from '../cli/testing/shop.js';
import { letterEncoder } from '../encode/testing/letterEncoder.js';
import { RunHost } from '../serve/changes/host.js';
import { RunEngine } from '../serve/engine/runEngine.js';
import { createApp } from '../serve/http/app.js';
import { listenerOf } from './service.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const temp = tempFolder();
const readPage = (name: string) => readFileSync(join(ROOT, 'docs', name), 'utf8');
const blocksOf = (page: string): string[] =>
  Array.from(page.matchAll(/^```ts\n(.*?)^```/gms), ([, code]) => code);
const NEIGHBOURS = readdirSync(join(ROOT, 'docs/neighbours')).map((name) => `neighbours/${name}`);

/** What the pages leave to their readers. */
const GLOBALS = `
import type { Document } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import type { BaseLanguageModelInterface } from '@langchain/core/language_models/base';
import type { MockLanguageModelV3 } from 'ai/test';
declare global {
  const documents: Document[];
  const embeddings: EmbeddingsInterface;
  const model: BaseLanguageModelInterface & MockLanguageModelV3;
  function embed(text: string): Promise<number[]>;
  function searchMyEngine(query: number[], options: { limit: number }): Promise<{ id: string; title: string; vector: number[] }[]>;
}
`;

it('is right by its types', () => {
  const folder = temp.path('types');
  mkdirSync(folder);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const write = (name: string, code: string) => writeFileSync(join(folder, name), `${code}\nexport {};\n`);
  write('globals.d.ts', GLOBALS);
  // The blocks of a neighbour's page go on from each other; here each stands alone.
  for (const [i, code] of blocksOf(readPage('integrations.md')).entries())
    write(`integrations-${i + 1}.ts`, code);
  for (const page of NEIGHBOURS) write(`${page.replace(/\W/g, '-')}.ts`, blocksOf(readPage(page)).join('\n'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const { compilerOptions } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: { paths: Record<string, string[]> };
  };
  const paths = Object.entries(compilerOptions.paths).map(([name, [path]]) => [name, [join(ROOT, path)]]);
  const options = { ...compilerOptions, paths: Object.fromEntries(paths), noUnusedLocals: false };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*'] }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

const embed = async (text: string): Promise<number[]> => [...(await letterEncoder.encode([text])).data];

class LetterEmbeddings extends Embeddings {
  constructor() {
    super({});
  }
  embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map(embed));
  }
  embedQuery(text: string): Promise<number[]> {
    return embed(text);
  }
}

describe('beside another engine it runs', { timeout: 180_000 }, () => {
  const before = process.cwd();
  const closing: (() => Promise<unknown> | unknown)[] = [];
  let url: string;

  beforeAll(async () => {
    const { catalog, config } = writeShop(temp);
    const run = temp.path('runs/shop');
    await runCli(['compile', catalog, '--config', config, '--out', run, '--stage', 'encode']);
    process.chdir(temp.path(''));
    const start = (folder: string) => RunEngine.load(folder, { threads: 1 });
    const host = await RunHost.open({ run, start, onError: console.error });
    closing.push(() => host.close());
    url = await listen(createServer(listenerOf(createApp({ host }))));
    Object.assign(globalThis, {
      embed,
      embeddings: new LetterEmbeddings(),
      documents: SHOP.map(({ id, title }) => new Document({ id, pageContent: title })),
      model: new FakeListChatModel({ responses: ['<questions>\ntents\nstoves\n</questions>'] }),
    });
  });
  afterAll(async () => {
    process.chdir(before);
    for (const close of closing.reverse()) await close();
  });

  async function listen(server: Server): Promise<string> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** A server that answers as another engine does, and keeps what it was asked. */
  async function standIn(
    answer: (body: { limit: number; size: number }) => object,
  ): Promise<{ url: string; asked: object[] }> {
    const asked: object[] = [];
    const server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      response.setHeader('Content-Type', 'application/json');
      if (text === '') return void response.end(JSON.stringify({ version: '1.18.0' }));
      const body = JSON.parse(text) as { limit: number; size: number };
      asked.push(body);
      response.end(JSON.stringify(answer(body)));
    });
    return { url: await listen(server), asked };
  }

  /** Runs a page's blocks as one module and gives what they have printed. */
  async function run(page: string): Promise<unknown[][]> {
    const printed: unknown[][] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...values) => void printed.push(values));
    const alias = Object.fromEntries(
      ['langchain', 'client', ''].map((name) => {
        const source = name === '' ? 'index' : name === 'client' ? 'client/index' : `integrations/${name}`;
        return [name === '' ? 'r4t' : `r4t/${name}`, join(COMPILED, `${source}.js`)];
      }),
    );
    try {
      const code = blocksOf(readPage(page)).join('\n').replace('http://127.0.0.1:7480', url);
      const filename = join(ROOT, 'docs', page.replace('.md', '.ts'));
      await createJiti(filename, { alias, tryNative: true }).evalModule(code, { filename, async: true });
    } finally {
      log.mockRestore();
    }
    return printed;
  }

  const titles = new Set(SHOP.map(({ title }) => title));
  /** A list of ten titles, each once. */
  function expectSet(value: unknown): void {
    expect(value).toHaveLength(10);
    for (const title of value as string[]) expect(titles).toContain(title);
    expect(new Set(value as string[]).size).toBe(10);
  }
  /** Lines of a title and why it is there. */
  const expectReasons = (lines: unknown[][]) =>
    expectSet(lines.map(([title, why]) => typeof why === 'string' && title));

  it('LangChain: before and after', async () => {
    const [byMultiQuery, byMmr, ...after] = await run('neighbours/langchain.md');
    const contents = (found: unknown) => (found as Document[]).map(({ pageContent }) => pageContent);
    // Ten items for each of the two queries that the model wrote, some of them the same.
    expect(contents(byMultiQuery[0]).length).toBeGreaterThanOrEqual(10);
    for (const title of contents(byMultiQuery[0])) expect(titles).toContain(title);
    expectSet(contents(byMmr[0]));
    const found = after.slice(0, 10);
    for (const [id, title, why] of found) {
      expect(SHOP).toContainEqual(expect.objectContaining({ id, title }));
      expect(SHOP.find((item) => item.id === id)!.price).toBeLessThan(100);
      expect(why).toEqual(expect.any(String));
    }
    expect(after[10]).toEqual([10, 10]);
    expectSet(contents(after[11][0]));
    expect(after).toHaveLength(12);
  });

  it('Qdrant', async () => {
    const vectors = await Promise.all(SHOP.map(({ title }) => embed(title)));
    const { url: node, asked } = await standIn(({ limit }) => ({
      result: {
        // As the documentation of the API has it: https://api.qdrant.tech/api-reference/search/query-points
        points: SHOP.slice(0, limit).map(({ id, title }, i) => ({
          id: i,
          version: 3,
          score: 0.9 - i / 100,
          payload: { sku: id, title },
          vector: vectors[i],
        })),
      },
      status: 'ok',
      time: 0.001,
    }));
    process.env.QDRANT_URL = node;
    const [[set], ...rest] = await run('neighbours/qdrant.md');
    expect(asked).toMatchObject([{ limit: 100, with_vector: true, with_payload: true }]);
    expectSet(set);
    expectReasons(rest.slice(0, 10));
    expect(rest[10]).toEqual([0, 'points are not in the catalog of the run']);
  });

  it('OpenSearch', async () => {
    const vectors = await Promise.all(SHOP.map(({ title }) => embed(title)));
    const { url: node, asked } = await standIn(({ size }) => ({
      took: 3,
      timed_out: false,
      _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
      // https://docs.opensearch.org/latest/api-reference/search-apis/search/
      hits: {
        total: { value: SHOP.length, relation: 'eq' },
        max_score: 12,
        hits: SHOP.slice(0, size).map(({ id, title }, i) => ({
          _index: 'shop',
          _id: id,
          _score: 12 - i / 10,
          _source: { title, embedding: vectors[i] },
        })),
      },
    }));
    process.env.OPENSEARCH_URL = node;
    const [[set], [byWords], ...rest] = await run('neighbours/opensearch.md');
    expect(asked).toMatchObject([{ size: 100, query: { knn: { embedding: { k: 100 } } } }]);
    expectSet(set);
    expectSet((byWords as string[]).map((id) => SHOP.find((item) => item.id === id)?.title));
    expectReasons(rest);
  });

  it('Postgres with pgvector', async () => {
    const database = await PGlite.create({ extensions: { vector } });
    const { length } = await embed('a');
    await database.exec(`CREATE EXTENSION vector;
      CREATE TABLE products (id text PRIMARY KEY, title text, price int, stock int, embedding vector(${length}))`);
    for (const { id, title, price } of SHOP)
      await database.query('INSERT INTO products VALUES ($1, $2, $3, 1, $4::vector)', [
        id,
        title,
        price,
        JSON.stringify(await embed(title)),
      ]);
    const server = new PGLiteSocketServer({ db: database, port: 0, host: '127.0.0.1' });
    await server.start();
    closing.push(
      () => database.close(),
      () => server.stop(),
    );
    process.env.DATABASE_URL = `postgres://postgres@${server.getServerConn()}/postgres`;
    const printed = await run('neighbours/postgres.md');
    expectSet(printed[0][0]);
    expectReasons(printed.slice(1, 11));
    const [inStock] = printed[11];
    expect(inStock).toHaveLength(10);
    expect((inStock as { stock: number }[])[0].stock).toBe(1);
  });
});
