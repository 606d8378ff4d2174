/** Candidates of a run's queries, as its models read them. */
import type { EmbeddedQueries } from '../environment.js';
import { type CandidatesOptions, readCandidates, type Standard, standardize } from './candidates.js';

/** Candidates with what the sources say in deviations from the mean. */
export interface ReadQueries {
  /** Unit rows [n, d]. */
  readonly vectors: EmbeddedQueries['vectors'];
  /** Candidates a query. */
  readonly size: number;
  /** Rows of the catalog, [n, size]. */
  readonly items: Int32Array;
  /** [n, size, SOURCES.length]. */
  readonly scores: Float32Array;
}

export interface ReadOptions {
  /** One byte a row, 1 = may be a candidate (all). */
  readonly mask?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** Reads queries nobody has labelled. */
export type CandidateReader = (queries: EmbeddedQueries, options?: ReadOptions) => Promise<ReadQueries>;

export const candidateReader =
  (catalog: CandidatesOptions, standard: Standard): CandidateReader =>
  async (queries, options) => {
    const { size, items, scores } = await readCandidates(queries, catalog, options);
    return { vectors: queries.vectors, size, items, scores: standardize(scores, standard) };
  };
