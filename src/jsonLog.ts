import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeError } from './files.js';

/** JSON lines in a file that only grows: what is appended is kept whatever happens next. */
export class JsonLog {
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  /**
   * Reads the lines that there are; a last one that a crash has torn is cut off.
   *
   * @param file made if missing
   * @param onLine may throw, which passes over the line
   * @throws R4tError if the file cannot be written
   */
  static async open(file: string, onLine: (line: unknown) => void): Promise<JsonLog> {
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, 'a');
      const lines = (await readFile(file, 'utf8')).split('\n');
      const last = lines.at(-1) ?? '';
      // Torn, it would spoil the file for other readers.
      if (!isJson(last))
        await handle.truncate(Buffer.byteLength(lines.slice(0, -1).join('\n')) + Number(lines.length > 1));
      else if (last !== '') await handle.appendFile('\n');
      for (const line of lines) read(line, onLine);
      return new JsonLog(file, handle);
    } catch (error) {
      throw writeError(error, file);
    }
  }

  /** Reads the lines of a file, if there is one, and appends none. */
  static async read(file: string, onLine: (line: unknown) => void): Promise<void> {
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const line of text.split('\n')) read(line, onLine);
  }

  /** Appends lines in one write, one call after the other, so that lines of concurrent calls do not mix. */
  async append(lines: readonly unknown[]): Promise<void> {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    this.#writing = this.#writing.then(() => this.handle.appendFile(text));
    try {
      await this.#writing;
    } catch (error) {
      throw writeError(error, this.file);
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

function isJson(line: string): boolean {
  try {
    return line === '' || JSON.parse(line) !== undefined;
  } catch {
    return false;
  }
}

function read(line: string, onLine: (line: unknown) => void): void {
  try {
    onLine(JSON.parse(line));
  } catch {
    // Torn or foreign.
  }
}
