import { extname } from 'node:path';
import { InputError } from '../errors.js';
import type { QueryRecord } from './item.js';
import { type ReadOptions, readLines } from './lines.js';
import { normalizeKey } from './normalizeKey.js';
import { type RecordLine, readRecords } from './records.js';
import { readSplit } from './split.js';
import { validateQuery } from './validateQuery.js';

export { MAX_QUERY_LENGTH, validateQuery } from './validateQuery.js';

/**
 * Reads open-ended queries: records with `query` and perhaps `split` (see `readRecords`), or a `.txt` file with one
 * query a line. Queries which differ only in case and white space are the same; the first is kept. One without a split
 * gets it by `splitOf`.
 *
 * @throws InputError naming file, line and field
 */
export async function loadQueries(file: string, options: ReadOptions = {}): Promise<QueryRecord[]> {
  const seen = new Set<string>();
  const queries: QueryRecord[] = [];
  const records =
    extname(file).toLowerCase() === '.txt' ? textRecords(file, options) : readRecords(file, options);
  for await (const { record, line } of records) {
    if (record.query === undefined) {
      throw new InputError(
        `is missing, the record has ${Object.keys(record).join(', ')}; give every line a query`,
        {
          file,
          line,
          field: 'query',
        },
      );
    }
    const query = validateQuery(record.query, { file, line });
    const key = normalizeKey(query);
    if (seen.has(key)) continue;
    seen.add(key);
    queries.push({ query, items: [], split: readSplit(record.split, key, { file, line }) });
  }
  if (queries.length === 0) throw new InputError('has no queries', { file });
  return queries;
}

async function* textRecords(file: string, options: ReadOptions): AsyncGenerator<RecordLine> {
  for await (const { text, line } of readLines(file, options)) {
    if (text.trim() !== '') yield { record: { query: text }, line };
  }
}
