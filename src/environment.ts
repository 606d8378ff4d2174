/** The frozen world that queries are answered in: what training, searching and evaluation all look at. */
import type { Item } from './catalog/item.js';
import type { Encoder } from './encode/encoder.js';
import type { Bm25 } from './lexical/bm25.js';
import type { Matrix, VectorTable } from './matrix.js';
import type { Judge } from './reward/judge/judge.js';
import type { VectorIndex } from './vectorIndex/vectorIndex.js';

/** The frozen world in which sub-queries earn their reward. */
export interface RetrievalWorld {
  readonly items: readonly Item[];
  /** Content embeddings e_c, unit rows [items, d]. */
  readonly vectors: VectorTable;
  readonly index: VectorIndex;
  /** The projected text encoder e_t of queries. */
  readonly encoder: Encoder;
  /** e_t of sub-queries, perhaps grounded in the catalog; give it a cache, they repeat. */
  readonly subQueryEncoder: Encoder;
  /** The catalog's words; indexed when they are first asked for. */
  lexicon(): Bm25;
  /** Says how relevant retrieved items are, for rewards which read that. */
  readonly judge?: Judge;
  /** The catalog's own names of `id`, `title`, `text`, `category` and `image`, for filters. */
  readonly ownNames?: ReadonlyMap<string, string>;
}

/** Queries with their embeddings, unit rows [texts.length, d]. */
export type EmbeddedQueries = Pick<QueryBatch, 'texts' | 'vectors'>;

/** Queries with their embeddings and, where known, reference sets. */
export interface QueryBatch {
  readonly texts: readonly string[];
  /** e_t(q), unit rows [n, d]. */
  readonly vectors: Matrix;
  /** Reference rows of each query; absent for open-ended retrieval. */
  readonly references?: readonly (readonly number[])[];
}

/** Queries with the sets that people made for them. */
export interface LabelledQueries extends QueryBatch {
  /** Rows of each one's reference set; some may be empty. */
  readonly references: readonly (readonly number[])[];
}
