/** Accepted changes on disk: an append-only file that is flushed before anything is acknowledged. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { Item } from '../../catalog/item.js';
import { DamagedFileError } from '../../errors.js';
import { syncFolder, writeError, writeFileAtomic } from '../../files.js';
import { readError } from '../../inputFile.js';
import type { ItemChange } from '../engine/engine.js';
import { type Journal, type JournalEntry, LastChanges } from './journal.js';

/** A journal is rewritten without what later changes have overtaken when it has this many lines, and twice as many as needed. */
const COMPACT_LINES = 10_000;

const headerSchema = z.object({
  format: z.literal('r4t-changes'),
  version: z.literal(2),
  catalog: z.string(),
});
const entrySchema = z.object({
  sequence: z.int(),
  at: z.number(),
  change: z.union([
    z.object({ upsert: z.looseObject({ id: z.string(), text: z.string(), title: z.string() }) }),
    z.object({ delete: z.string() }),
  ]),
});

export interface OpenJournalOptions {
  /** SHA-256 of the compiled catalog file. */
  readonly catalog: string;
  /** When that was read, milliseconds since 1970. */
  readonly catalogReadAt: number;
  /** Why nothing may be written; the changes found are only read then. */
  readonly readOnly?: string;
  /** Changes are numbered on from here at least (0). */
  readonly sequence?: number;
}

interface Waiting {
  readonly changes: readonly ItemChange[];
  resolve(sequence: number): void;
  reject(error: unknown): void;
}

/**
 * A journal belongs to a catalog. Opened for another one, it keeps the changes accepted after that one was read; the
 * earlier ones are taken to be part of it. What is dropped stays beside it under the old catalog's name.
 */
export class FileJournal implements Journal {
  readonly #last = new LastChanges();
  #lines: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  /** Number of the last accepted change; 0 before the first. */
  sequence: number;
  onEntries: Journal['onEntries'];

  private constructor(
    readonly file: string,
    /** SHA-256 of the compiled catalog file. */
    readonly catalog: string,
    /** Why nothing may be written, if so. */
    readonly readOnly: string | undefined,
    private handle: FileHandle | undefined,
    /** Bytes of complete lines. */
    private size: number,
    entries: readonly JournalEntry[],
    sequence: number,
  ) {
    for (const entry of entries) this.#last.add(entry);
    this.#lines = entries.length;
    this.sequence = Math.max(sequence, entries.at(-1)?.sequence ?? 0);
  }

  /**
   * @throws DamagedFileError if the file is no journal or is damaged before its end; a torn last line was never acknowledged
   *   and is cut off
   */
  static async open(file: string, options: OpenJournalOptions): Promise<FileJournal> {
    const { catalog, catalogReadAt, readOnly, sequence = 0 } = options;
    const found = await readJournal(file);
    const isOwn = found?.catalog === catalog;
    const entries = (found?.entries ?? []).filter(({ at }) => isOwn || at >= catalogReadAt);
    if (readOnly !== undefined)
      return new FileJournal(file, catalog, readOnly, undefined, 0, entries, sequence);
    let size = found?.size ?? 0;
    if (!isOwn) {
      if (found) await rename(file, `${file}.${found.catalog.slice(0, 8)}`);
      const text = textOf(catalog, entries);
      size = Buffer.byteLength(text);
      await writeFileAtomic(file, text);
    }
    const handle = await open(file, 'r+').catch((error: unknown) => {
      throw writeError(error, file);
    });
    await handle.truncate(size);
    return new FileJournal(file, catalog, undefined, handle, size, entries, sequence);
  }

  get isOpen(): boolean {
    return this.readOnly === undefined;
  }

  get read(): number {
    return this.sequence;
  }

  entries(after = 0): JournalEntry[] {
    return this.#last.after(after);
  }

  /**
   * Writes the changes and flushes them to the disk; calls that overlap share a flush.
   *
   * @returns the number of the last one
   * @throws R4tError if the disk is full; none of the changes is then accepted
   */
  append(changes: readonly ItemChange[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.handle?.close();
    this.handle = undefined;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const together = this.#waiting;
      this.#waiting = [];
      await this.#write(together);
    }
    this.#writing = undefined;
  }

