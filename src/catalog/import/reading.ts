import * as z from 'zod';
import { InputError, type InputLocation } from '../../errors.js';
import { checkInputFile } from '../../inputFile.js';
import type { RunControl } from '../../progress.js';
import type { ReadOptions } from '../lines.js';
import type { DatasetWriter } from './dataset.js';

/** Reads the files of a public data set and writes items and sets; returns the files it had no use for. */
export type Importer = (
  files: readonly string[],
  writer: DatasetWriter,
  reading: Reading,
) => Promise<readonly string[]>;

/** Reads several files as one piece of work: adds up its progress, in bytes, and can be stopped. */
export class Reading {
  #before = 0;
  #file?: string;
  readonly #total: number;

  private constructor(
    private readonly sizes: ReadonlyMap<string, number>,
    private readonly control: RunControl,
  ) {
    this.#total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** @throws InputError if one of the files cannot be read */
  static async of(files: readonly string[], control: RunControl): Promise<Reading> {
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(file, await checkInputFile(file));
    return new Reading(sizes, control);
  }

  /** How to read the next file; the one before is then done. */
  next(file: string): ReadOptions {
    this.#before += this.sizes.get(this.#file ?? '') ?? 0;
    this.#file = file;
    const { signal } = this.control;
    return { signal, onRead: (share) => this.#report(this.#before + share * (this.sizes.get(file) ?? 0)) };
  }

  finish(): void {
    this.#report(this.#total);
  }

  #report(bytes: number): void {
    this.control.onProgress?.({ stage: 'import', done: Math.floor(bytes), total: this.#total });
  }
}

/** An id as published: a text or a number. */
export const idField = z.union([z.string().trim().min(1), z.number()]).transform(String);
/** A text that may be missing. */
export const textField = z
  .string()
  .nullish()
  .transform((text) => text?.trim() ?? '');

/**
 * Checks a record of a published file.
 *
 * @throws InputError naming the field which is not what the format says
 */
export function checkRecord<S extends z.ZodType>(schema: S, record: unknown, at: InputLocation): z.output<S> {
  const result = schema.safeParse(record);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const field = path.join('.');
  throw new InputError(message.replace(/^[^:]*: (?=expected)/, ''), {
    ...at,
    ...(field !== '' && { field }),
  });
}
