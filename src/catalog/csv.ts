import { createReadStream } from 'node:fs';
import { CsvError, type Info, parse } from 'csv-parse';
import { InputError } from '../errors.js';
import { checkInputFile, readError } from '../inputFile.js';
import type { ReadOptions } from './lines.js';
import type { RecordLine } from './records.js';

export interface CsvOptions extends ReadOptions {
  readonly delimiter: ',' | '\t';
}

/** Guards against an unclosed quote swallowing the file; a 4096-d vector written out is about 90,000 bytes. */
const MAX_RECORD_BYTES = 1 << 20;

/**
 * Streams a CSV or TSV file (RFC 4180, UTF-8) whose first line holds the field names. Values stay strings: an id
 * such as `007` must survive.
 *
 * @throws InputError for a bad header, a wrong number of values or broken quoting
 */
export async function* readCsv(file: string, options: CsvOptions): AsyncGenerator<RecordLine> {
  const { delimiter, signal, onRead } = options;
  const size = await checkInputFile(file);
  // The parser numbers lines by where a record ends; people look for where it begins.
  let lastLine = 0;
  let emptyLines = 0;
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
    columns: (header: string[]) => {
      lastLine = 1;
      return checkHeader(header, file);
    },
  });
  const input = createReadStream(file);
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: Info;
    }>) {
      signal?.throwIfAborted();
      const line = lastLine + (info.empty_lines - emptyLines) + 1;
      lastLine = info.lines;
      emptyLines = info.empty_lines;
      if (info.records % 1000 === 0) onRead?.(info.bytes / size);
      yield { record, line };
    }
  } catch (error) {
    throw error instanceof CsvError ? describe(error, file, lastLine + 1) : readError(error, file);
  } finally {
    input.destroy();
  }
}

function checkHeader(header: string[], file: string): string[] {
  const names = header.map((name) => name.trim());
  for (const [i, name] of names.entries()) {
    if (name === '') {
      throw new InputError(`column ${i + 1} has no name; give every column of the header line one`, {
        file,
        line: 1,
      });
    }
    if (names.indexOf(name) !== i) {
      throw new InputError('is in the header line twice; give every column its own name', {
        file,
        line: 1,
        field: name,
      });
    }
  }
  return names;
}

function describe(error: CsvError, file: string, recordLine: number): InputError {
  const details = error as CsvError & { lines?: number; record?: unknown[] };
  const options = { cause: error };
  switch (error.code) {
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
      return new InputError(
        `has ${details.record?.length ?? 'another number of'} values, unlike the header line; quote values that contain the delimiter`,
        { file, line: details.lines },
        options,
      );
    case 'CSV_QUOTE_NOT_CLOSED':
    case 'CSV_MAX_RECORD_SIZE':
      return new InputError(
        'opens a quote that is never closed, or is longer than 1 MB; close the quote, and write a quote inside a value twice ("")',
        { file, line: recordLine },
        options,
      );
    default:
      return new InputError(
        'has a quote inside a value; put the value in quotes and write the inner quote twice ("")',
        { file, line: details.lines },
        options,
      );
  }
}
