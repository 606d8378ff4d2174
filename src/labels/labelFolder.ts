/** A folder of labels on disk: every judgment, and the sets that follow from them. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Split } from '../catalog/item.js';
import { InputError } from '../errors.js';
import { syncFolder, writeError, writeFileAtomic } from '../files.js';
import { readError } from '../inputFile.js';
import { acquireLock, type Lock } from '../run/lock.js';
import { type Judgment, recordSchema } from './judgment.js';
import { judged, type Labels, labelledSets } from './labels.js';

/** Names in a labels folder. */
export const LABEL_FILES = { judgments: 'judgments.jsonl', sets: 'sets.jsonl', lock: 'labels.lock' };

export interface LabelFolderOptions {
  /** The side on which a query of the run stands, for `sets.jsonl`. */
  readonly splitOf?: (query: string) => Split | undefined;
  /** Milliseconds to wait for another process that is writing (5,000). */
  readonly patience?: number;
}

/**
 * Several processes may record at a time: each takes the folder's lock for a moment, reads what others have added, and appends.
 * Nothing is made before the first judgment.
 *
 * @example
 * const folder = new LabelFolder('runs/shop/labels');
 * await folder.record([{ query: 'camping', item: 'tent-1', verdict: 'up' }]);
 */
export class LabelFolder {
  #labels: Labels = new Map();
  #ids = new Set<string>();
  /** Bytes and lines that have been read. */
  #size = 0;
  #lines = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(
    readonly folder: string,
    private readonly options: LabelFolderOptions = {},
  ) {}

  path(name: keyof typeof LABEL_FILES): string {
    return join(this.folder, LABEL_FILES[name]);
  }

  /**
   * All that is said so far, also by other processes.
   *
   * @throws InputError naming the line that is no judgment
   */
  read(): Promise<Labels> {
    return this.#inTurn(async () => {
      const handle = await open(this.path('judgments'), 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw readError(error, this.path('judgments'));
      });
      if (!handle) this.#forget();
      else {
        try {
          await this.#catchUp(handle);
        } finally {
          await handle.close();
        }
      }
      return this.#labels;
    });
  }

  /**
   * Records judgments; when it resolves they are on disk, and so are the sets that follow. One whose `id` is known is passed over.
   *
   * @param run names what the judged sets were found by
   * @returns how many were new
   * @throws R4tError if the disk is full or the folder may not be written, and InputError if it is damaged or another process does not
   *   let go of it; nothing is recorded then
   */
  record(judgments: readonly Judgment[], run?: string): Promise<number> {
    return this.#inTurn(async () => {
      await mkdir(this.folder, { recursive: true }).catch((error: unknown) => {
        throw writeError(error, this.folder);
      });
      await using _lock = await this.#lock();
      const file = this.path('judgments');
      const isNew = this.#size === 0;
      // For reading and writing, made where it is missing.
      const handle = await open(file, 'a+').catch((error: unknown) => {
        throw writeError(error, file);
      });
      try {
        await this.#catchUp(handle);
        const fresh = this.#unknown(judgments);
        const at = new Date().toISOString();
        const text = fresh
          .map((judgment) => `${JSON.stringify({ ...judgment, at, ...(run !== undefined && { run }) })}\n`)
          .join('');
        await this.#append(handle, text, fresh);
        if (isNew) await syncFolder(this.folder);
        await this.#writeSets();
        return fresh.length;
      } finally {
        await handle.close();
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#writing.then(work);
    this.#writing = result.catch(() => {});
    return result;
  }

  /** Another process holds it for some milliseconds. */
  async #lock(): Promise<Lock> {
    const until = Date.now() + (this.options.patience ?? 5000);
    for (;;) {
      try {
        return await acquireLock(this.path('lock'));
      } catch (error) {
        if (!(error instanceof InputError) || Date.now() >= until) throw error;
        await sleep(10 + 20 * Math.random());
      }
    }
  }

  /** Each id once, also among those given. */
  #unknown(judgments: readonly Judgment[]): Judgment[] {
    const met = new Set<string>();
    return judgments.filter(({ id }) => {
      if (id === undefined) return true;
      const isKnown = this.#ids.has(id) || met.has(id);
      met.add(id);
      return !isKnown;
    });
  }

  async #append(handle: FileHandle, text: string, fresh: readonly Judgment[]): Promise<void> {
    const file = this.path('judgments');
    try {
      // A line that a crash has torn was never answered for.
      await handle.truncate(this.#size);
      await handle.appendFile(text);
      await handle.datasync();
    } catch (error) {
      // What was written in part must not stand before the next lines.
      await handle.truncate(this.#size).catch(() => {});
      throw writeError(error, file);
    }
    this.#size += Buffer.byteLength(text);
    this.#lines += fresh.length;
    this.#note(fresh);
  }

  #writeSets(): Promise<void> {
    const sets = labelledSets(this.#labels, this.options.splitOf);
    return writeFileAtomic(this.path('sets'), sets.map((set) => `${JSON.stringify(set)}\n`).join(''));
  }

  /** Reads the whole lines that were added since the last time. */
  async #catchUp(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat();
    // Somebody has put another file in its place.
    if (size < this.#size) this.#forget();
    const bytes = Buffer.alloc(size - this.#size);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, this.#size + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const end = bytes.lastIndexOf(10, length - 1) + 1;
    const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
    const found = lines.map((line, i) => this.#parse(line, this.#lines + i + 1));
    this.#note(found);
    this.#size += end;
    this.#lines += lines.length;
  }

  #parse(text: string, line: number): Judgment {
    try {
      return recordSchema.parse(JSON.parse(text)).judgment;
    } catch (cause) {
      const file = this.path('judgments');
      throw new InputError('is no judgment; mend or delete this line', { file, line }, { cause });
    }
  }

  #note(judgments: readonly Judgment[]): void {
    this.#labels = judged(this.#labels, judgments);
    for (const { id } of judgments) if (id !== undefined) this.#ids.add(id);
  }

  #forget(): void {
    this.#labels = new Map();
    this.#ids = new Set();
    this.#size = 0;
    this.#lines = 0;
  }
}
