import { createReadStream } from 'node:fs';
import { InputError } from '../errors.js';
import { checkInputFile, readError } from '../inputFile.js';

/** How a file is read; what every reader in this folder accepts. */
export interface ReadOptions {
  /** Stops the reading; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told now and then which share of the file has been read, 0..1. */
  readonly onRead?: (fraction: number) => void;
}

export interface Line {
  readonly text: string;
  /** Line number, from 1. */
  readonly line: number;
}

/**
 * The text of a UTF-8 file, streamed in pieces; a byte order mark is dropped.
 *
 * @param line tells how many lines have been seen, for the error message
 * @throws InputError if the file cannot be read or is not UTF-8
 */
export async function* readText(
  file: string,
  { signal, onRead }: ReadOptions,
  line: () => number,
): AsyncGenerator<string> {
  const size = await checkInputFile(file);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;

  const decode = (chunk?: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      const problem = `is not UTF-8 text after line ${line()}; convert it to UTF-8`;
      throw new InputError(problem, { file }, { cause });
    }
  };

  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      yield decode(chunk);
      bytes += chunk.length;
      onRead?.(bytes / size);
    }
  } catch (error) {
    throw readError(error, file);
  }
  signal?.throwIfAborted();
  yield decode();
}

/**
 * The lines of a UTF-8 text file, streamed; a line ends with `\n` or `\r\n`, and a byte order mark is dropped.
 * (node:readline would also break a line at U+2028, which a JSON string may contain.)
 *
 * @throws InputError if the file cannot be read or is not UTF-8
 */
export async function* readLines(file: string, options: ReadOptions = {}): AsyncGenerator<Line> {
  let line = 0;
  let rest = '';
  for await (const chunk of readText(file, options, () => line)) {
    const text = rest + chunk;
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield {
        text: text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end),
        line: ++line,
      };
      start = end + 1;
    }
    rest = text.slice(start);
  }
  if (rest !== '') yield { text: rest.endsWith('\r') ? rest.slice(0, -1) : rest, line: line + 1 };
}
