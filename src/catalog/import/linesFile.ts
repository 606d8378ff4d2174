import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from '../../files.js';

/** Characters held back until they are written together. */
const BUFFERED = 1 << 20;

/** A JSON-lines file in the making: under a temporary name of the same folder until it is complete. */
export class LinesFile {
  #buffer: string[] = [];
  #length = 0;

  private constructor(
    private readonly file: string,
    private readonly temporary: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws R4tError if the place may not be written */
  static async create(file: string): Promise<LinesFile> {
    const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
    try {
      await mkdir(dirname(file), { recursive: true });
      return new LinesFile(file, temporary, await open(temporary, 'w'));
    } catch (error) {
      throw writeError(error, file);
    }
  }

  /** Adds a line; `flush` now and then keeps memory small. */
  add(record: object): void {
    const line = `${JSON.stringify(record)}\n`;
    this.#buffer.push(line);
    this.#length += line.length;
  }

  /** Writes what is held back, if it is much. */
  async flush(least = BUFFERED): Promise<void> {
    if (this.#length < least) return;
    const text = this.#buffer.join('');
    this.#buffer = [];
    this.#length = 0;
    try {
      await this.handle.writeFile(text);
    } catch (error) {
      throw writeError(error, this.file);
    }
  }

  /** Writes the rest; the file then has its name. */
  async finish(): Promise<void> {
    await this.flush(0);
    try {
      await this.handle.sync();
      await this.handle.close();
      await rename(this.temporary, this.file);
    } catch (error) {
      throw writeError(error, this.file);
    }
  }

  /** Deletes what has been written, unless it is finished. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => {});
    await rm(this.temporary, { force: true }).catch(() => {});
  }
}
