import { InputError } from '../../errors.js';

/** What to read: a table (absent: the only one there is), or the rows of a query. */
export interface Selection {
  readonly table?: string;
  readonly query?: string;
}

export interface RowsOptions {
  readonly signal?: AbortSignal;
  /** Told how many rows there will be, where that is known. */
  readonly onTotal?: (rows: number) => void;
}

/** Opens a database, streams rows, closes it. */
export type Rows = (options: RowsOptions) => AsyncGenerator<Readonly<Record<string, unknown>>>;

/** @throws InputError naming the tables, unless there is one */
export function onlyTable(tables: readonly string[]): string {
  if (tables.length === 1) return tables[0];
  throw new InputError(
    tables.length === 0
      ? 'has no tables'
      : `has the tables ${tables.slice(0, 20).join(', ')}; name one: ?table=${tables[0]}`,
  );
}

/** A name as SQL wants it, `schema.table` by its parts; one that is quoted already stays. */
export const quoted = (name: string): string =>
  name.includes('"')
    ? name
    : name
        .split('.')
        .map((part) => `"${part}"`)
        .join('.');
