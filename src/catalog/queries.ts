import { extname } from 'node:path';
import { InputError } from '../errors.js';
import { cleanRecord } from './cleanRecord.js';
import type { QueryRecord } from './item.js';
import { readLines } from './lines.js';
import { normalizeKey } from './normalizeKey.js';
import { checkQueryColumn, queryColumn } from './queryColumn.js';
import type { ReadOptions } from './readOptions.js';
import { type RecordLine, readRecords } from './records.js';
import { RowLog } from './rowLog.js';
import type { LoadQueriesOptions } from './sets.js';
import { giveTraining, readSplit } from './split.js';
import { validateQuery } from './validateQuery.js';

export { MAX_QUERY_LENGTH, validateQuery } from './validateQuery.js';

/**
 * Reads open-ended queries: records with `query` and perhaps `split` (see `readRecords`), or a `.txt` file with one
 * query a line. Queries which differ only in case and white space are the same; the first is kept. One without a split
 * gets it by `splitOf`. Bad lines are passed over and counted.
 *
 * @throws InputError naming file, line and field: no query is left, no field is one; with `strict` the first bad line
 */
export async function loadQueries(file: string, options: LoadQueriesOptions = {}): Promise<QueryRecord[]> {
  const { signal, encoding, strict, onReport } = options;
  const log = new RowLog(strict);
  const seen = new Set<string>();
  const queries: (QueryRecord & { hasSplit: boolean })[] = [];
  const reading = { signal, encoding, ...log.options };
  const isText = extname(file).toLowerCase() === '.txt';
  let rows = 0;
  let column: string | undefined;
  for await (const { record: raw, line } of isText
    ? textRecords(file, reading)
    : readRecords(file, reading)) {
    const record = cleanRecord(raw);
    if (rows++ === 0) {
      const columns = Object.keys(record);
      checkQueryColumn(record, options.query, file);
      column = queryColumn(record, options.query) ?? (columns.length === 1 ? columns[0] : undefined);
      if (column === undefined) {
        const problem = `is missing, the record has ${columns.join(', ')}; name the one with the queries by catalog.query, e.g. {"catalog": {"query": ${JSON.stringify(columns[0])}}}`;
        throw new InputError(problem, { file, line, field: 'query' });
      }
      if (column !== 'query') log.note(`queries are in "${column}"`);
    }
    try {
      const query = validateQuery(record[column ?? 'query'] ?? '', { file, line, field: column });
      const key = normalizeKey(query);
      const split = readSplit(record.split, key, { file, line });
      if (seen.has(key)) continue;
      seen.add(key);
      queries.push({ query, items: [], split, hasSplit: (record.split ?? '') !== '' });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      log.skip(error);
    }
  }
  if (queries.length === 0) throw log.cause ?? new InputError('has no queries', { file });
  onReport?.({ source: file, rows: rows + log.skippedUnread, skipped: log.skipped, notes: log.notes });
  return giveTraining(queries);
}

async function* textRecords(file: string, options: ReadOptions): AsyncGenerator<RecordLine> {
  for await (const { text, line } of readLines(file, options)) {
    if (text.trim() !== '') yield { record: { query: text }, line };
  }
}
