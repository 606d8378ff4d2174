import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../errors.js';
import { writeError } from '../files.js';

/** One line of a metrics file. Figures that are not finite are written as null. */
export interface MetricsLine {
  /** The training step, from 0; must not fall from line to line. */
  readonly step: number;
  readonly [name: string]: unknown;
}

export interface MetricsLogOptions {
  /** Going on from a checkpoint: keep the lines of the steps before this one, drop the rest [0: start anew]. */
  readonly fromStep?: number;
}

/**
 * Metrics as JSON lines, one file a stage. A line torn by a crash is dropped when the log is opened again.
 *
 * @example
 * const log = await MetricsLog.open(run.path('policy', 'metrics.jsonl'), { fromStep: 200 });
 * await log.append({ step: 200, reward: 0.61 });
 * await log.close();
 */
export class MetricsLog {
  private constructor(
    readonly file: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws InputError if the file is damaged, R4tError if it cannot be written */
  static async open(file: string, { fromStep = 0 }: MetricsLogOptions = {}): Promise<MetricsLog> {
    try {
      await mkdir(dirname(file), { recursive: true });
      const kept = (await parseFile(file)).filter(({ value }) => value.step < fromStep);
      const handle = await open(file, 'a');
      await handle.truncate(kept.at(-1)?.end ?? 0);
      return new MetricsLog(file, handle);
    } catch (error) {
      throw writeError(error, file);
    }
  }

  async append(line: MetricsLine): Promise<void> {
    try {
      await this.handle.appendFile(`${JSON.stringify(line)}\n`);
    } catch (error) {
      throw writeError(error, this.file);
    }
  }

  async close(): Promise<void> {
    try {
      await this.handle.sync();
    } finally {
      await this.handle.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * All whole lines of a metrics file; none if there is no such file.
 *
 * @throws InputError if a line before the last is malformed
 */
export async function readMetrics(file: string): Promise<MetricsLine[]> {
  return (await parseFile(file)).map(({ value }) => value);
}

async function parseFile(file: string): Promise<{ value: MetricsLine; end: number }[]> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const lines: { value: MetricsLine; end: number }[] = [];
  let start = 0;
  for (let newline = bytes.indexOf(10); newline !== -1; newline = bytes.indexOf(10, start)) {
    const value = parseLine(bytes.toString('utf8', start, newline));
    if (value === undefined) {
      throw new InputError('is not a line of metrics; repair or delete the file', {
        file,
        line: lines.length + 1,
      });
    }
    start = newline + 1;
    lines.push({ value, end: start });
  }
  return lines;
}

function parseLine(text: string): MetricsLine | undefined {
  try {
    const value = JSON.parse(text) as MetricsLine | null;
    return typeof value?.step === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}
