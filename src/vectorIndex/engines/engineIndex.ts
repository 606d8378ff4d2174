import { planOfMask } from '../../catalog/filter/filterPlan.js';
import type { Item } from '../../catalog/item.js';
import { RowsById } from '../../catalog/rowsById.js';
import { InputError } from '../../errors.js';
import { dot, type Matrix, row, type VectorTable } from '../../matrix.js';
import type { Ranking } from '../../ranking.js';
import type { SearchHits, SearchOptions, VectorIndex, WordSearchOptions } from '../vectorIndex.js';
import type { SearchEngine } from './searchEngine.js';

/** Of so few rows that pass, each is looked at here: exact, and sooner than an engine is asked. */
const FEW = 2000;

export interface EngineIndexOptions {
  readonly items: readonly Item[];
  /** Unit rows [items, d]. */
  readonly vectors: VectorTable;
  /** Of the push that brought these items. */
  readonly version: string;
  /** Whether it is asked for words too. */
  readonly words?: boolean;
}

/**
 * A run's catalog in a search engine. The engine finds, by vector and by the filter that a mask was made of; what it finds is looked up
 * in the mask, and scored by the run's own vectors: scores are cosines to the last bit, and what the engine holds besides this catalog
 * is never found. Where it is to be asked for words too, their scores are the engine's.
 */
export class EngineIndex implements VectorIndex {
  private readonly vectors: VectorTable;
  readonly #rowOf: RowsById;
  #outdated: readonly number[] = [];
  /** Absent where the process looks words up. */
  readonly searchWords?: VectorIndex['searchWords'];

  private constructor(
    private readonly engine: SearchEngine,
    { items, vectors, words }: EngineIndexOptions,
  ) {
    this.#rowOf = RowsById.of(items);
    this.vectors = vectors;
    const ask = words ? engine.searchWords?.bind(engine) : undefined;
    if (ask) this.searchWords = (texts, options) => this.#findWords(ask, texts, options);
  }

  /**
   * @throws InputError if the collection is missing, holds other vectors, not all of that push or no words that are to be asked for,
   *   IndexError if the engine does not answer
   */
  static async open(engine: SearchEngine, options: EngineIndexOptions): Promise<EngineIndex> {
    const { items, vectors, version, words } = options;
    const info = await engine.info(version);
    const push = `r4t push <run> --to ${engine.name}`;
    if (!info) throw new InputError(`there is no ${engine.name}; first ${push}`, { field: 'index' });
    checkDimension(engine, info.dim, vectors.cols);
    if (info.documents < items.length) {
      throw new InputError(
        `${engine.name} holds ${info.documents} of the run's ${items.length} items as they are now; ${push} brings the others`,
        { field: 'index' },
      );
    }
    if (words && !(engine.searchWords && info.words)) {
      throw new InputError(`${engine.name} has no index of words; ${push} --words makes one`, {
        field: 'index.words',
      });
    }
    return new EngineIndex(engine, options);
  }

  get size(): number {
    return this.vectors.rows;
  }

  get dim(): number {
    return this.vectors.cols;
  }

  setOutdated(rows: readonly number[]): void {
    this.#outdated = rows;
  }

  async search(directions: Matrix, { k, mask }: SearchOptions): Promise<SearchHits> {
    checkDimension(this.engine, this.dim, directions.cols);
    const hits: SearchHits = {
      indices: new Int32Array(directions.rows * k).fill(-1),
      scores: new Float32Array(directions.rows * k).fill(Number.NEGATIVE_INFINITY),
      k,
    };
    if (directions.rows === 0) return hits;
    const found = await this.#find(directions, k, mask);
    found.forEach((rows, i) => {
      const direction = row(directions, i);
      const scored = rows.map((r) => ({ r, score: Math.fround(dot(direction, row(this.vectors, r))) }));
      scored.sort((a, b) => b.score - a.score || a.r - b.r);
      scored.slice(0, k).forEach(({ r, score }, rank) => {
        hits.indices[i * k + rank] = r;
        hits.scores[i * k + rank] = score;
      });
    });
    return hits;
  }

  /** Rows of each direction, in any order: all that the best k are among, as far as the engine knows. */
  async #find(directions: Matrix, k: number, mask: Uint8Array | undefined): Promise<number[][]> {
    const passing = mask && rowsOf(mask, FEW);
    if (passing) return Array.from({ length: directions.rows }, () => passing);
    const filter = mask && planOfMask(mask)?.();
    // What the engine's filter would judge by what these rows were.
    const outdated = filter ? this.#outdated.filter((r) => mask?.[r] === 1) : [];
    const most = Math.min(this.engine.maxK, this.size);
    for (let depth = Math.min(most, mask ? 2 * k : k); ; depth = Math.min(most, 4 * depth)) {
      const ids = await this.engine.search(directions, { k: depth, filter });
      const rows = ids.map((list) =>
        list.flatMap((id) => {
          const r = this.#rowOf.get(id);
          return r === undefined || mask?.[r] === 0 ? [] : [r];
        }),
      );
      if (depth === most || rows.every((list, i) => list.length >= k || ids[i].length < depth))
        return this.#complete(rows, Math.min(k, most), mask).map((list) => [
          ...new Set([...list, ...outdated]),
        ]);
    }
  }

  /** An approximate index that gives up behind a filter finds fewer than there are: then all that pass are looked at. */
  #complete(found: readonly number[][], k: number, mask: Uint8Array | undefined): readonly number[][] {
    if (found.every((list) => list.length >= k)) return found;
    const all = rowsOf(mask ?? new Uint8Array(this.size).fill(1), this.size) ?? [];
    return found.map((list) => (list.length < Math.min(k, all.length) ? all : list));
  }

  /** Best first; what the mask does not let pass is looked for deeper, as in `#find`. */
  async #findWords(
    ask: NonNullable<SearchEngine['searchWords']>,
    texts: readonly string[],
    { k, mask }: WordSearchOptions,
  ): Promise<Ranking[]> {
    if (texts.length === 0) return [];
    const filter = mask && planOfMask(mask)?.();
    const most = Math.min(this.engine.maxK, this.size);
    for (let depth = Math.min(most, mask ? 2 * k : k); ; depth = Math.min(most, 4 * depth)) {
      const found = await ask(texts, { k: depth, filter });
      const passing = found.map((hits) =>
        hits.flatMap(({ id, score }) => {
          const r = this.#rowOf.get(id);
          return r === undefined || mask?.[r] === 0 ? [] : [{ r, score }];
        }),
      );
      if (depth < most && passing.some((rows, i) => rows.length < k && found[i].length === depth)) continue;
      return passing.map((rows) => {
        const best = rows.sort((a, b) => b.score - a.score || a.r - b.r).slice(0, k);
        return {
          items: Int32Array.from(best, ({ r }) => r),
          scores: Float32Array.from(best, ({ score }) => score),
        };
      });
    }
  }

  release(): Promise<void> {
    return this.engine.close();
  }
}

function checkDimension({ name }: SearchEngine, held: number, given: number): void {
  if (held === given) return;
  throw new InputError(
    `${name} holds vectors of length ${held}, got ${given}; push the run to a collection of its own`,
    { field: 'index' },
  );
}

/** The rows that pass; undefined if these are more than `most`. */
function rowsOf(mask: Uint8Array, most: number): number[] | undefined {
  const rows: number[] = [];
  for (let r = 0; r < mask.length; r++) {
    if (mask[r] === 0) continue;
    if (rows.length === most) return undefined;
    rows.push(r);
  }
  return rows;
}
