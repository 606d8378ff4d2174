import type { Client } from 'pg';
import { InputError } from '../../errors.js';
import { parseJson } from '../parseJson.js';
import { onlyTable, quoted, type Rows, type Selection } from './sql.js';

/** Rows fetched at a time: what is in memory of a table of any size. */
const BATCH = 1000;

/**
 * The rows of a table or query of PostgreSQL, by a cursor.
 *
 * @throws InputError (when read) without the package `pg`, a connection, or such a table
 */
export function postgresRows(url: string, { table, query }: Selection): Rows {
  return async function* ({ signal, onTotal }) {
    const client = await connect(url);
    const stop = () => void client.end();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await client.query('BEGIN READ ONLY');
      const sql =
        query?.replace(/;\s*$/, '') ?? `SELECT * FROM ${quoted(table ?? onlyTable(await tablesOf(client)))}`;
      const { rows: counted } = await client.query<{ count: string }>(`SELECT count(*) FROM (${sql}) AS r4t`);
      onTotal?.(Number(counted[0].count));
      await client.query(`DECLARE r4t_catalog NO SCROLL CURSOR FOR ${sql}`);
      for (;;) {
        signal?.throwIfAborted();
        const { rows } = await client.query({
          text: `FETCH ${BATCH} FROM r4t_catalog`,
          types: { getTypeParser },
        });
        yield* rows as Record<string, unknown>[];
        if (rows.length < BATCH) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw refused(error);
    } finally {
      signal?.removeEventListener('abort', stop);
      await client.end().catch(() => {});
    }
  };
}

async function connect(connectionString: string): Promise<Client> {
  let pg: typeof import('pg');
  try {
    pg = await import('pg');
  } catch (cause) {
    throw new InputError('needs the package pg; npm install pg', {}, { cause });
  }
  const client = new pg.default.Client({ connectionString, application_name: 'r4t' });
  // A connection that breaks later rejects the query at work.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw refused(cause, 'cannot be reached or refuses the user');
  }
  return client;
}

function refused(error: unknown, what = 'refuses'): unknown {
  if (error instanceof InputError || !(error instanceof Error)) return error;
  const reason = error.message || (error as NodeJS.ErrnoException).code || error.name;
  return new InputError(`${what}: ${reason}`, {}, { cause: error });
}

async function tablesOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT CASE WHEN table_schema = 'public' THEN table_name ELSE table_schema || '.' || table_name END AS name
     FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Numbers of types by `pg_type.oid`, which are the same everywhere. */
const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  json: 114,
  float4: 700,
  float8: 701,
  timestamptz: 1184,
  numeric: 1700,
  jsonb: 3802,
};
const TEXT_ARRAYS = new Set([1009, 1015, 1002]);
const NUMBER_ARRAYS = new Set([1005, 1007, 1016, 1021, 1022, 1231]);

/** Dates stay as they are written, for the `Date` of the machine's time zone may be the day before; numbers lose no digits. */
function getTypeParser(oid: number): (text: string) => unknown {
  switch (oid) {
    case OID.int2:
    case OID.int4:
    case OID.float4:
    case OID.float8:
      return Number;
    case OID.int8:
    case OID.numeric:
      return exactNumber;
    case OID.bool:
      return (text) => text === 't';
    case OID.json:
    case OID.jsonb:
      return parseJson;
    case OID.bytea:
      return (text) => Buffer.from(text.slice(2), 'hex');
    case OID.timestamptz:
      return (text) => instant(text);
    default:
      if (TEXT_ARRAYS.has(oid)) return (text) => members(text);
      if (NUMBER_ARRAYS.has(oid))
        return (text) => members(text).map((member) => member && exactNumber(member));
      return (text) => text;
  }
}

/** A number where it is written out the same again, but for zeros at its end; else its digits. */
function exactNumber(text: string): number | string {
  const number = Number(text);
  const shortest = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return String(number) === shortest || shortest === '-0' ? number : text;
}

/** `2024-01-05 23:30:00+01` -> ISO 8601. */
function instant(text: string): string {
  const date = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

/** The members of a flat array, `{a,"b, c",NULL}`. */
function members(text: string): (string | null)[] {
  return Array.from(text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g), ([, quotedPart, bare]) =>
    quotedPart === undefined ? (bare === 'NULL' ? null : bare) : quotedPart.replace(/\\(.)/g, '$1'),
  );
}
