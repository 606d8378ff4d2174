import { stat } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { InputError } from '../../errors.js';
import { readError } from '../../inputFile.js';
import { onlyTable, quoted, type Rows, type Selection } from './sql.js';

/**
 * The rows of a table or query of DuckDB, in pieces: of a database file of DuckDB, of SQLite or others that its extensions read, or,
 * without a file, of whatever the query names. Of several statements the last one is read.
 *
 * @throws InputError (when read) without the package `@duckdb/node-api`, or with DuckDB's own words
 */
export function duckdbRows({ table, query }: Selection, file?: string): Rows {
  return async function* ({ signal, onTotal }) {
    const { DuckDBInstance, DuckDBTypeId } = await library();
    if (file !== undefined) await checkFile(file);
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      if (file !== undefined) {
        await connection.run(`ATTACH '${file.replaceAll("'", "''")}' AS source (READ_ONLY); USE source`);
      }
      const sql = query ?? `SELECT * FROM ${quoted(table ?? onlyTable(await tablesOf(connection)))}`;
      const statements = await connection.extractStatements(sql);
      if (statements.count === 1) onTotal?.(await count(connection, sql));
      for (let i = 0; i < statements.count - 1; i++) await (await statements.prepare(i)).run();
      const result = await (await statements.prepare(statements.count - 1)).stream();
      const days = result.columnNames().filter((_, i) => result.columnTypeId(i) === DuckDBTypeId.DATE);
      for await (const rows of result.yieldRowObjectJs()) {
        signal?.throwIfAborted();
        for (const row of rows) {
          // A date is a day, not its first millisecond.
          for (const name of days) {
            const day = row[name];
            if (day instanceof Date && !Number.isNaN(day.getTime()))
              row[name] = day.toISOString().slice(0, 10);
          }
          yield row;
        }
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw refused(error);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  };
}

async function count(connection: DuckDBConnection, sql: string): Promise<number> {
  const rows = await connection.runAndReadAll(`SELECT count(*) FROM (${sql.replace(/;\s*$/, '')})`);
  return Number(rows.getRows()[0][0]);
}

async function library(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    throw new InputError('needs the package @duckdb/node-api; npm install @duckdb/node-api', {}, { cause });
  }
}

/** DuckDB would not say it so plainly. */
async function checkFile(file: string): Promise<void> {
  try {
    await stat(file);
  } catch (error) {
    throw readError(error, file);
  }
}

function refused(error: unknown): unknown {
  if (error instanceof InputError || !(error instanceof Error)) return error;
  const [first] = error.message.split('\n');
  return new InputError(`DuckDB refuses: ${first}`, {}, { cause: error });
}

async function tablesOf(connection: DuckDBConnection): Promise<string[]> {
  const reader = await connection.runAndReadAll(
    "SELECT table_name FROM duckdb_tables() WHERE database_name = 'source' UNION SELECT view_name FROM duckdb_views() WHERE database_name = 'source' AND NOT internal ORDER BY 1",
  );
  return reader.getRows().map(([name]) => String(name));
}
