import type { InputError } from '../errors.js';
import type { ReadOptions } from './readOptions.js';

/** Bad rows that are kept to be shown. */
const SHOWN = 3;

/** What was passed over while a file was read. */
export interface SkippedRows {
  readonly count: number;
  /** The first few, in words, with file and line. */
  readonly first: readonly string[];
}

/** Counts what is passed over, or, if it is strict, throws the first of it. */
export class RowLog {
  readonly #first: InputError[] = [];
  readonly #notes = new Set<string>();
  #count = 0;

  constructor(private readonly strict = false) {}

  /** @throws the error, if strict */
  readonly skip = (error: InputError): void => {
    if (this.strict) throw error;
    this.#count++;
    if (this.#first.length < SHOWN) this.#first.push(error);
  };

  readonly note = (text: string): void => {
    this.#notes.add(text);
  };

  get skipped(): SkippedRows {
    // Rows that cannot be parsed are found a little before the others.
    const first = this.#first.toSorted((a, b) => (a.file === b.file ? (a.line ?? 0) - (b.line ?? 0) : 0));
    return { count: this.#count, first: first.map(({ message }) => message) };
  }

  get notes(): readonly string[] {
    return [...this.#notes];
  }

  /** Where nothing was left, the first bad row says why. */
  get cause(): InputError | undefined {
    return this.#first[0];
  }

  /** Rows that no record came of. */
  skippedUnread = 0;

  /** For the readers of this folder. */
  get options(): Pick<ReadOptions, 'onBad' | 'onNote'> {
    const onBad = (error: InputError) => {
      this.skip(error);
      this.skippedUnread++;
    };
    return { onBad, onNote: this.note };
  }
}
