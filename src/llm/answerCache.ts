import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { writeError } from '../files.js';
import type { ChatMessage } from './chat.js';

const lineSchema = z.object({ key: z.string(), answer: z.unknown() });

/**
 * What models have answered, as JSON lines in a file, so that work goes on where it was stopped and nothing is paid for
 * twice. A line that a crash has torn is passed over, and so is an answer of another form.
 */
export class AnswerCache<T> {
  readonly #answers = new Map<string, T>();
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly schema: z.ZodType<T>,
    private readonly file?: string,
    private readonly handle?: FileHandle,
  ) {}

  /**
   * @param file made if missing; without one nothing outlives the process
   * @throws R4tError if the file cannot be written
   */
  static async open<T>(schema: z.ZodType<T>, file?: string): Promise<AnswerCache<T>> {
    if (file === undefined) return new AnswerCache(schema);
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, 'a');
      const cache = new AnswerCache(schema, file, handle);
      const text = await readFile(file, 'utf8');
      if (text !== '' && !text.endsWith('\n')) await handle.appendFile('\n');
      for (const line of text.split('\n')) cache.#read(line);
      return cache;
    } catch (error) {
      throw writeError(error, file);
    }
  }

  #read(line: string): void {
    try {
      const { key, answer } = lineSchema.parse(JSON.parse(line));
      this.#answers.set(key, this.schema.parse(answer));
    } catch {
      // Torn or foreign: the question is asked again.
    }
  }

  get(key: string): T | undefined {
    return this.#answers.get(key);
  }

  /** Answers there are. */
  get size(): number {
    return this.#answers.size;
  }

  set(key: string, answer: T): Promise<void> {
    return this.setAll([[key, answer]]);
  }

  /** Several answers in one write. */
  async setAll(answers: readonly (readonly [key: string, answer: T])[]): Promise<void> {
    for (const [key, answer] of answers) this.#answers.set(key, answer);
    const lines = answers.map(([key, answer]) => `${JSON.stringify({ key, answer })}\n`).join('');
    // One after the other, so that lines of concurrent calls do not mix.
    this.#writing = this.#writing.then(() => this.handle?.appendFile(lines));
    try {
      await this.#writing;
    } catch (error) {
      throw writeError(error, this.file ?? '');
    }
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }
}

/** Names a question to a model. */
export function promptKey(model: string, messages: readonly ChatMessage[]): string {
  return createHash('sha256')
    .update(JSON.stringify([model, messages]))
    .digest('hex');
}
