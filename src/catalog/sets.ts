import { InputError, type InputLocation } from '../errors.js';
import type { Catalog } from './catalog.js';
import { cleanRecord, type PlainRecord } from './cleanRecord.js';
import { readId } from './ids.js';
import type { Split } from './item.js';
import { checkQueryColumn, queryColumn } from './queryColumn.js';
import type { ReadOptions } from './readOptions.js';
import { readRecords } from './records.js';
import { RowLog, type SkippedRows } from './rowLog.js';
import { giveTraining, readSplit } from './split.js';
import { fieldText } from './template.js';
import { validateQuery } from './validateQuery.js';

/** A reference set: items somebody put together, with or without the query it answers. */
export interface SetRecord {
  /** The record's `id` or `outfit`. */
  readonly id?: string;
  readonly query?: string;
  /** What its maker calls it. */
  readonly title?: string;
  /** Row numbers in the catalog, each once, in the order of the file. */
  readonly items: readonly number[];
  readonly split: Split;
}

/** What became of the lines of a file of queries or sets. */
export interface QueryReport {
  readonly source: string;
  readonly rows: number;
  readonly skipped: SkippedRows;
  /** How the file was understood, in words. */
  readonly notes: readonly string[];
  /** Items of sets that the catalog does not have (any more), and the first of them. */
  readonly retired?: { readonly count: number; readonly first: readonly string[] };
}

export interface LoadQueriesOptions extends Pick<ReadOptions, 'signal' | 'encoding'> {
  /** Stop at the first bad line, or item that is not in the catalog, instead of passing it over. */
  readonly strict?: boolean;
  /** The field of the query [`query`, else one of that sort]. */
  readonly query?: string;
  readonly onReport?: (report: QueryReport) => void;
}

/** Retired ids that are shown. */
const SHOWN = 3;

/**
 * Reads reference sets: records with `items` (a list of item ids; in CSV separated by `|`) and perhaps `query`, `id` (or
 * `outfit`), `title` and `split`. A set without a split gets it by `splitOf` its query, else its id, else its items. Items that the
 * catalog does not have are left out and counted, as are sets without any other.
 *
 * @throws InputError naming file, line and field: no set is left; with `strict` the first bad line: no items, an item which is not in
 *   the catalog, a bad query or split
 */
export async function loadSets(
  file: string,
  catalog: Pick<Catalog, 'rowOf'>,
  options: LoadQueriesOptions = {},
): Promise<SetRecord[]> {
  const { signal, encoding, strict, onReport } = options;
  const log = new RowLog(strict);
  const retired: string[] = [];
  const sets: (SetRecord & { hasSplit: boolean })[] = [];
  let rows = 0;
  let column: string | undefined;
  for await (const { record: raw, line } of readRecords(file, { signal, encoding, ...log.options })) {
    const record = cleanRecord(raw);
    if (rows++ === 0) checkQueryColumn(record, options.query, file);
    // Not every set has a query, and a text beside it is none.
    if (column === undefined) {
      const found = queryColumn(record, options.query);
      if (options.query !== undefined || /query|search/i.test(found ?? '')) column = found;
      if (column !== undefined && column !== 'query') log.note(`queries are in "${column}"`);
    }
    try {
      sets.push(readSet(record, { file, line }));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      log.skip(error);
    }
  }

  function readSet(record: PlainRecord, location: { file: string; line: number }): (typeof sets)[number] {
    const field = 'items';
    const ids = readIds(record, location);
    const known = ids.filter((id) => catalog.rowOf.has(id));
    const unknown = ids.filter((id) => !catalog.rowOf.has(id));
    if (strict && unknown.length > 0) {
      throw new InputError(`"${unknown[0]}" is not in the catalog; drop it or add the item`, {
        ...location,
        field,
      });
    }
    retired.push(...unknown);
    if (known.length === 0)
      throw new InputError(`has no item of the catalog, only ${unknown[0]}`, { ...location, field });
    const asked = column === undefined ? undefined : record[column];
    const query = asked === undefined || asked === null ? undefined : validateQuery(asked, location);
    const name = record.id === undefined ? 'outfit' : 'id';
    const id = record[name] === undefined ? undefined : readId(record[name], { ...location, field: name });
    const title = fieldText(record.title);
    return {
      ...(id !== undefined && { id }),
      ...(query !== undefined && { query }),
      ...(title !== '' && { title }),
      items: [...new Set(known.map((item) => catalog.rowOf.get(item)!))],
      split: readSplit(record.split, query ?? id ?? ids.join('|'), location),
      hasSplit: fieldText(record.split) !== '',
    };
  }

  if (sets.length === 0) {
    const ids = [...catalog.rowOf.keys()].slice(0, SHOWN).join(', ');
    if (retired.length > 0) {
      const problem = `none of its items is in the catalog: it has ${retired.slice(0, SHOWN).join(', ')}, the catalog ${ids}; name the same ids, see catalog.id`;
      throw new InputError(problem, { file, field: 'items' });
    }
    throw log.cause ?? new InputError('has no sets', { file });
  }
  onReport?.({
    source: file,
    rows: rows + log.skippedUnread,
    skipped: log.skipped,
    notes: log.notes,
    ...(retired.length > 0 && {
      retired: { count: retired.length, first: [...new Set(retired)].slice(0, SHOWN) },
    }),
  });
  return giveTraining(sets);
}

function readIds(record: PlainRecord, at: InputLocation): string[] {
  const location = { file: at.file ?? '', line: at.line ?? 0, field: 'items' };
  const { items } = record;
  const list = typeof items === 'string' ? items.split('|').filter((id) => id.trim() !== '') : items;
  if (!Array.isArray(list)) {
    throw new InputError(
      `${items === undefined ? 'is missing' : 'is no list'}; give every set a list of item ids`,
      location,
    );
  }
  if (list.length === 0) throw new InputError('is empty; give the set items or drop the line', location);
  return list.map((id) => readId(id, location));
}
