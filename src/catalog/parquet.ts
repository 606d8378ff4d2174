import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { InputError } from '../errors.js';
import { checkInputFile } from '../inputFile.js';
import type { ReadOptions } from './readOptions.js';
import type { RecordLine } from './records.js';

/**
 * Streams a Parquet file, one row group in memory at a time, whatever codec it was written with. Values become plain data: integers
 * numbers (a string where a number would lose digits), dates `2024-01-05`, timestamps ISO strings, lists arrays. Bytes stay bytes.
 *
 * @throws InputError if the file is not Parquet or is damaged
 */
export async function* readParquet(file: string, options: ReadOptions = {}): AsyncGenerator<RecordLine> {
  const { signal, onRead } = options;
  await checkInputFile(file);
  const buffer = await asyncBufferFromFile(file);
  const metadata = await metadataOf(buffer, file);
  const total = Number(metadata.num_rows);
  let start = 0;
  for (const group of metadata.row_groups) {
    signal?.throwIfAborted();
    const end = start + Number(group.num_rows);
    let rows: Record<string, unknown>[];
    try {
      const range = { rowStart: start, rowEnd: end };
      rows = await parquetReadObjects({ file: buffer, metadata, ...range, compressors, parsers });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(
        `rows ${start + 1}-${end} cannot be read (${reason}); write the file again, e.g. with Snappy compression`,
        { file },
        { cause },
      );
    }
    for (const [i, row] of rows.entries()) {
      signal?.throwIfAborted();
      yield { record: plain(row) as Record<string, unknown>, line: start + i + 1 };
    }
    start = end;
    onRead?.(start / total);
  }
}

async function metadataOf(buffer: AsyncBuffer, file: string): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(buffer);
  } catch (cause) {
    throw new InputError('is not a Parquet file, or is damaged; write it again', { file }, { cause });
  }
}

const DAY = 86_400_000;
/** A date is a day, not its first millisecond. */
const parsers = {
  dateFromDays: (days: number) => new Date(days * DAY).toISOString().slice(0, 10),
};

/** A value of a table as plain data, such as JSON has it; bytes stay bytes. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
