/**
 * Recorded fan-outs: JSON lines, one a sampled fan-out (docs/policies.md, Recorded fan-outs). What a model wrote can so be gone on with,
 * shared, compared and used without the model.
 */
import * as z from 'zod';
import { readLines } from '../../catalog/lines.js';
import { InputError } from '../../errors.js';
import { checkInputFile } from '../../inputFile.js';
import { JsonLog } from '../../jsonLog.js';

export const fanOutRecord = z.object({
  query: z.string().min(1),
  /** Number of the sample among those of its query, from 0. */
  sample: z.int().min(0),
  /** As the model wrote them, each once, in its order. */
  subQueries: z.array(z.string().min(1)).min(1),
  /** Who wrote it. */
  model: z.string().min(1),
  /** Names the prompt, and how it was sampled. */
  promptHash: z.string().min(1),
  seed: z.int(),
  /** Milliseconds that it took. */
  ms: z.number().min(0).optional(),
});

export type FanOutRecord = z.output<typeof fanOutRecord>;

/**
 * Reads a file of recorded fan-outs.
 *
 * @throws InputError naming the line and the field that is wrong, or if there are none
 */
export async function readFanOuts(file: string): Promise<FanOutRecord[]> {
  await checkInputFile(file);
  const records: FanOutRecord[] = [];
  for await (const { text, line } of readLines(file)) {
    if (text.trim() === '') continue;
    records.push(parseRecord(text, file, line));
  }
  if (records.length > 0) return records;
  throw new InputError('has no recorded fan-outs; expected one JSON object a line', { file });
}

function parseRecord(text: string, file: string, line: number): FanOutRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(
      'is no JSON; expected an object with query, sample, subQueries, model, promptHash, seed',
      {
        file,
        line,
      },
    );
  }
  const result = fanOutRecord.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0];
  throw new InputError(message.replace(/^Invalid input: /, ''), {
    file,
    line,
    ...(path.length > 0 && { field: path.join('.') }),
  });
}

/** What tells a fan-out from all others: who wrote it, and to what. */
type Identity = Pick<FanOutRecord, 'query' | 'sample' | 'model' | 'promptHash' | 'seed'>;

const keyOf = ({ query, sample, model, promptHash, seed }: Identity): string =>
  JSON.stringify([query, sample, model, promptHash, seed]);

/** The fan-outs of a file that grows with each that is written. */
export class FanOutLog {
  readonly #records = new Map<string, FanOutRecord>();
  #log?: JsonLog;

  private constructor(private readonly keeps: boolean) {}

  /**
   * @param file made if missing
   * @throws R4tError if the file cannot be written
   */
  static async open(file: string): Promise<FanOutLog> {
    const log = new FanOutLog(true);
    log.#log = await JsonLog.open(file, (line) => log.#keep(fanOutRecord.parse(line)));
    return log;
  }

  /** The fan-outs that a file has, if there is one; none is added. */
  static async read(file: string): Promise<FanOutLog> {
    const log = new FanOutLog(false);
    await JsonLog.read(file, (line) => log.#keep(fanOutRecord.parse(line)));
    return log;
  }

  /** One that lives as long as the process. */
  static inMemory(): FanOutLog {
    return new FanOutLog(true);
  }

  get(identity: Identity): FanOutRecord | undefined {
    return this.#records.get(keyOf(identity));
  }

  /** Milliseconds of each fan-out by this model. */
  msOf(model: string): number[] {
    return [...this.#records.values()].flatMap((one) => (one.model === model && one.ms ? [one.ms] : []));
  }

  async add(record: FanOutRecord): Promise<void> {
    if (this.keeps) this.#keep(record);
    await this.#log?.append([record]);
  }

  async close(): Promise<void> {
    await this.#log?.close();
  }

  #keep(record: FanOutRecord): void {
    this.#records.set(keyOf(record), record);
  }
}
