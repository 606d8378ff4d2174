import { readBytes } from './bytes.js';
import { type TextDecoding, textDecoding } from './decoding.js';
import type { ReadOptions } from './readOptions.js';

export type { ReadOptions } from './readOptions.js';

export interface Line {
  readonly text: string;
  /** Line number, from 1. */
  readonly line: number;
  /** Whether the line has bytes that could not be decoded. */
  readonly isDamaged?: true;
}

/**
 * The text of a file, streamed in pieces; a byte order mark is dropped.
 *
 * @param line tells how many lines have been seen, for the error message
 * @throws InputError if the file cannot be read or decoded
 */
export async function* readText(
  file: string,
  options: ReadOptions,
  line: () => number,
  decoding: TextDecoding = textDecoding(file, options),
): AsyncGenerator<string> {
  for await (const chunk of readBytes(file, options)) {
    const text = decoding.decode(chunk, line());
    if (text !== '') yield text;
  }
  const rest = decoding.end(line());
  if (rest !== '') yield rest;
}

/**
 * The lines of a text file, streamed; a line ends with `\n` or `\r\n`, or with `\r` in a file without `\n`. A byte order mark is
 * dropped. (node:readline would also break a line at U+2028, which a JSON string may contain.)
 *
 * @throws InputError if the file cannot be read or decoded
 */
export async function* readLines(file: string, options: ReadOptions = {}): AsyncGenerator<Line> {
  let line = 0;
  let rest = '';
  let end: string | undefined;
  const decoding = textDecoding(file, options);
  const made = (text: string): Line => ({
    text: end === '\n' && text.endsWith('\r') ? text.slice(0, -1) : text,
    line: ++line,
    ...(decoding.isDamaged && text.includes('\ufffd') && { isDamaged: true as const }),
  });
  for await (const chunk of readText(file, options, () => line, decoding)) {
    const text = rest + chunk;
    end ??= /\r(?!\n|$)/.test(chunk) && !chunk.includes('\n') ? '\r' : '\n';
    let start = 0;
    for (let at = text.indexOf(end, rest.length); at !== -1; at = text.indexOf(end, start)) {
      yield made(text.slice(start, at));
      start = at + 1;
    }
    rest = text.slice(start);
  }
  if (rest !== '') yield made(rest);
}