  async #write(together: readonly Waiting[]): Promise<void> {
    const { handle } = this;
    let sequence = this.sequence;
    const at = Date.now();
    const entries = together.map(({ changes }) =>
      changes.map((change) => ({
        sequence: ++sequence,
        at,
        change: 'upsert' in change ? { upsert: change.upsert } : change,
      })),
    );
    const bytes = Buffer.from(entries.flat().map(lineOf).join(''));
    try {
      if (!handle) throw new Error(this.readOnly ?? 'the journal is closed');
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, this.size + done);
        done += bytesWritten;
      }
      await handle.datasync();
    } catch (error) {
      // What was written in part must not stand before the next lines.
      await handle?.truncate(this.size).catch(() => {});
      for (const { reject } of together) reject(writeError(error, this.file));
      return;
    }
    this.size += bytes.length;
    for (const entry of entries.flat()) this.#last.add(entry);
    this.sequence = sequence;
    this.#lines += entries.flat().length;
    this.onEntries?.(entries.flat());
    together.forEach(({ resolve }, i) => {
      resolve(entries[i].at(-1)?.sequence ?? this.sequence);
    });
    if (this.#lines > COMPACT_LINES && this.#lines > 2 * this.#last.size)
      await this.#compact().catch(() => {});
  }

  /** Writes the journal anew. The open file takes the name: from then on nothing goes into the old one. */
  async #compact(): Promise<void> {
    const text = textOf(this.catalog, this.entries());
    const temporary = `${this.file}.tmp`;
    const fresh = await open(temporary, 'w+');
    try {
      await fresh.writeFile(text);
      await fresh.sync();
      await rename(temporary, this.file);
    } catch (error) {
      await fresh.close();
      throw error;
    }
    const old = this.handle;
    this.handle = fresh;
    this.size = Buffer.byteLength(text);
    this.#lines = this.#last.size;
    await old?.close();
    await syncFolder(dirname(this.file));
  }
}

/** A line of JSON whose last property is the checksum of what is before it. */
function lineOf(value: unknown): string {
  const json = JSON.stringify(value);
  return `${json.slice(0, -1)}${sumOf(json)}\n`;
}

/** The end of a line: half of a SHA-256 is plenty for damage, which does not aim. */
const sumOf = (json: string): string =>
  `,"sum":"${createHash('sha256').update(json).digest('hex').slice(0, 32)}"}`;
const SUM_LENGTH = sumOf('').length;

/** The JSON of a line, or undefined if it is not what was written. */
function checkedJson(line: string): unknown {
  const json = `${line.slice(0, -SUM_LENGTH)}}`;
  return line.endsWith(sumOf(json)) ? JSON.parse(json) : undefined;
}

function textOf(catalog: string, entries: readonly JournalEntry[]): string {
  return lineOf({ format: 'r4t-changes', version: 2, catalog }) + entries.map(lineOf).join('');
}

interface FoundJournal {
  readonly catalog: string;
  readonly entries: JournalEntry[];
  /** Bytes up to the end of the last complete line. */
  readonly size: number;
}

/** What the file holds; undefined if there is none. */
async function readJournal(file: string): Promise<FoundJournal | undefined> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw readError(error, file);
  });
  if (bytes === undefined) return undefined;
  const size = bytes.lastIndexOf('\n') + 1;
  const [first = '', ...lines] = bytes.toString('utf8', 0, size).split('\n').slice(0, -1);
  const header = headerSchema.safeParse(checkedJson(first));
  if (!header.success)
    throw new DamagedFileError('is no journal of changes, or is damaged', 'move it away', { file, line: 1 });
  const damaged = (line: number) =>
    new DamagedFileError('is not what was written', 'delete this line, or move the file away', {
      file,
      line,
    });
  // A whole line and another byte where its end was: not torn by a crash, but acknowledged and damaged.
  const torn = bytes.toString('utf8', size, Math.max(size, bytes.length - 1));
  if (checkedJson(torn)) throw damaged(lines.length + 2);
  const entries = lines.map((text, i): JournalEntry => {
    const entry = entrySchema.safeParse(checkedJson(text));
    if (!entry.success) throw damaged(i + 2);
    const { change } = entry.data;
    return {
      ...entry.data,
      change: 'upsert' in change ? { upsert: change.upsert as unknown as Item } : change,
    };
  });
  return { catalog: header.data.catalog, entries, size };
}
