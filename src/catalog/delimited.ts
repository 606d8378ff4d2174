import { InputError } from '../errors.js';
import { type Line, readLines } from './lines.js';
import { bad, type ReadOptions } from './readOptions.js';
import type { RecordLine } from './records.js';
import { delimiterOf, splitRow } from './splitRow.js';

export interface DelimitedOptions extends ReadOptions {
  /** What the file's name says, where the header leaves doubt: `,` or a tab. */
  readonly preferred: string;
}

/** Guards against an unclosed quote swallowing the file; a 4096-d vector written out is about 90,000 characters. */
const MAX_RECORD = 1 << 20;
const WORDS: Readonly<Record<string, string>> = {
  '\t': 'tabs',
  ';': 'semicolons',
  '|': 'bars',
  ',': 'commas',
};

/**
 * Streams a delimited file, CSV or TSV, whose first line holds the field names and tells the delimiter. It is read as people's files
 * are, not as RFC 4180 wants them: rows of delimiters alone are passed over, short rows lack their last values, columns without a
 * name and `\N` are nothing, and a quote that is never closed costs its own row, not the rest of the file. (That last point is why no
 * parser library is used: those give up, or swallow what follows.) Values stay strings, trimmed: an id such as `007` must survive.
 *
 * @throws InputError for a header without names; through `onBad`: more values than names, a quote that is never closed
 */
export async function* readDelimited(file: string, options: DelimitedOptions): AsyncGenerator<RecordLine> {
  const lines = new LineQueue(readLines(file, options));
  const header = await readHeader(lines, file, options);
  if (header === undefined) return;
  const { delimiter } = header;
  const names = columnNames(header.names, { file, line: header.line }, options);
  let short = 0;
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    if (line.text.trim() === '') continue;
    const values = line.isDamaged
      ? 'has bytes that are not UTF-8; write the row again'
      : await readRow(line, lines, delimiter, names.length);
    if (typeof values === 'string') {
      bad(new InputError(values, { file, line: line.line }), options);
      continue;
    }
    const last = values.findLastIndex((value) => value !== '');
    if (last === -1) continue;
    if (last >= names.length) {
      const hint =
        delimiter === '\t' ? 'remove the tabs inside values' : 'quote values that contain the delimiter';
      const problem = `has ${values.length} values, the header line ${names.length}; ${hint}`;
      bad(new InputError(problem, { file, line: line.line }), options);
      continue;
    }
    if (values.length < names.length) short++;
    const record: Record<string, string> = {};
    for (const [i, name] of names.entries()) {
      if (name === undefined) continue;
      const value = values[i] ?? '';
      record[name] = value === '\\N' ? '' : value;
    }
    yield { record, line: line.line };
  }
  if (short > 0) {
    options.onNote?.(
      `${short} ${short === 1 ? 'row is' : 'rows are'} shorter than the header; what they lack is missing`,
    );
  }
}

/** Lines that can be put back. */
class LineQueue {
  readonly #back: Line[] = [];
  constructor(private readonly lines: AsyncGenerator<Line>) {}

  async next(): Promise<Line | undefined> {
    const back = this.#back.pop();
    if (back !== undefined) return back;
    const { value, done } = await this.lines.next();
    return done ? undefined : value;
  }

  /** The next line first. */
  back(lines: readonly Line[]): void {
    for (const line of lines.toReversed()) this.#back.push(line);
  }
}

interface Header {
  readonly names: readonly string[];
  readonly delimiter: string;
  readonly line: number;
}

/** The first line with names: what spreadsheets and reports write above it is passed over. */
async function readHeader(
  lines: LineQueue,
  file: string,
  { preferred, onNote }: DelimitedOptions,
): Promise<Header | undefined> {
  let said: string | undefined;
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    const { text } = line;
    said ??= /^sep=(.)\s*$/i.exec(text)?.[1];
    if (text.trim() === '' || /^(?:#(?:\s|-|$)|sep=.\s*$)/i.test(text)) continue;
    const delimiter = said ?? delimiterOf(text, preferred);
    const names = await readRow(line, lines, delimiter, 0);
    if (typeof names === 'string') throw new InputError(names, { file, line: line.line });
    if (delimiter !== preferred && WORDS[delimiter]) onNote?.(`values are separated by ${WORDS[delimiter]}`);
    return { names, delimiter, line: line.line };
  }
  return undefined;
}

/**
 * The values of the row that begins with a line, or what is wrong with it. A quoted value may go on in the next lines.
 *
 * @param wanted how many values there should be
 */
async function readRow(
  first: Line,
  lines: LineQueue,
  delimiter: string,
  wanted: number,
): Promise<readonly string[] | string> {
  const alone = splitRow(first.text, delimiter);
  if (!alone.isOpen) return alone.values;
  const plain = splitRow(first.text, delimiter, false).values;
  // `"Best" bench`: no value that goes on, since a quote in it is closed already.
  if (alone.isLoose && plain.length === wanted) return plain;
  const taken: Line[] = [];
  let text = first.text;
  let isRow = true;
  while (isRow && text.length <= MAX_RECORD) {
    const line = await lines.next();
    if (line === undefined) break;
    taken.push(line);
    text += `\n${line.text}`;
    const row = splitRow(text, delimiter);
    if (row.isLoose || line.isDamaged) break;
    // With tabs a quote may be plain, and what seems to close it may be another row's: `24"`.
    isRow = !(
      delimiter === '\t' &&
      wanted > 1 &&
      splitRow(line.text, delimiter, false).values.length === wanted
    );
    if (isRow && !row.isOpen) return row.values;
  }
  lines.back(taken);
  if (delimiter === '\t') return plain;
  return 'opens a quote that is never closed; close the quote, and write a quote inside a value twice ("")';
}

/** The names of the columns; undefined for one without. */
function columnNames(
  header: readonly string[],
  location: { file: string; line: number },
  { onNote }: ReadOptions,
): (string | undefined)[] {
  const names: (string | undefined)[] = [];
  let nameless = 0;
  for (const name of header) {
    const earlier = names.filter((other) => other === name || other?.startsWith(`${name} (`)).length;
    const isNamed = name !== '' && name !== '__proto__' && !/^Unnamed: \d+$/.test(name);
    names.push(isNamed ? (names.includes(name) ? `${name} (${earlier + 1})` : name) : undefined);
    if (!isNamed) nameless++;
    else if (names.at(-1) !== name) onNote?.(`the second column "${name}" is called "${names.at(-1)}"`);
  }
  if (nameless === names.length) {
    throw new InputError('the header line has no names; write the field names into the first line', location);
  }
  if (nameless > 0) onNote?.(`${nameless} ${nameless === 1 ? 'column' : 'columns'} without a name left out`);
  return names;
}
