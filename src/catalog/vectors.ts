import { InputError, type InputLocation } from '../errors.js';
import { dot, type Matrix, matrix, type StoredRows, type VectorTable } from '../matrix.js';
import { memoryForVectors } from '../memory.js';
import { Spool } from './spool.js';

const ROWS_A_CHUNK = 4096;

/**
 * Collects precomputed vectors row by row, each scaled to unit length, without knowing how many will come: in memory as long as they
 * fit there, then all of them in a file.
 */
export class VectorCollector {
  readonly #chunks: Float32Array[] = [];
  #rows = 0;
  #cols = 0;
  readonly #most = memoryForVectors();
  #spool: Spool | undefined;

  /** @param folder for a file (none: all stay in memory) */
  constructor(private readonly folder?: string) {}

  get rows(): number {
    return this.#rows;
  }

  /**
   * @param value a list of numbers, or a string of numbers separated by spaces or commas (brackets allowed)
   * @throws InputError if it is no such thing, has another length than the first, a non-finite value or length zero
   */
  add(value: unknown, location: InputLocation): void {
    const numbers = typeof value === 'string' ? parseNumbers(value) : value;
    if (!Array.isArray(numbers) || numbers.length === 0) {
      throw new InputError('expected a list of numbers', location);
    }
    if (this.#rows === 0) this.#cols = numbers.length;
    if (numbers.length !== this.#cols) {
      throw new InputError(
        `has ${numbers.length} numbers, the first vector has ${this.#cols}; make all vectors equally long`,
        location,
      );
    }
    const bad = numbers.findIndex((x) => typeof x !== 'number' || !Number.isFinite(x));
    if (bad !== -1) {
      throw new InputError(
        `number ${bad + 1} is ${describe(numbers[bad])}; expected a finite number`,
        location,
      );
    }
    const norm = Math.sqrt(dot(numbers, numbers));
    if (!(norm > 0 && Number.isFinite(norm))) {
      throw new InputError(
        `has length ${norm === 0 ? 'zero' : norm}, so it has no direction; embed the item again or drop it`,
        location,
      );
    }
    const at = this.#rows % ROWS_A_CHUNK;
    if (at === 0) {
      this.#spill();
      this.#chunks.push(new Float32Array(ROWS_A_CHUNK * this.#cols));
    }
    const chunk = this.#chunks[this.#chunks.length - 1];
    for (let j = 0; j < this.#cols; j++) chunk[at * this.#cols + j] = numbers[j] / norm;
    this.#rows++;
  }

  /** All rows, [rows, length] of unit length; empties the collector. */
  finish(): VectorTable {
    if (this.#spool) {
      const rest = this.#chunks.splice(0)[0] ?? new Float32Array();
      this.#spool.append(
        bytesOf(rest.subarray(0, ((this.#rows - 1) % ROWS_A_CHUNK) * this.#cols + this.#cols)),
      );
      return spooledRows(this.#spool, this.#rows, this.#cols);
    }
    const out = matrix(this.#rows, this.#cols);
    let offset = 0;
    for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
      out.data.set(chunk.subarray(0, out.data.length - offset), offset);
      offset += chunk.length;
    }
    this.#rows = 0;
    return out;
  }

  /** Closes the file, where there is one. */
  close(): void {
    this.#spool?.close();
  }

  /** Writes what is full, once all together would be too much. In the end they are held twice for a moment. */
  #spill(): void {
    if (this.folder === undefined || this.#rows === 0) return;
    if (!this.#spool && 8 * this.#rows * this.#cols <= this.#most) return;
    this.#spool ??= Spool.in(this.folder);
    for (const chunk of this.#chunks.splice(0)) this.#spool.append(bytesOf(chunk));
  }
}

const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const spooledRows = (spool: Spool, rows: number, cols: number): StoredRows => ({
  rows,
  cols,
  read(start, end): Matrix {
    const out = matrix(end - start, cols);
    spool.read(bytesOf(out.data), 4 * cols * start);
    return out;
  },
});

function parseNumbers(text: string): number[] {
  const inner = text
    .trim()
    .replace(/^\[|\]$/g, '')
    .trim();
  return inner === '' ? [] : inner.split(/[\s,;]+/).map(Number);
}

function describe(value: unknown): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
