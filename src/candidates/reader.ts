/** Candidates of a run's queries, as its models read them. */
import type { EmbeddedQueries } from '../environment.js';
import { InputError } from '../errors.js';
import { gatherRows, type Matrix, type VectorTable } from '../matrix.js';
import { type CandidatesOptions, readCandidates, SOURCES, type Standard, standardize } from './candidates.js';
import type { Repeats } from './repeats.js';

/** Candidates with what the sources say in deviations from the mean. */
export interface ReadQueries {
  /** Unit rows [n, d]. */
  readonly vectors: Matrix;
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

/** Reads the candidates of queries for a model that knows scores by this standard. */
export async function readQueries(
  queries: EmbeddedQueries,
  catalog: CandidatesOptions,
  standard: Standard,
  options?: ReadOptions,
): Promise<ReadQueries> {
  const { size, items, scores } = await readCandidates(queries, catalog, options);
  return { vectors: queries.vectors, size, items, scores: standardize(scores, standard) };
}

/** The given rows of queries. */
export function gatherRead(from: ReadQueries, rows: readonly number[]): ReadQueries {
  const { vectors, size, scores } = from;
  const numbers = scores.length / vectors.rows;
  const gathered = {
    vectors: gatherRows(vectors, rows),
    size,
    items: new Int32Array(rows.length * size),
    scores: new Float32Array(rows.length * numbers),
  };
  for (const [at, row] of rows.entries()) copyRead(from, row, gathered, at);
  return gathered;
}

/** Puts the candidates of one query in the place of another's; both have equally many. */
export function copyRead(from: ReadQueries, row: number, to: ReadQueries, at: number): void {
  const { size } = from;
  const numbers = from.scores.length / from.vectors.rows;
  to.items.set(from.items.subarray(row * size, (row + 1) * size), at * size);
  to.scores.set(from.scores.subarray(row * numbers, (row + 1) * numbers), at * numbers);
}

export interface RankCandidatesOptions {
  /** Queries with their candidates. */
  readonly read: ReadQueries;
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
  /** k: items of a set. */
  readonly rows: number;
  /** Items wanted in order, at least `rows`; fewer where there are fewer candidates. */
  readonly depth: number;
  /** Denoising steps, for models which have such. */
  readonly steps?: number;
  readonly seed?: number;
  /** Names of the queries' noise, e.g. their texts. */
  readonly streams?: readonly (string | number)[];
  /** Which repeats the set of `rows` avoids (none). */
  readonly repeats?: Repeats;
  readonly signal?: AbortSignal;
}

/** A model that chooses a set among each query's candidates. */
export interface CandidateRanker {
  readonly kind: 'candidates';
  /** What it takes the sources' scores by. */
  readonly standard: Standard;
  /** Rows of the catalog for every query: the set of `rows` first, then what would follow. */
  rank(options: RankCandidatesOptions): Promise<Int32Array[]>;
}

/** @throws InputError where the model of the file reads other sources than these, as another version's may */
export function checkStandard({ means }: Standard, file: string): void {
  if (means.length === SOURCES.length) return;
  throw new InputError(
    `reads ${means.length} sources of a candidate, this r4t has ${SOURCES.length}; compile again with --force`,
    { file },
  );
}

/** The model, where it is one that ranks candidates. */
export const rankerOf = (model: unknown): CandidateRanker | undefined =>
  (model as Partial<CandidateRanker> | undefined)?.kind === 'candidates'
    ? (model as CandidateRanker)
    : undefined;
