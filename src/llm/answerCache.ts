import { createHash } from 'node:crypto';
import * as z from 'zod';
import { JsonLog } from '../jsonLog.js';
import type { ChatMessage } from './chat.js';

const lineSchema = z.object({ key: z.string(), answer: z.unknown() });

/**
 * What models have answered, as JSON lines in a file, so that work goes on where it was stopped and nothing is paid for
 * twice. A line that a crash has torn is passed over, and so is an answer of another form.
 */
export class AnswerCache<T> {
  readonly #answers = new Map<string, T>();
  #log?: JsonLog;

  private constructor() {}

  /**
   * @param file made if missing; without one nothing outlives the process
   * @throws R4tError if the file cannot be written
   */
  static async open<T>(schema: z.ZodType<T>, file?: string): Promise<AnswerCache<T>> {
    const cache = new AnswerCache<T>();
    if (file === undefined) return cache;
    cache.#log = await JsonLog.open(file, (line) => {
      const { key, answer } = lineSchema.parse(line);
      cache.#answers.set(key, schema.parse(answer));
    });
    return cache;
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
    await this.#log?.append(answers.map(([key, answer]) => ({ key, answer })));
  }

  async close(): Promise<void> {
    await this.#log?.close();
  }
}

/** Names a question to a model. */
export function promptKey(model: string, messages: readonly ChatMessage[]): string {
  return createHash('sha256')
    .update(JSON.stringify([model, messages]))
    .digest('hex');
}
