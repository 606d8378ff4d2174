/** The shared table, in a PostgreSQL in WebAssembly; a real one is in `replicas.integration.test.ts`. */
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ChangesError, InputError } from '../../errors.js';
import { parseConfig } from '../../run/parseConfig.js';
import { ChangesTable } from './changesTable.js';
import { ItemReader } from './itemReader.js';
import type { JournalEntry, SentChange } from './journal.js';
import { TableJournal } from './tableJournal.js';

let db: PGlite;
let server: PGLiteSocketServer;
let url: string;
beforeAll(async () => {
  db = await PGlite.create();
  server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 20 });
  await server.start();
  url = `postgres://postgres:secret@${server.getServerConn()}/postgres?sslmode=disable`;
});
afterAll(async () => {
  await server.stop();
  await db.close();
});
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const reader = new ItemReader(parseConfig({}, 'config').catalog);
const put = (id: string, title = id): SentChange => {
  const record = { id, title };
  return { upsert: reader.readAll([record])[0], record };
};
const idsOf = (entries: readonly JournalEntry[]) =>
  entries.map(({ change }) => ('upsert' in change ? change.upsert.title : `-${change.delete}`));

let tables = 0;
const newTable = () => `changes_${tables++}`;

async function open(name: string, options: { catalog?: string; catalogReadAt?: number } = {}) {
  const table = await ChangesTable.open(`${url}&table=${name}`);
  const errors: string[] = [];
  const journal = await TableJournal.open(table, {
    catalog: 'a',
    catalogReadAt: 0,
    reader,
    onError: (message) => void errors.push(message),
    poll: 20,
    ...options,
  });
  closing.push(async () => {
    await journal.close();
    await table.close();
  });
  return { table, journal, errors };
}

it('gives every service the changes of all, in one order', async () => {
  const name = newTable();
  const first = await open(name);
  const second = await open(name);
  // One after the other: PGlite has one session for all connections.
  for (let i = 0; i < 20; i++)
    expect(await (i % 2 ? first : second).journal.append([put(`a${i}`), put(`b${i}`)])).toBe(2 * i + 2);
  for (const { journal } of [first, second]) await expect.poll(() => journal.read).toBe(40);
  const seen = idsOf(first.journal.entries());
  expect(seen).toHaveLength(40);
  expect(idsOf(second.journal.entries())).toEqual(seen);
  const late = await open(name);
  expect(idsOf(late.journal.entries())).toEqual(seen);
  expect(first.journal.entries(38)).toHaveLength(2);
});

it('keeps the last change of an id, and any text that JSON can hold', async () => {
  const name = newTable();
  const { journal } = await open(name);
  const odd = 'nul \0, half a pair \ud800, "quotes", ümlaut';
  await journal.append([put('a'), put('b'), { delete: 'a' }]);
  expect(await journal.append([put('b', odd)])).toBe(4);
  const again = await open(name);
  expect(again.journal.entries().map(({ change }) => change)).toEqual([
    { delete: 'a' },
    { upsert: reader.readAll([{ id: 'b', title: odd }])[0] },
  ]);
});

it('reads what other programs insert, and leaves out by number what nobody can read', async () => {
  const name = newTable();
  const { journal, errors } = await open(name);
  await db.query(`INSERT INTO ${name} (change) VALUES
    ('{"upsert": {"id": 7, "title": "seven"}}'), ('{"upsert": {"title": "no id"}}'), ('{"drop": 1}'), ('{"delete": 7}')`);
  await expect.poll(() => journal.read).toBe(4);
  expect(idsOf(journal.entries())).toEqual(['-7']);
  expect(errors).toEqual([
    'the change of number 2 cannot be read, and is left out',
    'the change of number 3 cannot be read, and is left out',
  ]);
});

it('reads by itself what it was never told of', async () => {
  const name = newTable();
  const [first, second] = [await open(name), await open(name)];
  // As through a proxy that passes no notifications on.
  await db.query(`DROP TRIGGER notify ON ${name}`);
  await first.journal.append([put('a')]);
  await expect.poll(() => second.journal.read).toBe(1);
  await db.query(`INSERT INTO ${name} (change) VALUES ('{"delete": "a"}')`);
  for (const { journal } of [first, second])
    await expect.poll(() => idsOf(journal.entries())).toEqual(['-a']);
});

it('begins where the catalog was read, the same for every service that has it', async () => {
  const name = newTable();
  const first = await open(name);
  await first.journal.append([put('early')]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const catalogReadAt = Date.now();
  await first.journal.append([put('late')]);
  const other = await open(name, { catalog: 'b', catalogReadAt });
  expect(idsOf(other.journal.entries())).toEqual(['late']);
  // Compiled again from the same file: what it knows is the same.
  const again = await open(name, { catalog: 'b', catalogReadAt: Date.now() + 1e6 });
  expect(idsOf(again.journal.entries())).toEqual(['late']);
  expect(idsOf(first.journal.entries())).toEqual(['early', 'late']);
});

it('refuses what is no address of a table, and never shows a password', async () => {
  for (const address of [
    'mysql://me:secret@db/shop',
    'postgres://me:secret@db/shop?table=a;b',
    'postgres://',
  ]) {
    const error = await ChangesTable.open(address).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).not.toContain('secret');
  }
  const nobody = await ChangesTable.open('postgres://me:secret@127.0.0.1:1/shop').catch((e: unknown) => e);
  expect(nobody).toBeInstanceOf(ChangesError);
  expect(String(nobody)).toMatch(/postgres:\/\/me@127\.0\.0\.1:1\/shop\?table=r4t_changes: .*ECONNREFUSED/);
});
