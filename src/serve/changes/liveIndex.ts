/** The compiled index, with what has changed since laid over it. */
import { describeMask, planOfMask } from '../../catalog/filter/filterPlan.js';
import type { RuntimeOptions } from '../../engine/index.js';
import { type Matrix, matrix } from '../../matrix.js';
import type { Ranking } from '../../ranking.js';
import { ExactIndex } from '../../vectorIndex/exactIndex.js';
import { withLateRows } from '../../vectorIndex/lateWords.js';
import { mergeHits } from '../../vectorIndex/mergeHits.js';
import type {
  SearchHits,
  SearchOptions,
  VectorIndex,
  WordSearchOptions,
} from '../../vectorIndex/vectorIndex.js';

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
  #outdated: readonly number[] = [];
  /** Present where the compiled index has words. */
  readonly searchWords?: VectorIndex['searchWords'];

  constructor(
    private readonly compiled: VectorIndex,
    private readonly runtime: RuntimeOptions = {},
  ) {
    this.#addedVectors = matrix(0, compiled.dim);
    this.#alive = new Uint8Array(compiled.size).fill(1);
    const ask = compiled.searchWords?.bind(compiled);
    if (ask) this.searchWords = (texts, options) => this.#findWords(ask, texts, options);
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
    this.#outdated = rows;
    this.compiled.setOutdated?.(rows);
  }

  async search(directions: Matrix, { k, mask }: SearchOptions): Promise<SearchHits> {
    const { allowed, compiled } = this.#masks(mask);
    const { size } = this.compiled;
    const hits = await this.compiled.search(directions, { k, mask: compiled });
    if (this.#addedVectors.rows === 0) return hits;
    this.#added ??= await ExactIndex.create({ vectors: this.#addedVectors, ...this.runtime });
    const late = await this.#added.search(directions, { k, mask: allowed?.subarray(size) });
    mergeHits(hits, 0, late, size);
    return hits;
  }

  /** Rows that came later, or are filtered by what the compiled index knows otherwise, are looked up in the process. */
  async #findWords(
    ask: NonNullable<VectorIndex['searchWords']>,
    texts: readonly string[],
    { k, mask, lexicon }: WordSearchOptions,
  ): Promise<Ranking[]> {
    const { allowed, compiled } = this.#masks(mask);
    const found = await ask(texts, { k, mask: compiled, lexicon });
    const late = new Uint8Array(this.size);
    for (const row of mask ? this.#outdated : []) late[row] = allowed?.[row] ?? 1;
    for (let row = this.compiled.size; row < late.length; row++) late[row] = allowed?.[row] ?? 1;
    if (!late.includes(1)) return found;
    return found.map((ranking, i) => withLateRows(ranking, { text: texts[i], bm25: lexicon(), late, k }));
  }

  /** What may be found of all rows, and of the compiled ones with the filter that it was made of. */
  #masks(mask: Uint8Array | undefined): { readonly allowed?: Uint8Array; readonly compiled?: Uint8Array } {
    const allowed = this.#anyDead ? both(this.#alive, mask) : mask;
    const compiled = allowed?.subarray(0, this.compiled.size);
    if (mask && compiled) describeMask(compiled, planOfMask(mask));
    return { allowed, compiled };
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
