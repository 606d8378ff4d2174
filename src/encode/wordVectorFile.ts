import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { checkInputFile, readError } from '../inputFile.js';
import type { RunControl } from '../progress.js';

/** What the file says of a word. */
export interface WordVector {
  /** [dim] */
  readonly vector: Float32Array;
  /** Place of the word by frequency, from 0 = the most frequent. */
  readonly rank: number;
}

export interface WordVectorFileOptions extends RunControl {
  /** Bytes scanned at a time [4 MiB]. */
  readonly chunkBytes?: number;
}

interface Header {
  readonly dimensions: number;
  /** Place of the word's rank in its array. */
  readonly wordIndex: number;
  /** Words in the file. */
  readonly size: number;
}

/** Where a word's array of numbers stands in the file. */
interface Place {
  readonly start: number;
  readonly length: number;
}

const WORDS = Buffer.from('"words":');
const VECTORS = Buffer.from('"vectors":{');
const KEY_END = Buffer.from('":[');
const [QUOTE, BRACKET, BRACE, BACKSLASH] = Buffer.from('"]}\\');

/**
 * The word vectors of winkNLP's embedding packages: one JSON object of 300 MB, `{..., "vectors": {"word": [...], ...}}`.
 *
 * To parse it whole would take gigabytes. It is scanned once (about a second) for where each word stands; a word's
 * numbers are read and parsed when it is asked for, and kept.
 */
export class WordVectorFile {
  /** The words asked for so far. */
  readonly #read = new Map<string, WordVector>();

  private constructor(
    private readonly file: string,
    private readonly header: Header,
    private readonly places: ReadonlyMap<string, Place>,
  ) {}

  /**
   * Scans a file. Reports progress as stage `word vectors`.
   *
   * @throws {InputError} when the file is missing or is no such file
   */
  static async open(file: string, options: WordVectorFileOptions = {}): Promise<WordVectorFile> {
    const size = await checkInputFile(file);
    try {
      const { header, places } = await scan(file, size, options);
      return new WordVectorFile(file, header, places);
    } catch (error) {
      throw readError(error, file);
    }
  }

  /** Length of the vectors. */
  get dim(): number {
    return this.header.dimensions;
  }

  /** Words in the file. */
  get size(): number {
    return this.places.size;
  }

  has(word: string): boolean {
    return this.places.has(word);
  }

  /** The vectors of those of the words that the file has. */
  async read(words: Iterable<string>, { signal }: RunControl = {}): Promise<ReadonlyMap<string, WordVector>> {
    const wanted = new Set(words);
    const missing = [...wanted].filter((word) => this.has(word) && !this.#read.has(word));
    if (missing.length > 0) {
      const handle = await open(this.file);
      try {
        for (const word of missing) {
          signal?.throwIfAborted();
          this.#read.set(word, await this.#readOne(handle, word));
        }
      } finally {
        await handle.close();
      }
    }
    const found = new Map<string, WordVector>();
    for (const word of wanted) {
      const entry = this.#read.get(word);
      if (entry) found.set(word, entry);
    }
    return found;
  }

  async #readOne(handle: FileHandle, word: string): Promise<WordVector> {
    const { start, length } = this.places.get(word)!;
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, start);
    const values = parse(buffer, this.file);
    const { dimensions, wordIndex } = this.header;
    if (!Array.isArray(values) || !(values.length > Math.max(dimensions - 1, wordIndex))) {
      throw new InputError(`holds no vector of ${dimensions} numbers for the word "${word}"`, {
        file: this.file,
      });
    }
    return { vector: Float32Array.from(values.slice(0, dimensions)), rank: values[wordIndex] };
  }
}

async function scan(
  file: string,
  size: number,
  { chunkBytes = 1 << 22, signal, onProgress }: WordVectorFileOptions,
): Promise<{ header: Header; places: Map<string, Place> }> {
  const places = new Map<string, Place>();
  let header: Header | undefined;
  let rest: Buffer = Buffer.alloc(0);
  /** Position of `rest` in the file. */
  let base = 0;
  let end = false;
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    rest = Buffer.concat([rest, chunk]);
    let at = 0;
    if (!header) {
      const vectors = rest.indexOf(VECTORS);
      if (vectors < 0) continue;
      header = readHeader(rest, file);
      at = vectors + VECTORS.length;
    }
    while (!end) {
      // `"word":[numbers],` up to the closing brace. Numbers hold no bracket, but words may.
      const keyEnd = findKeyEnd(rest, at + 1);
      const close = keyEnd < 0 ? -1 : rest.indexOf(BRACKET, keyEnd + KEY_END.length);
      if (close < 0 || close + 1 >= rest.length) break;
      if (rest[at] !== QUOTE) throw new InputError(`has no word at byte ${base + at}`, { file });
      const word = String(parse(rest.subarray(at, keyEnd + 1), file));
      const start = keyEnd + KEY_END.length - 1;
      places.set(word, { start: base + start, length: close + 1 - start });
      end = rest[close + 1] === BRACE;
      at = close + 2;
    }
    rest = rest.subarray(at);
    base += at;
    onProgress?.({ stage: 'word vectors', done: Math.min(base, size), total: size });
    if (end) break;
  }
  if (!header || !end) throw new InputError('is no complete file of word vectors', { file });
  return { header, places };
}

/** The quote which ends a word, before its numbers; -1 if it is not there yet. A quote within a word is escaped. */
function findKeyEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(KEY_END, from); at >= 0; at = bytes.indexOf(KEY_END, at + 1)) {
    let slashes = 0;
    while (bytes[at - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** The fields before the list of words. */
function readHeader(bytes: Buffer, file: string): Header {
  const words = bytes.indexOf(WORDS);
  const text = words < 0 ? '' : bytes.toString('utf8', 0, words).replace(/,\s*$/, '');
  const header = parse(Buffer.from(`${text}}`), file) as Partial<Header>;
  const { dimensions, wordIndex, size } = header;
  for (const [field, value] of Object.entries({ dimensions, wordIndex, size })) {
    if (Number.isInteger(value)) continue;
    throw new InputError('is missing or no whole number; this is no file of word vectors', { file, field });
  }
  return header as Header;
}

function parse(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new InputError('is no file of word vectors, or a damaged one', { file }, { cause });
  }
}
