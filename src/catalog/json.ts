import { InputError } from '../errors.js';
import { excerpt } from './excerpt.js';
import { readJsonMembers } from './import/jsonMembers.js';
import { readLines } from './lines.js';
import { parseJson } from './parseJson.js';
import { bad, type ReadOptions } from './readOptions.js';
import type { DataRecord, RecordLine } from './records.js';

/**
 * Streams the objects of a JSON file, however they are written: one a line, as one array, or as the list inside one document
 * (`{"products": [...]}`). Whole numbers beyond 2^53 keep their digits, as strings.
 *
 * @throws InputError if the file cannot be read; through `onBad`: what is no JSON object
 */
export async function* readJson(file: string, options: ReadOptions): AsyncGenerator<RecordLine> {
  const first = await firstLine(file, options);
  if (first === undefined) return;
  if (first.startsWith('[')) yield* readArray(file, options);
  // `{` alone, or with its first members: a document over many lines.
  else if (/^\{(?:$|.*[[{,]$)/.test(first)) yield* readDocument(file, options);
  else yield* readJsonLines(file, options);
}

async function firstLine(file: string, options: ReadOptions): Promise<string | undefined> {
  const { onRead: _, onNote: __, ...silent } = options;
  for await (const { text } of readLines(file, silent)) if (text.trim() !== '') return text.trim();
  return undefined;
}

async function* readArray(file: string, options: ReadOptions): AsyncGenerator<RecordLine> {
  for await (const { value, line } of readJsonMembers(file, options)) {
    const record = asObject(value, JSON.stringify(value), { file, line }, options);
    if (record) yield { record, line };
  }
}

async function* readJsonLines(file: string, options: ReadOptions): AsyncGenerator<RecordLine> {
  let only: RecordLine | undefined;
  let lines = 0;
  for await (const { text, line, isDamaged } of readLines(file, options)) {
    if (text.trim() === '') continue;
    if (isDamaged) {
      bad(new InputError('has bytes that are not UTF-8; write the line again', { file, line }), options);
      continue;
    }
    const record = parseLine(text, { file, line }, options);
    if (record === undefined) continue;
    // A single line may be a document: it is known to be single only after it.
    if (++lines === 1) only = { record, line };
    else {
      if (only) yield only;
      only = undefined;
      yield { record, line };
    }
  }
  if (only === undefined) return;
  const list = listIn(only.record);
  if (list) yield* listed(list, file, options);
  else yield only;
}

function parseLine(
  text: string,
  location: { file: string; line: number },
  options: ReadOptions,
): DataRecord | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    const problem = `is not valid JSON; expected one JSON object a line, got ${excerpt(text)}`;
    bad(new InputError(problem, location, { cause }), options);
    return undefined;
  }
  return asObject(value, text, location, options);
}

/** One object that spans many lines: the longest list of objects inside is the catalog. It is held in memory. */
async function* readDocument(file: string, options: ReadOptions): AsyncGenerator<RecordLine> {
  const { onBad: _, ...strict } = options;
  const document: Record<string, unknown> = {};
  for await (const { key, value } of readJsonMembers(file, strict))
    if (key !== undefined) document[key] = value;
  const list = listIn(document);
  if (list) yield* listed(list, file, options);
  else if (Object.keys(document).length > 0) yield { record: document, line: 1 };
}

function* listed(list: readonly unknown[], file: string, options: ReadOptions): Generator<RecordLine> {
  for (const [i, value] of list.entries()) {
    const record = asObject(value, JSON.stringify(value), { file, line: i + 1 }, options);
    if (record) yield { record, line: i + 1 };
  }
}

/** Levels of objects around a list: `{"data": {"products": [...]}}`. */
const LEVELS = 3;

/** The longest list of objects in a document that is no record itself. */
function listIn(document: DataRecord, levels = LEVELS): readonly unknown[] | undefined {
  const values = Object.values(document);
  if (values.some((value) => typeof value === 'string') && 'id' in document) return undefined;
  const lists = values.flatMap((value) => {
    if (Array.isArray(value)) return value.length > 0 && value.every(isObject) ? [value] : [];
    const inner = levels > 1 && isObject(value) ? listIn(value, levels - 1) : undefined;
    return inner ? [inner] : [];
  });
  return lists.sort((a, b) => b.length - a.length)[0];
}

const isObject = (value: unknown): value is DataRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function asObject(
  value: unknown,
  text: string,
  location: { file: string; line: number },
  options: ReadOptions,
): DataRecord | undefined {
  if (isObject(value)) return value;
  bad(new InputError(`expected a JSON object, got ${excerpt(text)}`, location), options);
  return undefined;
}
