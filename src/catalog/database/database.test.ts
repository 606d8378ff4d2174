import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../catalog.js';
import { openSource, type SourceRecord } from '../source.js';
import { tempFolder } from '../testing/tempFolder.js';
import { databaseSource } from './databaseSource.js';

const temp = tempFolder();

async function read(name: string, signal?: AbortSignal): Promise<SourceRecord[]> {
  const rows: SourceRecord[] = [];
  for await (const row of (await openSource(name)).records({ signal })) rows.push(row);
  return rows;
}

describe('PostgreSQL', () => {
  let db: PGlite;
  let server: PGLiteSocketServer;
  let address = '';
  beforeAll(async () => {
    db = await PGlite.create();
    await db.exec(`
      CREATE TABLE products (id bigint PRIMARY KEY, title text, price numeric(10, 2), added date, seen timestamptz,
        tags text[], sizes int[], in_stock boolean, brand jsonb, picture bytea);
      INSERT INTO products VALUES
        (1, 'red &amp; blue jacket', 19.90, '2024-01-05', '2024-01-05 23:30:00+01', '{warm,"a, b",NULL}', '{36,38}', true,
          '{"name": "Acme", "code": 7234567890123456789}', '\\x0102'),
        (7234567890123456789, 'blue hat', 1234567890123456789.25::numeric(30, 2) - 1234567890123456789, NULL, NULL, '{}', NULL, false, NULL, NULL);
      CREATE TABLE others (id int, name text);
      INSERT INTO others SELECT i, 'item ' || i FROM generate_series(1, 2500) AS i;`);
    server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1' });
    await server.start();
    address = `postgres://postgres:secret@${server.getServerConn()}/postgres`;
  });
  afterAll(async () => {
    await server?.stop();
    await db?.close();
  });

  it('reads a table with the types it has', async () => {
    const rows = await read(`${address}?table=products&sslmode=disable`);
    expect(rows.map(({ line }) => line)).toEqual([1, 2]);
    expect(rows[0].record).toMatchObject({
      id: 1,
      price: 19.9,
      added: '2024-01-05',
      seen: '2024-01-05T22:30:00.000Z',
      tags: ['warm', 'a, b', null],
      sizes: [36, 38],
      in_stock: true,
      brand: { name: 'Acme', code: '7234567890123456789' },
    });
    expect(rows[1].record).toMatchObject({
      id: '7234567890123456789',
      price: 0.25,
      added: null,
      in_stock: false,
    });
    expect(rows[0].file).not.toContain('secret');
  });

  it('makes a catalog of it, and tells two states apart in whatever order rows come', async () => {
    const name = `${address}?table=public.products`;
    const { items, report } = await loadCatalog(name);
    expect(items[0]).toMatchObject({
      id: '1',
      title: 'red & blue jacket',
      metadata: { 'brand.name': 'Acme', tags: ['warm', 'a, b'] },
    });
    expect(report).toMatchObject({ rows: 2, leftOut: { picture: 1 } });
    expect(report.source).not.toContain('secret');
    const print = async (order: string) => {
      const source = await openSource(
        `${address}?query=${encodeURIComponent(`SELECT id, title FROM products ${order};`)}`,
      );
      for await (const _ of source.records({}));
      return (await source.fingerprint()).sha256;
    };
    expect(await print('ORDER BY id')).toBe(await print('ORDER BY id DESC'));
    expect(await print('ORDER BY id')).not.toBe(await print('WHERE id = 1'));
  });

  it('streams what is larger than a batch, and stops by its signal', async () => {
    const rows = await read(`${address}?table=others`);
    expect(new Set(rows.map(({ record }) => record.id)).size).toBe(2500);
    const reason = new Error('enough');
    await expect(read(`${address}?table=others`, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('says what is wrong, without the password', async () => {
    const failure = async (name: string) => {
      const error = await read(name).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toMatchObject({ name: 'InputError' });
      expect(error?.message).not.toContain('secret');
      return error?.message;
    };
    expect(await failure(address)).toContain('has the tables others, products; name one: ?table=others');
    expect(await failure(`${address}?table=product`)).toContain('relation "product" does not exist');
    expect(await failure(`${address}?table=a&query=b`)).toContain('names a table and a query');
    expect(await failure('postgres://me:secret@127.0.0.1:1/x?table=a')).toMatch(
      /cannot be reached.*ECONNREFUSED/,
    );
    expect(await failure('postgres://me:secret@[?table=a')).toContain('is no address of a database');
  });
});

describe('DuckDB', () => {
  const made = (file: string, sql: string) => makeDatabase(file, sql);

  it('reads a table of a database file with the types it has', async () => {
    const file = temp.path('shop.duckdb');
    await made(
      file,
      `CREATE TABLE items (id BIGINT, name VARCHAR, price DECIMAL(10, 2), day DATE, seen TIMESTAMP, tags VARCHAR[], brand STRUCT(name VARCHAR));
       INSERT INTO items VALUES (7234567890123456789, 'red jacket', 19.90, '2024-01-05', '2024-01-05 23:30:00', ['a', NULL], {'name': 'Acme'}),
         (2, 'blue hat', NULL, NULL, NULL, [], NULL)`,
    );
    const rows = await read(`duckdb:${file}`);
    expect(rows.map(({ record }) => record)).toEqual([
      {
        id: '7234567890123456789',
        name: 'red jacket',
        price: 19.9,
        day: '2024-01-05',
        seen: '2024-01-05T23:30:00.000Z',
        tags: ['a', null],
        brand: { name: 'Acme' },
      },
      { id: 2, name: 'blue hat', price: null, day: null, seen: null, tags: [], brand: null },
    ]);
    const { items } = await loadCatalog(
      `duckdb:${file}?query=${encodeURIComponent("SELECT * FROM items WHERE name LIKE '%hat'")}`,
    );
    expect(items.map(({ id, title }) => [id, title])).toEqual([['2', 'blue hat']]);
  });

  it('reads whatever a query names: a folder of files, after other statements', async () => {
    temp.write('a.csv', 'id,title\n1,red jacket\n');
    temp.write('b.csv', 'id,title\n2,blue hat\n');
    const files = `${temp.path()}/*.csv`;
    const { items } = await loadCatalog(`duckdb:SELECT * FROM '${files}' ORDER BY id`);
    expect(items.map(({ title }) => title)).toEqual(['red jacket', 'blue hat']);
    const some = await read(
      `duckdb:CREATE TABLE t AS SELECT * FROM '${files}'; SELECT title FROM t WHERE id = 2;`,
    );
    expect(some.map(({ record }) => record)).toEqual([{ title: 'blue hat' }]);
    const many = await read('duckdb:SELECT i AS id FROM range(5000) t(i)');
    expect(many).toHaveLength(5000);
  });

  it('says what is wrong', async () => {
    const file = temp.path('two.duckdb');
    await made(file, 'CREATE TABLE a (id INT); CREATE TABLE b (id INT)');
    await expect(read(`duckdb:${file}`)).rejects.toThrow(
      'two.duckdb: has the tables a, b; name one: ?table=a',
    );
    await expect(read(`duckdb:${file}?table=c`)).rejects.toThrow(/DuckDB refuses: .*c does not exist/);
    await expect(read(`duckdb:${temp.path('none.duckdb')}?table=c`)).rejects.toThrow(
      'does not exist; check the path',
    );
    await expect(openSource(temp.path('two.duckdb'))).rejects.toThrow(
      /is a database; write "duckdb:.*two\.duckdb\?table=<table>"/,
    );
  });

  it('reads SQLite, where its extension is installed', async ({ skip }) => {
    const file = temp.path('shop.sqlite');
    try {
      await made(
        ':memory:',
        `LOAD sqlite; ATTACH '${file}' AS lite (TYPE sqlite); CREATE TABLE lite.goods (id INTEGER, title TEXT);
        INSERT INTO lite.goods VALUES (1, 'red jacket'), (2, 'blue hat'); DETACH lite`,
      );
    } catch {
      skip("DuckDB's sqlite extension is not installed");
    }
    expect((await loadCatalog(`duckdb:${file}`)).items.map(({ title }) => title)).toEqual([
      'red jacket',
      'blue hat',
    ]);
  });
});

it('knows a database by its name', () => {
  for (const name of ['catalog.csv', './postgres', 'C:\\data\\a.csv', '-'])
    expect(databaseSource(name)).toBeUndefined();
  expect(databaseSource('s3://bucket/items/*.parquet')?.name).toBe('s3://bucket/items/*.parquet');
  expect(databaseSource('https://me:secret@example.com/a.parquet?X-Amz-Signature=s')?.name).toBe(
    'https://me@example.com/a.parquet',
  );
});

async function makeDatabase(file: string, sql: string): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  try {
    await connection.run(sql);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
