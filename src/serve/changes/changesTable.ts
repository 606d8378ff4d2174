/** A table of PostgreSQL in which services that share a run keep the changes of its items, through the package `pg`. */
import type { Client, Pool, PoolClient } from 'pg';
import { quoted } from '../../catalog/database/sql.js';
import { ChangesError, InputError } from '../../errors.js';
import type { SentChange } from './journal.js';

/** A row of the table. */
export interface ChangeRow {
  readonly sequence: number;
  /** When it was inserted, milliseconds since 1970. */
  readonly at: number;
  /** JSON: `{"upsert": record}` or `{"delete": id}`. */
  readonly change: string;
}

/** What other connections are told when rows are inserted. */
export const CHANNEL = 'r4t_changes';

/** Rows that are read at a time. */
const BATCH = 1000;
/** Milliseconds until a connection is made, or a statement answered. */
const TIMEOUT = 10_000;
/** Milliseconds that an insertion waits for another program's: less than the above, so that none is taken after it was refused. */
const LOCK_TIMEOUT = 5_000;

const EXPECTED =
  'postgres://user@host:5432/database?table=r4t_changes, with the password in the environment variable PGPASSWORD';

/**
 * Rows are numbered by a trigger that holds a lock until its transaction ends: numbers become visible in their order, whoever
 * inserts, so a reader that goes on after the last number it has seen misses none.
 */
export class ChangesTable {
  readonly #table: string;
  readonly #catalogs: string;

  private constructor(
    /** The address without its password. */
    readonly name: string,
    table: string,
    private readonly settings: { readonly connectionString: string },
    private readonly pg: typeof import('pg').default,
    private readonly pool: Pool,
  ) {
    this.#table = quoted(table);
    this.#catalogs = quoted(`${table}_catalogs`);
  }

  /**
   * Connects, and makes the table if there is none.
   *
   * @throws InputError for a malformed address or without the package `pg`; ChangesError if the database does not answer or refuses
   */
  static async open(address: string): Promise<ChangesTable> {
    const { url, table, name } = parseAddress(address);
    const { default: pg } = await import('pg').catch((cause: unknown) => {
      throw new InputError('needs the package pg; npm install pg', { field: '--changes' }, { cause });
    });
    const settings = {
      connectionString: url,
      application_name: 'r4t',
      connectionTimeoutMillis: TIMEOUT,
      query_timeout: TIMEOUT,
      keepAlive: true,
    };
    const pool = new pg.Pool({ ...settings, max: 2 });
    // A connection that breaks rejects the query at work, and is replaced at the next.
    pool.on('error', () => {});
    pool.on('connect', (client) => void client.on('error', () => {}));
    const changes = new ChangesTable(name, table, settings, pg, pool);
    try {
      await changes.#create(table);
    } catch (error) {
      await pool.end();
      throw error;
    }
    return changes;
  }

  /**
   * Inserts changes, all or none.
   *
   * @returns the number of the last one, which is committed
   * @throws ChangesError; where the connection broke at the very end they may have been inserted all the same
   */
  append(changes: readonly SentChange[]): Promise<number> {
    const rows = changes.map((change) =>
      JSON.stringify('upsert' in change ? { upsert: change.record } : change),
    );
    return this.#transaction(async (client) => {
      await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT}`);
      const { rows: inserted } = await client.query<{ sequence: string }>(
        `INSERT INTO ${this.#table} (change)
         SELECT change::json FROM unnest($1::text[]) WITH ORDINALITY AS sent(change, place) ORDER BY place
         RETURNING sequence`,
        [rows],
      );
      return Math.max(...inserted.map(({ sequence }) => Number(sequence)));
    });
  }

  /**
   * The number of the last change that a catalog has in it: what the first service that had this catalog found in the table from
   * before the catalog was read.
   *
   * @param catalog SHA-256 of the catalog file
   * @param readAt when it was read, milliseconds since 1970
   */
  startOf(catalog: string, readAt: number): Promise<number> {
    return this.#transaction(async (client) => {
      await client.query(
        `INSERT INTO ${this.#catalogs} (catalog, after)
         SELECT $1, coalesce(max(sequence), 0) FROM ${this.#table} WHERE at < to_timestamp($2::float8 / 1000)
         ON CONFLICT DO NOTHING`,
        [catalog, readAt],
      );
      const { rows } = await client.query<{ after: string }>(
        `SELECT after FROM ${this.#catalogs} WHERE catalog = $1`,
        [catalog],
      );
      return Number(rows[0].after);
    });
  }

