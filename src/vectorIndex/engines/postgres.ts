/** PostgreSQL with the extension pgvector, through the package `pg`. */
import type { Pool } from 'pg';
import { quoted } from '../../catalog/database/sql.js';
import { IndexError, InputError } from '../../errors.js';
import { row } from '../../matrix.js';
import { compileFilter, type Dialect } from './compileFilter.js';
import { APPROXIMATE_FROM, type SearchEngine, type WordHit } from './searchEngine.js';

export interface PostgresOptions {
  /** `postgres://user@host:5432/database`; a password in it is never shown. */
  readonly url: string;
  readonly table: string;
  readonly password?: string;
}

/** pgvector indexes no longer vectors. */
const MOST_INDEXED = 2000;

export async function postgresEngine({ url, table, password }: PostgresOptions): Promise<SearchEngine> {
  const address = new URL(url);
  if (password !== undefined) address.password = encodeURIComponent(password);
  const shown = new URL(url);
  shown.password = '';
  shown.searchParams.set('table', table);
  const name = shown.href;
  const pool = await openPool(address.href);
  const t = quoted(table);
  const index = quoted(`${table.replace(/^.*\./, '').replaceAll('"', '')}_vector`);

  async function query<R extends object = object>(text: string, values: unknown[] = []): Promise<R[]> {
    try {
      return (await pool.query<R>(text, values)).rows;
    } catch (error) {
      throw refused(name, error);
    }
  }

  const info: SearchEngine['info'] = async (version) => {
    const [found] = await query<{ dim: number }>(
      `SELECT atttypmod AS dim FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = 'vector'`,
      [t],
    );
    if (!found) return undefined;
    const [{ count }] = await query<{ count: string }>(
      `SELECT count(*) FROM ${t} WHERE $1::text IS NULL OR version = $1`,
      [version],
    );
    return { dim: found.dim, documents: Number(count), words: (await language()) !== undefined };
  };

  /** The text search configuration of the column with words, as it stands in its definition; undefined where there is none. */
  async function language(): Promise<string | undefined> {
    if (known !== undefined) return known;
    const [found] = await query<{ language: string }>(
      `SELECT substring(pg_get_expr(adbin, adrelid) FROM 'to_tsvector\\(''(.+)''::regconfig') AS language
       FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       WHERE attrelid = to_regclass($1) AND attname = 'words'`,
      [t],
    );
    known = found?.language;
    return known;
  }
  let known: string | undefined;

  /** Queries in one transaction that writes nothing, after what is set for it. */
  async function read<R extends object>(settings: readonly string[], text: string, values: unknown[]) {
    const client = await pool.connect().catch((error: unknown) => Promise.reject(refused(name, error)));
    try {
      await client.query('BEGIN READ ONLY');
      for (const setting of settings) await client.query(`SET LOCAL ${setting}`);
      const { rows } = await client.query<R>(text, values);
      await client.query('COMMIT');
      client.release();
      return rows;
    } catch (error) {
      // Not given back: a transaction may be open.
      client.release(true);
      throw refused(name, error);
    }
  }

  return {
    name,
    info,
    maxK: 100_000,
    batch: 500,
    async create({ dim, words }) {
      await query('CREATE EXTENSION IF NOT EXISTS vector');
      await query(`CREATE TABLE IF NOT EXISTS ${t} (id text PRIMARY KEY, vector vector(${dim}) NOT NULL, title text NOT NULL,
        text text NOT NULL, terms text[] NOT NULL, numbers jsonb NOT NULL, version text NOT NULL)`);
      await query(`CREATE INDEX IF NOT EXISTS ${index.replace(/"$/, '_terms"')} ON ${t} USING gin (terms)`);
      if (words === undefined) return;
      await query(`ALTER TABLE ${t} ADD COLUMN IF NOT EXISTS words tsvector
        GENERATED ALWAYS AS (to_tsvector('${words.replaceAll("'", "''")}', text)) STORED`);
      await query(`CREATE INDEX IF NOT EXISTS ${index.replace(/"$/, '_words"')} ON ${t} USING gin (words)`);
    },
    async upsert(documents) {
      const rows = documents.map(({ vector, ...rest }) => ({ ...rest, vector: `[${vector.join(',')}]` }));
      await query(
        `INSERT INTO ${t} (id, vector, title, text, terms, numbers, version)
         SELECT id, vector::vector, title, text, ARRAY(SELECT jsonb_array_elements_text(terms)), numbers, version
         FROM jsonb_to_recordset($1::jsonb)
           AS r(id text, vector text, title text, text text, terms jsonb, numbers jsonb, version text)
         ON CONFLICT (id) DO UPDATE SET vector = EXCLUDED.vector, title = EXCLUDED.title, text = EXCLUDED.text,
           terms = EXCLUDED.terms, numbers = EXCLUDED.numbers, version = EXCLUDED.version`,
        // JSON of PostgreSQL has no null character.
        [JSON.stringify(rows).replaceAll('\\u0000', '')],
      );
    },
    async remove(ids) {
      await query(`DELETE FROM ${t} WHERE id = ANY($1::text[])`, [ids]);
    },
    async removeOthers(version) {
      await query(`DELETE FROM ${t} WHERE version <> $1`, [version]);
    },
    async optimize() {
      const held = await info();
      if (held && held.documents >= APPROXIMATE_FROM && held.dim <= MOST_INDEXED)
        await query(`CREATE INDEX IF NOT EXISTS ${index} ON ${t} USING hnsw (vector vector_ip_ops)`);
      await query(`ANALYZE ${t}`);
    },
    async search(directions, { k, filter }) {
      const values: unknown[] = [
        Array.from({ length: directions.rows }, (_, i) => `[${row(directions, i).join(',')}]`),
        k,
      ];
      const passes = filter ? compileFilter(filter, DIALECT) : true;
      if (passes === false) return Array.from({ length: directions.rows }, () => []);
      const where = passes === true ? 'true' : passes((value) => `$${values.push(value)}`);
      // An index gives up after ef_search hits, of which a filter may let pass none, unless told to go on (pgvector 0.8).
      const settings = [
        `hnsw.ef_search = ${Math.min(1000, Math.max(40, 2 * k))}`,
        'hnsw.iterative_scan = strict_order',
      ];
      const rows = await read<{ ids: string[] }>(
        settings,
        `SELECT ARRAY(SELECT id FROM ${t} WHERE ${where} ORDER BY vector <#> q.v LIMIT $2) AS ids
         FROM unnest($1::text[]::vector[]) WITH ORDINALITY AS q(v, n) ORDER BY q.n`,
        values,
      );
      return rows.map(({ ids }) => ids);
    },
    async searchWords(texts, { k, filter }) {
      const values: unknown[] = [texts.map((text) => text.replaceAll('\0', ' ')), k, await language(), t];
      const passes = filter ? compileFilter(filter, DIALECT) : true;
      if (passes === false) return texts.map(() => []);
      const where = passes === true ? 'true' : passes((value) => `$${values.push(value)}`);
      // No ranking of PostgreSQL knows how rare a word is, so each is ranked alone and counts by its idf, as in BM25.
      const rows = await query<{ n: string; id: string; score: number }>(
        `WITH asked AS (
           SELECT q.n, ('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''')::tsquery AS word
           FROM unnest($1::text[]) WITH ORDINALITY AS q(text, n), unnest(to_tsvector($3::regconfig, q.text))
         ), weighed AS (
           SELECT word, ln(1 + (greatest(total, df) - df + 0.5) / (df + 0.5)) AS idf
           FROM (SELECT DISTINCT word FROM asked) AS each,
             LATERAL (SELECT count(*) AS df FROM ${t} WHERE words @@ word) AS held,
             (SELECT reltuples AS total FROM pg_class WHERE oid = to_regclass($4)) AS estimated
         )
         SELECT q.n, hit.id, hit.score
         FROM (SELECT DISTINCT n FROM asked) AS q, LATERAL (
           SELECT id, sum(idf * ts_rank(words, word, 1)) AS score
           FROM asked JOIN weighed USING (word) JOIN ${t} ON words @@ word
           WHERE asked.n = q.n AND ${where} GROUP BY id ORDER BY score DESC, id LIMIT $2
         ) AS hit ORDER BY q.n, hit.score DESC`,
        values,
      );
      const found = texts.map((): WordHit[] => []);
      for (const { n, id, score } of rows) found[Number(n) - 1].push({ id, score });
      return found;
    },
    async drop() {
      known = undefined;
      await query(`DROP TABLE IF EXISTS ${t}`);
    },
    close: () => (pool.ended ? Promise.resolve() : pool.end()),
  };
}

