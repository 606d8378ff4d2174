/** A run in a search engine, as people use it: compiled, pushed, searched. */

import { readFileSync, writeFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FilterTable } from '../catalog/filter/filterTable.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli, SHOP, TINY, writeShop } from '../cli/testing/shop.js';
import { rowRange } from '../matrix.js';
import { loadRun } from '../retrieve/loadRun.js';
import { passingRows } from '../retrieve/request.js';

const temp = tempFolder();
const codeOf = (i: number) => `kx${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}q`;
let db: PGlite;
let server: PGLiteSocketServer;
let address = '';
beforeAll(async () => {
  db = await PGlite.create({ extensions: { vector } });
  server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 8 });
  await server.start();
  address = `postgres://postgres@${server.getServerConn()}/postgres?sslmode=disable`;
});
afterAll(async () => {
  await server?.stop();
  await db?.close();
});

it('asks the engine for words where the config says so, and evaluation measures that', async () => {
  // Codes that no vector knows, one an item.
  const items = SHOP.map((item, i) => ({ ...item, title: `${item.title} ${codeOf(i)}` }));
  const sets = Array.from({ length: 24 }, (_, i) => ({
    query: [0, 1, 2].map((j) => codeOf(3 * i + j)).join(' '),
    items: [0, 1, 2].map((j) => items[3 * i + j].id),
    split: ['train', 'valid', 'test'][i % 3],
  }));
  const files = { catalog: temp.write('coded.jsonl', items), sets: temp.write('sets.jsonl', sets) };
  const [run, config] = [temp.path('coded'), temp.path('coded.config.json')];
  const target = { kind: 'pgvector', url: address, table: 'coded' };
  const compile = (index: object) => {
    writeFileSync(config, JSON.stringify({ ...TINY, index }));
    return runCli(['compile', files.catalog, '--sets', files.sets, '--config', config, '--out', run]);
  };
  const evaluate = async (name: string) => {
    expect(await runCli(['evaluate', run, '--out', temp.path(name)])).toMatchObject({ code: 0 });
    const { methods } = JSON.parse(readFileSync(temp.path(name, 'results.json'), 'utf8'));
    return { hybrid: methods.hybrid.recallAtK.mean, bm25: methods.bm25.recallAtK.mean };
  };
  expect(await compile(target)).toMatchObject({ code: 0 });
  expect(await runCli(['push', run, '--to', `${address}&table=coded`])).toMatchObject({ code: 0 });
  const before = await evaluate('before');
  expect(await compile({ ...target, words: true })).toMatchObject({ code: 0 });
  expect(await runCli(['search', run, codeOf(7)])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /"index.words": postgres:.* has no index of words; r4t push .* --words makes one/,
    ),
  });
  const pushed = await runCli(['push', run, '--to', `${address}&table=coded`, '--words']);
  expect(pushed.stdout).toMatch(/: 72 items, 0 of them sent now\n.*"words":true/);
  const same = await evaluate('same');
  // What the words of an item are is for the engine to say.
  await db.query("UPDATE coded SET text = 'nothing'");
  const other = await evaluate('other');
  expect([before.hybrid, same.hybrid]).toEqual([1, 1]);
  expect(other.hybrid).toBeLessThan(0.6);
  // The method of that name is the BM25 of the process.
  expect([before.bm25, same.bm25, other.bm25]).toEqual([1, 1, 1]);
}, 300_000);

it('answers as the exact index does', async () => {
  const { catalog, config } = writeShop(temp);
  const run = temp.path('run');
  const compile = () => runCli(['compile', catalog, '--config', config, '--out', run]);
  const search = (...more: string[]) => runCli(['search', run, 'red boot', '-k', '5', '--json', ...more]);
  expect(await compile()).toMatchObject({ code: 0 });
  const exact = [await search(), await search('--filter', 'price<40 AND NOT color=red')];
  const itemsOf = ({ stdout }: { stdout: string }) =>
    JSON.parse(stdout).items.map(({ id }: { id: string }) => id);

  const url = address;
  writeFileSync(config, JSON.stringify({ ...TINY, index: { kind: 'pgvector', url, table: 'shop' } }));
  // The index may change: nothing is compiled again.
  expect(await compile()).toMatchObject({ code: 0 });
  const early = await search();
  expect(early).toMatchObject({ code: 2 });
  expect(early.stderr).toMatch(/there is no postgres:.*table=shop; first r4t push <run> --to postgres:/);

  const pushed = await runCli(['push', run, '--to', `${address}&table=shop`]);
  expect(pushed).toMatchObject({ code: 0 });
  expect(pushed.stdout).toMatch(/table=shop: 72 items, 72 of them sent now\n.*"index": \{"kind":"pgvector"/);
  const found = [await search(), await search('--filter', 'price<40 AND NOT color=red')];
  expect(found.map(itemsOf)).toEqual(exact.map(itemsOf));
  expect(itemsOf(found[1]).length).toBeGreaterThan(0);

  // The library's way, with the mask of a request.
  const loaded = await loadRun(run, { threads: 1, methods: ['plain'] });
  try {
    const { items, vectors, index } = loaded.workspace;
    const mask = passingRows({ items, vectors, filters: new FilterTable(items) }, { filter: 'color=blue' })!;
    const { indices } = await index.search(rowRange(vectors, 0, vectors.rows), { k: 1, mask });
    expect([...indices].every((row) => items[row].metadata.color === 'blue')).toBe(true);
  } finally {
    await loaded.release();
  }
  await server.stop();
  const gone = await search();
  expect(gone).toMatchObject({ code: 1 });
  expect(gone.stderr.split('\n')[0]).toMatch(/^r4t: postgres:.*ECONNREFUSED/);
});