  /** A connection of its own, to be told of insertions by (`CHANNEL`); the caller ends it. */
  async connect(): Promise<Client> {
    const client = new this.pg.Client(this.settings);
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      throw this.refused(error);
    }
  }

  /** The next rows after a number, in their order; none at the end. */
  async rows(client: Client, after: number): Promise<ChangeRow[]> {
    const { rows } = await client.query<{ sequence: string; at: number; change: string }>(
      `SELECT sequence, extract(epoch FROM at)::float8 * 1000 AS at, change::text AS change
       FROM ${this.#table} WHERE sequence > $1 ORDER BY sequence LIMIT ${BATCH}`,
      [after],
    );
    return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
  }

  /** Waits for insertions under way. */
  close(): Promise<void> {
    return this.pool.end();
  }

  /** An error of the database as one line that names it. */
  refused(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof ChangesError) return error;
    const { code = '' } = error as NodeJS.ErrnoException;
    const reason = error.message || code || error.name;
    return new ChangesError(`${this.name}: ${reason.split('\n')[0]}`, { cause: error });
  }

  async #transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    let client: PoolClient | undefined;
    try {
      client = await this.pool.connect();
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      // Not given back: a transaction may be open.
      client?.release(true);
      throw this.refused(error);
    }
  }

  /** Makes what is missing; where all is there, no right to make tables is needed. */
  #create(table: string): Promise<void> {
    return this.#transaction(async (client) => {
      const { rows } = await client.query<{ found: boolean }>(
        'SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS found',
        [this.#table, this.#catalogs],
      );
      if (rows[0].found) return;
      // Services that start together would otherwise make it together.
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [CHANNEL]);
      await client.query(tableDefinition(table));
    });
  }
}

/** The statements that make a table of changes, once or again. */
export function tableDefinition(name: string): string {
  const [table, catalogs, numbers, number, notify] = ['', '_catalogs', '_numbers', '_number', '_notify'].map(
    (suffix) => quoted(`${name}${suffix}`),
  );
  return `
CREATE TABLE IF NOT EXISTS ${table} (
  sequence bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  change json NOT NULL
);
CREATE TABLE IF NOT EXISTS ${catalogs} (
  catalog text PRIMARY KEY,
  after bigint NOT NULL
);
CREATE SEQUENCE IF NOT EXISTS ${numbers} OWNED BY ${table}.sequence;
CREATE OR REPLACE FUNCTION ${number}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Held until the transaction ends: whoever inserts next gets a higher number, and sees this one.
  PERFORM pg_advisory_xact_lock(TG_RELID::int, 0);
  NEW.sequence := nextval('${numbers.replaceAll("'", "''")}');
  NEW.at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION ${notify}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY ${CHANNEL};
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS number ON ${table};
CREATE TRIGGER number BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${number}();
DROP TRIGGER IF EXISTS notify ON ${table};
CREATE TRIGGER notify AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION ${notify}();
`;
}

/** With the suffixes, names of PostgreSQL have at most 63 characters. */
const TABLE = /^(?:[a-z_]\w{0,47}\.)?[a-z_]\w{0,47}$/i;

function parseAddress(address: string): { url: string; table: string; name: string } {
  const isUrl = /^postgres(?:ql)?:\/\/./i.test(address) && URL.canParse(address);
  if (!isUrl)
    throw new InputError(`is "${address.replace(/\/\/.*@/s, '//')}"; write it like ${EXPECTED}`, {
      field: '--changes',
    });
  const url = new URL(address);
  const table = url.searchParams.get('table') || 'r4t_changes';
  if (!TABLE.test(table))
    throw new InputError(`names the table "${table}"; expected a name of at most 48 letters, digits and _`, {
      field: '--changes',
    });
  url.searchParams.delete('table');
  const shown = new URL(url);
  shown.password = '';
  shown.search = '';
  shown.searchParams.set('table', table);
  return { url: url.href, table, name: shown.href };
}
