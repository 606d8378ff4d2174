import { extname } from 'node:path';
import { InputError } from '../errors.js';
import { firstBytes } from './bytes.js';
import { readDelimited } from './delimited.js';
import { readJson } from './json.js';
import { readText } from './lines.js';
import { readParquet } from './parquet.js';
import type { ReadOptions } from './readOptions.js';

/** One record of a data file: field names to values. */
export type DataRecord = Readonly<Record<string, unknown>>;

export interface RecordLine {
  readonly record: DataRecord;
  /** Line number in the file, from 1; the row number for Parquet and databases. */
  readonly line: number;
}

type Format = 'json' | 'commas' | 'tabs' | 'parquet' | 'unknown';

const FORMATS: Readonly<Record<string, Format>> = {
  '.jsonl': 'json',
  '.ndjson': 'json',
  '.json': 'json',
  '.csv': 'commas',
  '.tsv': 'tabs',
  '.tab': 'tabs',
  '.parquet': 'parquet',
  '.txt': 'unknown',
  '': 'unknown',
};

/** What to do about other files that catalogs come as. */
const REMEDIES: Readonly<Record<string, string>> = {
  '.xlsx': 'save the sheet as CSV UTF-8',
  '.xls': 'save the sheet as CSV UTF-8',
  '.ods': 'save the sheet as CSV',
  '.zip': 'unpack it',
  '.bz2': 'unpack it, or pack it by gzip',
  '.zst': 'unpack it, or pack it by gzip',
};

/** The format that a file's name says; undefined for a name that says another one. */
export function formatOf(file: string): Format | undefined {
  const extension = extname(file.replace(/\.gz$/i, '')).toLowerCase();
  return FORMATS[extension];
}

/**
 * Streams the records of a data file; its extension says the format, and `.gz` after it is no other:
 * - `.jsonl`, `.ndjson`, `.json`: JSON objects, one a line, as an array or inside one document
 * - `.csv`, `.tsv`: a header line with the field names, which also tells the delimiter; every value is a string
 * - `.parquet`: one row group in memory at a time; 64-bit integers become numbers where no digit is lost
 * - `.txt` and none: what its beginning looks like
 *
 * @throws InputError if the file cannot be read or has another extension; for a malformed record, unless `onBad` takes it
 *
 * @example
 * for await (const { record, line } of readRecords('catalog.jsonl')) console.log(line, record.title);
 */
export async function* readRecords(file: string, options: ReadOptions = {}): AsyncGenerator<RecordLine> {
  let format = formatOf(file);
  if (format === undefined) {
    const extension = extname(file).toLowerCase();
    const remedy = REMEDIES[extension];
    if (remedy !== undefined) throw new InputError(`is ${extension.slice(1)}; ${remedy}`, { file });
    const known = Object.keys(FORMATS).filter((name) => name !== '');
    const problem = `has the unknown extension ${extension}; expected one of ${known.join(' ')}, or these with .gz`;
    throw new InputError(problem, { file });
  }
  if (format === 'unknown') format = await guessFormat(file, options);
  if (format === 'json') return yield* readJson(file, options);
  if (format === 'parquet') return yield* readParquet(file, options);
  yield* readDelimited(file, { ...options, preferred: format === 'tabs' ? '\t' : ',' });
}

async function guessFormat(file: string, options: ReadOptions): Promise<Format> {
  if ((await firstBytes(file, 4)).toString('latin1') === 'PAR1') return 'parquet';
  const { onRead: _, onNote: __, ...silent } = options;
  for await (const text of readText(file, silent, () => 0)) {
    if (text.trim() !== '') return /^\s*[[{]/.test(text) ? 'json' : 'commas';
  }
  return 'commas';
}
