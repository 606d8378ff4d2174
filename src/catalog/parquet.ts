import * as zlib from 'node:zlib';
import {
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { InputError } from '../errors.js';
import { checkInputFile } from '../inputFile.js';
import type { ReadOptions } from './lines.js';
import type { RecordLine } from './records.js';

/**
 * Streams a Parquet file, one row group in memory at a time. Uncompressed, Snappy, Gzip and Brotli files are read, and
 * Zstandard where Node.js has it. Values become plain data: integers numbers (a string where a number would lose
 * digits), dates ISO strings, lists arrays.
 *
 * @throws InputError if the file is not Parquet, is damaged or uses another compression
 */
export async function* readParquet(file: string, options: ReadOptions = {}): AsyncGenerator<RecordLine> {
  const { signal, onRead } = options;
  await checkInputFile(file);
  const buffer = await asyncBufferFromFile(file);
  let metadata: FileMetaData;
  try {
    metadata = await parquetMetadataAsync(buffer);
  } catch (cause) {
    throw new InputError('is not a Parquet file, or is damaged; write it again', { file }, { cause });
  }
  const total = Number(metadata.num_rows);
  let start = 0;
  for (const group of metadata.row_groups) {
    signal?.throwIfAborted();
    const end = start + Number(group.num_rows);
    let rows: Record<string, unknown>[];
    try {
      rows = await parquetReadObjects({ file: buffer, metadata, rowStart: start, rowEnd: end, compressors });
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

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

type Decompress = (input: Uint8Array) => Uint8Array;

const compressors: Compressors = {
  GZIP: zlib.gunzipSync as Decompress,
  BROTLI: zlib.brotliDecompressSync as Decompress,
};
if ('zstdDecompressSync' in zlib) compressors.ZSTD = zlib.zstdDecompressSync as Decompress;
