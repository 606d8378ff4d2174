import { extname } from 'node:path';
import { InputError } from '../errors.js';
import { readCsv } from './csv.js';
import { type ReadOptions, readLines } from './lines.js';
import { readParquet } from './parquet.js';

/** One record of a data file: field names to values. */
export type DataRecord = Readonly<Record<string, unknown>>;

export interface RecordLine {
  readonly record: DataRecord;
  /** Line number in the file, from 1; the row number for Parquet. */
  readonly line: number;
}

/** The extensions `readRecords` knows. */
const RECORD_EXTENSIONS = ['.jsonl', '.ndjson', '.json', '.csv', '.tsv', '.parquet'] as const;

/**
 * Streams the records of a data file; its extension says the format:
 * - `.jsonl`, `.ndjson`, `.json`: one JSON object a line; blank lines are skipped
 * - `.csv`, `.tsv`: a header line with the field names; every value is a string
 * - `.parquet`: one row group in memory at a time; 64-bit integers become numbers
 *
 * @throws InputError if the file cannot be read, has another extension or is malformed
 *
 * @example
 * for await (const { record, line } of readRecords('catalog.jsonl')) console.log(line, record.title);
 */
export async function* readRecords(file: string, options: ReadOptions = {}): AsyncGenerator<RecordLine> {
  const extension = extname(file).toLowerCase();
  switch (extension) {
    case '.jsonl':
    case '.ndjson':
    case '.json':
      return yield* readJsonLines(file, options);
    case '.csv':
      return yield* readCsv(file, { ...options, delimiter: ',' });
    case '.tsv':
      return yield* readCsv(file, { ...options, delimiter: '\t' });
    case '.parquet':
      return yield* readParquet(file, options);
    default:
      throw new InputError(
        `has ${extension === '' ? 'no extension' : `the unknown extension ${extension}`}; expected one of ${RECORD_EXTENSIONS.join(' ')}`,
        { file },
      );
  }
}

async function* readJsonLines(file: string, options: ReadOptions): AsyncGenerator<RecordLine> {
  for await (const { text, line } of readLines(file, options)) {
    if (text.trim() !== '') yield { record: parseObject(text, file, line), line };
  }
}

function parseObject(text: string, file: string, line: number): DataRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const hint =
      line === 1 && /^\s*[[{]\s*$/.test(text)
        ? 'write one object a line, not one document over many lines'
        : `got ${excerpt(text)}`;
    throw new InputError(
      `is not valid JSON; expected one JSON object a line, ${hint}`,
      { file, line },
      { cause },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`expected one JSON object a line, got ${excerpt(text)}`, { file, line });
  }
  return value as DataRecord;
}

/** The beginning of a text, fit for an error message. */
export function excerpt(text: string, length = 40): string {
  const short = text.trim();
  return JSON.stringify(short.length > length ? `${short.slice(0, length)}…` : short);
}
