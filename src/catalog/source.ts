/** Where a catalog is read from: a file, several, a folder, standard input, a database. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InputError } from '../errors.js';
import { readError } from '../inputFile.js';
import { type FileFingerprint, fingerprintFile } from '../run/fingerprint.js';
import { databaseSource } from './database/databaseSource.js';
import type { ReadOptions } from './readOptions.js';
import { formatOf, type RecordLine, readRecords } from './records.js';

export interface SourceRecord extends RecordLine {
  /** The file it is in, or what stands for it in messages. */
  readonly file: string;
}

export interface CatalogSource {
  /** As messages and runs name it, without passwords. */
  readonly name: string;
  /** Streams the records. */
  records(options: ReadOptions): AsyncGenerator<SourceRecord>;
  /** Tells two states of it apart; after its records were read. */
  fingerprint(signal?: AbortSignal): Promise<FileFingerprint>;
  /** Frees what was opened for it. */
  close?(): Promise<void>;
}

/**
 * What a command line or an option names: the path of a file, several, a folder of files, `-` for standard input, or a database
 * (`postgres://...`, `duckdb:...`, `s3://...`).
 *
 * @throws InputError if there is no such thing
 */
export async function openSource(
  given: string | readonly string[],
  { stdin = process.stdin, signal }: { readonly stdin?: Readable; readonly signal?: AbortSignal } = {},
): Promise<CatalogSource> {
  const names = typeof given === 'string' ? [given] : given;
  if (names.length === 0) throw new InputError('there is no catalog; name a file');
  if (names.length === 1) {
    const [name] = names;
    if (name === '-') return standardInput(stdin, signal);
    const database = databaseSource(name);
    if (database) return database;
  }
  const files: string[] = [];
  for (const name of names) files.push(...(await filesOf(name)));
  const shown = names.length > 1 ? shorten(names) : files[0] === names[0] ? names[0] : join(names[0], '*');
  return filesSource(files, shown);
}

const shorten = (names: readonly string[]): string =>
  names.length > 3 ? `${names[0]} and ${names.length - 1} more` : names.join(', ');

function filesSource(files: readonly string[], name: string): CatalogSource {
  return {
    name,
    async *records({ onRead, ...options }) {
      for (const [i, file] of files.entries()) {
        const share = (fraction: number) => onRead?.((i + fraction) / files.length);
        for await (const line of readRecords(file, { ...options, onRead: share })) yield { ...line, file };
      }
    },
    async fingerprint(signal) {
      if (files.length === 1) return { ...(await fingerprintFile(files[0], signal)), file: name };
      const hash = createHash('sha256');
      for (const file of files) hash.update((await fingerprintFile(file, signal)).sha256);
      return { file: name, sha256: hash.digest('hex') };
    },
  };
}

/** A file itself; of a folder the files of records in it, by name. */
async function filesOf(name: string): Promise<string[]> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(name)).isDirectory();
  } catch (error) {
    throw readError(error, name);
  }
  if (!isFolder) return [name];
  const entries = await readdir(name, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile() && !/(?:^|[\\/])[._]/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !['unknown', undefined].includes(formatOf(file)) || /\.txt(?:\.gz)?$/i.test(file))
    .sort();
  // A data folder has its catalog beside sets and queries.
  const catalog = files.filter((file) => /[\\/]catalog\.[^\\/]+$/.test(file));
  if (catalog.length === 1) return catalog;
  const formats = new Set(files.map((file) => extname(file.replace(/\.gz$/i, '')).toLowerCase()));
  if (formats.size > 1) {
    const problem = `is a folder with files of several formats (${[...formats].join(', ')}); name the files of the catalog`;
    throw new InputError(problem, { file: name });
  }
  if (files.length > 0) return files;
  throw new InputError('is a folder without a file of records (.jsonl, .csv, .parquet, ...)', { file: name });
}

/** Kept in a file meanwhile: its format is known only when its beginning has been seen, and it is read for its hash as well. */
async function standardInput(stdin: Readable, signal?: AbortSignal): Promise<CatalogSource> {
  const folder = await mkdtemp(join(tmpdir(), 'r4t-stdin-'));
  const file = join(folder, 'input');
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(stdin, createWriteStream(file), { signal });
  } catch (error) {
    await close();
    throw error;
  }
  const name = 'standard input';
  const { records, fingerprint } = filesSource([file], name);
  const located = (error: InputError) => {
    const { message, file: at, line, column, field } = error;
    if (at !== file) return error;
    const place = `${file}${line === undefined ? '' : `:${line}`}: `;
    const problem = message.slice(place.length).replace(/^field ".*?": /, '');
    return new InputError(problem, { file: name, line, column, field }, { cause: error });
  };
  return {
    name,
    fingerprint,
    close,
    async *records({ onBad, ...options }) {
      try {
        const bad = onBad && ((error: InputError) => onBad(located(error)));
        for await (const line of records({ ...options, onBad: bad })) yield { ...line, file: name };
      } catch (error) {
        throw error instanceof InputError ? located(error) : error;
      }
    },
  };
}
