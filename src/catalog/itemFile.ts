/** Items that stay in their file, a line of JSON each, and are read when they are looked at. */
import { readSync } from 'node:fs';
import { InputError } from '../errors.js';
import { grown } from '../grown.js';
import type { LazyList } from '../lazyArray.js';
import type { Item } from './item.js';

/** Bytes read at once where items are walked in order. */
const WINDOW = 2 ** 18;
/** Items that were looked at last and stay in memory; a power of two. */
const KEPT = 2 ** 10;

/** Where each line of a file begins, and the last one ends: 8 bytes a line. */
export class LineStarts {
  #starts = new Float64Array(1024);
  #lines = 0;

  get lines(): number {
    return this.#lines;
  }

  /** A line of so many bytes more, its end included. */
  add(bytes: number): void {
    if (this.#lines + 2 > this.#starts.length) this.#starts = grown(this.#starts);
    this.#starts[this.#lines + 1] = this.#starts[this.#lines] + bytes;
    this.#lines++;
  }

  /** Where line `i` begins, from 0; of `lines` where the last one ends. */
  at(i: number): number {
    return this.#starts[i];
  }
}

/** The lines of an open file, each ending in `\n`. */
export function findLines(descriptor: number): LineStarts {
  const starts = new LineStarts();
  const buffer = Buffer.allocUnsafe(2 ** 20);
  let pending = 0;
  for (let at = 0; ; ) {
    const bytes = readSync(descriptor, buffer, 0, buffer.length, at);
    if (bytes === 0) break;
    at += bytes;
    const read = buffer.subarray(0, bytes);
    let from = 0;
    for (let end = read.indexOf(10); end !== -1; end = read.indexOf(10, from)) {
      starts.add(pending + end + 1 - from);
      pending = 0;
      from = end + 1;
    }
    pending += bytes - from;
  }
  if (pending > 0) starts.add(pending);
  return starts;
}

/** The items of an open file; whoever opened it closes it. */
export class ItemFile implements LazyList<Item> {
  readonly #window = new Window();
  readonly #kept: (Item | undefined)[] = new Array<Item | undefined>(KEPT).fill(undefined);
  readonly #rows = new Int32Array(KEPT).fill(-1);

  /** @param file its name, for errors */
  constructor(
    private readonly descriptor: number,
    private readonly starts: LineStarts,
    private readonly file: string,
  ) {}

  get length(): number {
    return this.starts.lines;
  }

  at(row: number): Item {
    const place = row & (KEPT - 1);
    const kept = this.#kept[place];
    if (kept && this.#rows[place] === row) return kept;
    const item = this.#read(row, this.#window);
    this.#rows[place] = row;
    this.#kept[place] = item;
    return item;
  }

  *all(): Generator<Item> {
    // A window of its own: several may walk at once, and none keeps what it has passed.
    const window = new Window();
    for (let row = 0; row < this.length; row++) yield this.#read(row, window);
  }

  /** The file: what is in a line of it stays the same. */
  source(): ItemFile {
    return this;
  }

  #read(row: number, window: Window): Item {
    const [start, end] = [this.starts.at(row), this.starts.at(row + 1)];
    const line = window.read(this.descriptor, start, end);
    const item = parsed(line);
    if (item) return item;
    throw new InputError('is damaged; compile again with --force', { file: this.file, line: row + 1 });
  }
}

/** A part of a file that was read together. */
class Window {
  #bytes = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  /** The text from `start` to before `end`. Who goes on where the last one ended is read more than that. */
  read(descriptor: number, start: number, end: number): string {
    if (start < this.#start || end > this.#start + this.#bytes.length) {
      const goesOn = start === this.#end;
      const length = Math.max(end - start, goesOn ? WINDOW : 0);
      const bytes = Buffer.allocUnsafe(length);
      this.#bytes = bytes.subarray(0, readSync(descriptor, bytes, 0, length, start));
      this.#start = start;
    }
    this.#end = end;
    return this.#bytes.toString('utf8', start - this.#start, end - this.#start);
  }
}

/** Undefined where it is no item. */
export function parsed(line: string): Item | undefined {
  try {
    const item = JSON.parse(line) as Partial<Item> | null;
    const isItem =
      typeof item?.id === 'string' && typeof item.text === 'string' && typeof item.title === 'string';
    return isItem ? (item as Item) : undefined;
  } catch {
    return undefined;
  }
}
