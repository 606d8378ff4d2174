/** The compiled index, with what has changed since laid over it. */
import { describeMask, planOfMask } from '../../catalog/filter/filterPlan.js';
import type { RuntimeOptions } from '../../engine/index.js';
import { type Matrix, matrix } from '../../matrix.js';
import { ExactIndex } from '../../vectorIndex/exactIndex.js';
import { mergeHits } from '../../vectorIndex/mergeHits.js';
import type { SearchHits, SearchOptions, VectorIndex } from '../../vectorIndex/vectorIndex.js';

/**
 * Searches compiled rows and rows added later as one catalog; dead rows are never found. Added rows have their own
 * exact index, made anew at the first search after a change: milliseconds for the thousands of changes after which
 * compiling again is due anyway.
 */
export class LiveIndex implements VectorIndex {
  #added: ExactIndex | undefined;
  #addedVectors: Matrix;
  #alive: Uint8Array;
  #anyDead = false;

  constructor(
    private readonly compiled: VectorIndex,
    private readonly runtime: RuntimeOptions = {},
  ) {
    this.#addedVectors = matrix(0, compiled.dim);
    this.#alive = new Uint8Array(compiled.size).fill(1);
  }

  get size(): number {
    return this.compiled.size + this.#addedVectors.rows;
  }

  get dim(): number {
    return this.compiled.dim;
  }

  /** Rows after the compiled ones, unit rows [n, dim]. */
  async setAdded(added: Matrix): Promise<void> {
    await this.#added?.release();
    this.#added = undefined;
    this.#addedVectors = added;
  }

  /** One byte a row of the whole catalog, 0 = deleted or replaced. */
  setAlive(alive: Uint8Array): void {
    this.#alive = alive;
    this.#anyDead = alive.includes(0);
  }

  /** Compiled rows whose item has other fields than it was compiled with. */
  setOutdated(rows: readonly number[]): void {
    this.compiled.setOutdated?.(rows);
  }

  async search(directions: Matrix, { k, mask }: SearchOptions): Promise<SearchHits> {
    const allowed = this.#anyDead ? both(this.#alive, mask) : mask;
    const { size } = this.compiled;
    const compiled = allowed?.subarray(0, size);
    if (mask && compiled) describeMask(compiled, planOfMask(mask));
    const hits = await this.compiled.search(directions, { k, mask: compiled });
    if (this.#addedVectors.rows === 0) return hits;
    this.#added ??= await ExactIndex.create({ vectors: this.#addedVectors, ...this.runtime });
    const late = await this.#added.search(directions, { k, mask: allowed?.subarray(size) });
    mergeHits(hits, 0, late, size);
    return hits;
  }

  /** Frees both parts; nothing may be searching. */
  async release(): Promise<void> {
    await this.#added?.release();
    await this.compiled.release?.();
  }
}

function both(alive: Uint8Array, mask: Uint8Array | undefined): Uint8Array {
  return mask ? alive.map((byte, row) => byte & mask[row]) : alive;
}
