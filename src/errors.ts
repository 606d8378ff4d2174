/** Base class of every error this package throws on purpose. */
export class R4tError extends Error {
  override name = 'R4tError';
}

/** Where in the user's input a problem is. */
export interface InputLocation {
  /** Path of the file, as the user gave it. */
  readonly file?: string;
  /** Line number, from 1. */
  readonly line?: number;
  /** Character in the line, or in the one text that was given, from 1. */
  readonly column?: number;
  /** Name or path of the field, e.g. `policy.groupSize`. */
  readonly field?: string;
}

/**
 * The user's input is wrong: a file, a field, an option. Its message is one line that says where, what was expected
 * and what to do. The CLI prints it and exits with code 2.
 *
 * @example
 * throw new InputError('is empty; give every item a text', { file: 'catalog.jsonl', line: 7, field: 'title' });
 * // message: catalog.jsonl:7: field "title": is empty; give every item a text
 */
export class InputError extends R4tError {
  override name = 'InputError';
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly field?: string;

  constructor(problem: string, location: InputLocation = {}, options?: ErrorOptions) {
    const { file, line, field } = location;
    const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;
    super(`${place}${field === undefined ? '' : `field "${field}": `}${problem}`, options);
    this.file = file;
    this.line = line;
    this.column = location.column;
    this.field = field;
  }
}

/** Training cannot go on (a loss that is not finite); the last good checkpoint is kept. CLI exit code 1. */
export class TrainingError extends R4tError {
  override name = 'TrainingError';
  constructor(
    message: string,
    /** The step, from 0, at which it happened. */
    readonly step: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * A file that this package wrote is not what it was: cut short, changed or gone. Nothing was computed with it. The message names the
 * file and ends with the remedy. CLI exit code 2.
 *
 * @example
 * // message: runs/shop/encode/vectors.safetensors: holds other bytes than were written (SHA-256); compile again with --force
 */
export class DamagedFileError extends InputError {
  override name = 'DamagedFileError';
  constructor(
    problem: string,
    remedy: string,
    location: { readonly file: string; readonly line?: number },
    options?: ErrorOptions,
  ) {
    super(`${problem}; ${remedy}`, location, options);
  }
}

/** A file could not be written: a full disk, missing permissions. */
export class WriteError extends R4tError {
  override name = 'WriteError';
}

/** A search engine does not answer, or refuses. Its message is one line that names the engine. CLI exit code 1. */
export class IndexError extends R4tError {
  override name = 'IndexError';
}

/** A file of a run at an address cannot be fetched, or is another than the run's manifest says. CLI exit code 1. */
export class RunFetchError extends R4tError {
  override name = 'RunFetchError';
  /** HTTP status of the answer, where there was one that refused. */
  readonly status?: number;

  constructor(
    problem: string,
    /** Address of the file. */
    readonly file: string,
    { status, cause }: { readonly status?: number; readonly cause?: unknown } = {},
  ) {
    super(`${file}: ${problem}`, { cause });
    this.status = status;
  }
}

/** The database that keeps changes of items does not answer, or refuses. Its message is one line that names it. CLI exit code 1. */
export class ChangesError extends R4tError {
  override name = 'ChangesError';
}
