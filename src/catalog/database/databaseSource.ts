/** Catalogs in databases: PostgreSQL through `pg`, everything that DuckDB reads through `@duckdb/node-api`; both are optional. */
import { InputError } from '../../errors.js';
import { plain } from '../parquet.js';
import type { CatalogSource } from '../source.js';
import { duckdbRows } from './duckdb.js';
import { postgresRows } from './postgres.js';
import { RowHash } from './rowHash.js';
import type { Rows, Selection } from './sql.js';

/**
 * The database that a name means; undefined for a path.
 * - `postgres://user@host/db?table=products` or `?query=SELECT ...`
 * - `duckdb:shop.duckdb?table=products`, also of a SQLite file; `duckdb:SELECT * FROM 'parts/*.csv'`
 * - `s3://bucket/items/*.parquet`, `https://...`: what DuckDB reads of it
 *
 * @throws InputError for a name of that form that is malformed
 */
export function databaseSource(name: string): CatalogSource | undefined {
  if (/^postgres(?:ql)?:\/\//i.test(name)) {
    const { url, shown, selection } = parsePostgres(name);
    return source(shown, postgresRows(url, selection));
  }
  if (/^duckdb:/i.test(name)) {
    const rest = name.slice('duckdb:'.length).trim();
    if (/^(?:select|from|with|create|install|load|attach|set)\b/i.test(rest))
      return source(name, duckdbRows({ query: rest }));
    const [, file = '', search = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(rest) ?? [];
    return source(
      name,
      duckdbRows(selectionOf(new URLSearchParams(search), name), file === '' ? undefined : file),
    );
  }
  if (/^(?:s3|s3a|gs|gcs|r2|az|azure|abfss|hf|https?):\/\//i.test(name)) {
    return source(
      withoutSecrets(name),
      duckdbRows({ query: `SELECT * FROM '${name.replaceAll("'", "''")}'` }),
    );
  }
  if (/\.(?:db|duckdb|sqlite3?)$/i.test(name)) {
    throw new InputError(`is a database; write "duckdb:${name}?table=<table>"`, { file: name });
  }
  return undefined;
}

function parsePostgres(name: string): { url: string; shown: string; selection: Selection } {
  let url: URL;
  try {
    url = new URL(name);
  } catch (cause) {
    const problem =
      'is no address of a database; write it like postgres://user:password@host:5432/database?table=products';
    throw new InputError(problem, { file: name.replace(/\/\/.*@/s, '//') }, { cause });
  }
  const selection = selectionOf(url.searchParams, withoutSecrets(name));
  url.searchParams.delete('table');
  url.searchParams.delete('query');
  return { url: url.href, shown: withoutSecrets(name), selection };
}

/** Passwords and signatures are shown nowhere, and stored in no run. */
function withoutSecrets(name: string): string {
  const url = new URL(name);
  url.password = '';
  for (const key of [...url.searchParams.keys()]) {
    if (!['table', 'query'].includes(key)) url.searchParams.delete(key);
  }
  return url.href;
}

function selectionOf(search: URLSearchParams, file: string): Selection {
  const [table, query] = ['table', 'query'].map((key) => search.get(key)?.trim() || undefined);
  if (table !== undefined && query !== undefined) {
    throw new InputError('names a table and a query; leave one of them out', { file });
  }
  return { table, query };
}

function source(name: string, rows: Rows): CatalogSource {
  let hash = new RowHash();
  return {
    name,
    async *records({ signal, onRead }) {
      hash = new RowHash();
      let line = 0;
      let total = 0;
      const onTotal = (count: number) => {
        total = count;
      };
      try {
        for await (const row of rows({ signal, onTotal })) {
          signal?.throwIfAborted();
          const record = plain(row) as Record<string, unknown>;
          hash.add(record);
          yield { record, line: ++line, file: name };
          if (line % 1000 === 0 && total > 0) onRead?.(line / total);
        }
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof InputError) || error.file !== undefined) throw error;
        throw new InputError(error.message, { file: name }, { cause: error });
      }
    },
    fingerprint: async () => ({ file: name, sha256: hash.sha256 }),
  };
}
