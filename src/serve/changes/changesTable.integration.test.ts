/** What the table of changes promises when many write to it, in a real PostgreSQL. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChangesError } from '../../errors.js';
import { openPostgres, type Postgres, postgresPrograms } from '../testing/postgres.js';
import { ChangesTable } from './changesTable.js';
import { TableJournal } from './tableJournal.js';

const programs = postgresPrograms();
if (!programs) console.log('no PostgreSQL here, so the table is not tested: apt-get install postgresql');

describe.skipIf(!programs)('the table of changes', () => {
  let database: Postgres;
  let address: string;
  beforeAll(async () => {
    database = await openPostgres(programs ?? '');
    address = database.url.replace('r4t@', `r4t:${encodeURIComponent(database.password)}@`);
  });
  afterAll(() => database?.remove());

  async function client(user = 'r4t', password = database.password) {
    const url = new URL(database.url);
    const made = new pg.Client({
      host: url.hostname,
      port: Number(url.port),
      user,
      password,
      database: 'postgres',
    });
    await made.connect();
    return made;
  }

  it('never shows a number after a higher one, however long transactions take and whichever fail', async () => {
    const table = await ChangesTable.open(`${address}?table=busy`);
    const seen: number[] = [];
    let over = false;
    const reading = (async () => {
      const reader = await table.connect();
      for (let last = false; ; last = over) {
        const rows = await table.rows(reader, seen.at(-1) ?? 0);
        seen.push(...rows.map(({ sequence }) => sequence));
        if (last && rows.length === 0) break;
      }
      await reader.end();
    })();
    let committed = 0;
    await Promise.all(
      Array.from({ length: 6 }, async (_, writer) => {
        const own = await client();
        for (let i = 0; i < 30; i++) {
          const isolation = i % 3 === 0 ? 'SERIALIZABLE' : i % 3 === 1 ? 'REPEATABLE READ' : 'READ COMMITTED';
          await own.query(`BEGIN ISOLATION LEVEL ${isolation}`);
          for (let rows = 0; rows <= i % 3; rows++)
            await own.query(`INSERT INTO busy (change) VALUES ('{"delete": "${writer}"}')`);
          await sleep((7 * i + 3 * writer) % 5);
          const isKept = (i + writer) % 4 !== 0;
          await own.query(isKept ? 'COMMIT' : 'ROLLBACK');
          if (isKept) committed += 1 + (i % 3);
        }
        await own.end();
      }),
    );
    over = true;
    await reading;
    expect(seen).toHaveLength(committed);
    const rows = await database.query('SELECT sequence::int FROM busy ORDER BY sequence');
    expect(seen).toEqual(rows.map(({ sequence }) => sequence));
    await table.close();
  });

  it('refuses, and takes nothing, while another transaction does not end', async () => {
    const table = await ChangesTable.open(`${address}?table=held`);
    const other = await client();
    await other.query(`BEGIN; INSERT INTO held (change) VALUES ('{"delete": "other"}')`);
    const refused = await table.append([{ delete: 'own' }]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ChangesError);
    expect(String(refused)).toContain('lock timeout');
    await other.query('COMMIT');
    await other.end();
    expect(await database.query('SELECT change FROM held')).toEqual([{ change: { delete: 'other' } }]);
    // The number that the refused one was to have is not used again.
    expect(await table.append([{ delete: 'own' }])).toBeGreaterThan(1);
    await table.close();
  });

  it('needs no right to make tables once it is there', async () => {
    const first = await ChangesTable.open(`${address}?table=granted`);
    await database.query(`CREATE ROLE app LOGIN PASSWORD 'app'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      GRANT SELECT, INSERT ON granted, granted_catalogs TO app; GRANT USAGE ON SEQUENCE granted_numbers TO app`);
    const url = database.url.replace('r4t@', 'app:app@');
    const table = await ChangesTable.open(`${url}?table=granted`);
    expect(await table.append([{ delete: 'a' }, { delete: 'b' }])).toBe(2);
    expect(await table.startOf('catalog', Date.now() + 1e6)).toBe(2);
    expect(await first.startOf('catalog', 0)).toBe(2);
    await expect(ChangesTable.open(`${url}?table=elsewhere`)).rejects.toThrow(/permission denied/);
    for (const opened of [first, table]) await opened.close();
  });

  it('is read when it tells of a change, and every so often when it does not', async () => {
    const table = await ChangesTable.open(`${address}?table=told`);
    const open = (poll: number) =>
      TableJournal.open(table, {
        catalog: 'catalog',
        catalogReadAt: 0,
        reader: { readAll: () => [] },
        onError: (message, error) => {
          throw new Error(message, { cause: error });
        },
        poll,
      });
    const [listening, polling] = [await open(600_000), await open(200)];
    await table.append([{ delete: 'a' }]);
    await expect.poll(() => listening.read).toBe(1);
    // As through a proxy that passes no notifications on.
    await database.query('ALTER TABLE told DISABLE TRIGGER notify');
    await table.append([{ delete: 'b' }]);
    await expect.poll(() => polling.read).toBe(2);
    expect(listening.read).toBe(1);
    for (const journal of [listening, polling]) await journal.close();
    await table.close();
  });
});
