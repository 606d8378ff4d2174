import type { Bm25 } from '../lexical/bm25.js';
import type { Matrix } from '../matrix.js';
import type { Ranking } from '../ranking.js';

/** The best rows for each direction: entry `[i * k + r]` is rank `r` of direction `i`. */
export interface SearchHits {
  /** Row numbers in the catalog; -1 where fewer than `k` rows pass the filter. */
  readonly indices: Int32Array;
  /** Cosine scores, falling within a direction (but where words count too); -Infinity where the index is -1. */
  readonly scores: Float32Array;
  readonly k: number;
}

export interface SearchOptions {
  /** Hits a direction. */
  readonly k: number;
  /** One byte a catalog row, 1 = may be returned. Absent: every row may. */
  readonly mask?: Uint8Array;
}

export interface WordSearchOptions extends SearchOptions {
  /** The catalog's words in the process, for items that an index cannot know as they are now. */
  readonly lexicon: () => Bm25;
}

/**
 * Nearest-neighbour search over the catalog's unit vectors.
 *
 * @example
 * const index: VectorIndex = {
 *   size: vectors.rows,
 *   dim: vectors.cols,
 *   search: (directions, { k, mask }) => myIndex.nearest(directions, k, mask),
 * };
 */
export interface VectorIndex {
  readonly size: number;
  readonly dim: number;
  /** `directions` [n, dim] -> n * k hits. Equal scores are ordered by row number, so results are deterministic. */
  search(directions: Matrix, options: SearchOptions): Promise<SearchHits>;
  /**
   * Search by words, for indexes that have one of their own: hybrid search asks it in place of the process's BM25. At most `k` rows
   * for each text, with scores on one scale within a text, not negative.
   */
  searchWords?(texts: readonly string[], options: WordSearchOptions): Promise<Ranking[]>;
  /** Rows whose item has other fields than when the index was made; for indexes that read filters, see `planOfMask`. */
  setOutdated?(rows: readonly number[]): void;
  /** Frees native memory or connections, where it holds any. Twice is as good as once. */
  release?(): Promise<void>;
}
