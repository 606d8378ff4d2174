import { type FileHandle, open } from 'node:fs/promises';
import type { MetricsLine } from '../run/metricsLog.js';

/** What is new in a file. */
export interface TailNews {
  /** The file began anew, or lost lines that were read before: forget them, `lines` has all there are. */
  readonly reset: boolean;
  readonly lines: readonly MetricsLine[];
}

/** Bytes read at once. */
const CHUNK = 2 ** 20;

/**
 * Follows a file of metrics that another process appends to. A training that goes on at a checkpoint cuts lines off
 * first, which shows: the file is shorter than before, begins in the middle of a line, or a step comes again.
 */
export class MetricsTail {
  #offset = 0;
  #rest = Buffer.alloc(0);
  #lastStep = Number.NEGATIVE_INFINITY;

  constructor(readonly file: string) {}

  /** The whole lines that were added since the last call; none while there is no such file. */
  async read(): Promise<TailNews> {
    const handle = await open(this.file).catch(() => undefined);
    if (!handle) {
      const reset = this.#offset > 0;
      this.#forget();
      return { reset, lines: [] };
    }
    try {
      const { size } = await handle.stat();
      if (size >= this.#offset) {
        const last = this.#lastStep;
        const { lines, whole } = await this.#readOn(handle, size);
        if (whole && !(lines[0]?.step <= last)) return { reset: false, lines };
      }
      this.#forget();
      return { reset: true, lines: (await this.#readOn(handle, size)).lines };
    } finally {
      await handle.close();
    }
  }

  /** `whole` is false where something is no line of metrics: the middle of one, in a file that was cut and grew again. */
  async #readOn(handle: FileHandle, size: number): Promise<{ lines: MetricsLine[]; whole: boolean }> {
    const lines: MetricsLine[] = [];
    let whole = true;
    while (this.#offset < size) {
      const chunk = Buffer.alloc(Math.min(CHUNK, size - this.#offset));
      const { bytesRead } = await handle.read(chunk, 0, null, this.#offset);
      if (bytesRead === 0) break;
      this.#offset += bytesRead;
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
      let start = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
        const line = parseLine(bytes.toString('utf8', start, end));
        start = end + 1;
        if (line) lines.push(line);
        else whole = false;
      }
      this.#rest = bytes.subarray(start);
    }
    this.#lastStep = lines.at(-1)?.step ?? this.#lastStep;
    return { lines, whole };
  }

  #forget(): void {
    this.#offset = 0;
    this.#rest = Buffer.alloc(0);
    this.#lastStep = Number.NEGATIVE_INFINITY;
  }
}

function parseLine(text: string): MetricsLine | undefined {
  try {
    const line = JSON.parse(text) as MetricsLine | null;
    return typeof line?.step === 'number' ? line : undefined;
  } catch {
    return undefined;
  }
}