/** Values become parameters when what is left of the filter is written: a parameter that is nowhere would have no type. */
type Written = (parameter: (value: unknown) => string) => string;

const DIALECT: Dialect<Written> = {
  any: (terms) => (parameter) => `terms && ${parameter(terms)}::text[]`,
  range: (number, from, to) => (parameter) => {
    const at = `(numbers->>'${number}')::float8`;
    return `COALESCE(${at} BETWEEN ${parameter(from)}::float8 AND ${parameter(to)}::float8, false)`;
  },
  and: (parts) => (parameter) => `(${parts.map((part) => part(parameter)).join(' AND ')})`,
  or: (parts) => (parameter) => `(${parts.map((part) => part(parameter)).join(' OR ')})`,
  not: (part) => (parameter) => `NOT (${part(parameter)})`,
};

async function openPool(connectionString: string): Promise<Pool> {
  let pg: typeof import('pg');
  try {
    pg = await import('pg');
  } catch (cause) {
    throw new InputError('needs the package pg; npm install pg', { field: 'index' }, { cause });
  }
  // A run's searches come one after another.
  const pool = new pg.default.Pool({
    connectionString,
    application_name: 'r4t',
    max: 1,
    connectionTimeoutMillis: 10_000,
  });
  // A connection that breaks rejects the query at work, and is replaced at the next.
  pool.on('error', () => {});
  pool.on('connect', (client) => void client.on('error', () => {}));
  return pool;
}

function refused(name: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const reason = error.message || code || error.name;
  if (/expected \d+ dimensions/.test(reason))
    return new InputError(
      `${name} holds vectors of another length: ${reason}`,
      { field: 'index' },
      { cause: error },
    );
  return new IndexError(`${name}: ${reason.split('\n')[0]}`, { cause: error });
}
