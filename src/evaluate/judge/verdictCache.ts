import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { writeError } from '../../files.js';
import type { ChatMessage } from '../../llm/chat.js';

const lineSchema = z.object({ key: z.string(), scores: z.array(z.int().min(1).max(5)).min(1) });

/**
 * Scores a judge has given, as JSON lines in a file, so that a judging goes on where it was stopped and nothing is paid
 * for twice. A line that a crash has torn is passed over.
 */
export class VerdictCache {
  readonly #scores = new Map<string, readonly number[]>();
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file?: string,
    private readonly handle?: FileHandle,
  ) {}

  /**
   * @param file made if missing; without one nothing outlives the process
   * @throws R4tError if the file cannot be written
   */
  static async open(file?: string): Promise<VerdictCache> {
    if (file === undefined) return new VerdictCache();
    try {
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, 'a');
      const cache = new VerdictCache(file, handle);
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
      const { key, scores } = lineSchema.parse(JSON.parse(line));
      this.#scores.set(key, scores);
    } catch {
      // Torn or foreign: the question is asked again.
    }
  }

  get(key: string): readonly number[] | undefined {
    return this.#scores.get(key);
  }

  async set(key: string, scores: readonly number[]): Promise<void> {
    this.#scores.set(key, scores);
    const line = `${JSON.stringify({ key, scores })}\n`;
    // One after the other, so that lines of concurrent calls do not mix.
    this.#writing = this.#writing.then(() => this.handle?.appendFile(line));
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
export function verdictKey(model: string, messages: readonly ChatMessage[]): string {
  return createHash('sha256')
    .update(JSON.stringify([model, messages]))
    .digest('hex');
}
