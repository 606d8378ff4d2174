/** Directions of sub-queries, each with something of its query. */
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder } from './encoder.js';

export interface TowardsQueriesOptions extends Pick<RunControl, 'signal'> {
  /** Directions of a query, in a row. */
  readonly perQuery: number;
  /** Encodes the queries, as it did the sub-queries. */
  readonly subQueryEncoder: Pick<Encoder, 'encode'>;
  /** Share of the query in each direction, 0 (none) to 1. */
  readonly queryShare: number;
}

/**
 * Mixes the query into each of its directions. A word of a query that people wrote means less alone than in its query ("computer" in
 * "gifts for a computer scientist").
 *
 * @param directions unit rows [texts.length * perQuery, d]
 * @returns unit rows of the same shape; `directions` itself where the share is 0
 */
export async function towardsQueries(
  directions: Matrix,
  texts: readonly string[],
  { perQuery, subQueryEncoder, queryShare, signal }: TowardsQueriesOptions,
): Promise<Matrix> {
  if (queryShare === 0) return directions;
  return mixWithQueries(directions, await subQueryEncoder.encode(texts, { signal }), {
    perQuery,
    queryShare,
  });
}

/**
 * (1 - queryShare) direction + queryShare query, of unit length.
 *
 * @param directions unit rows [queries.rows * perQuery, d]
 */
export function mixWithQueries(
  directions: Matrix,
  queries: Matrix,
  { perQuery, queryShare }: Pick<TowardsQueriesOptions, 'perQuery' | 'queryShare'>,
): Matrix {
  const mixed = matrix(directions.rows, directions.cols);
  for (let i = 0; i < mixed.rows; i++) {
    const direction = row(directions, i);
    const query = row(queries, Math.floor(i / perQuery));
    const out = row(mixed, i);
    for (let j = 0; j < out.length; j++) out[j] = (1 - queryShare) * direction[j] + queryShare * query[j];
  }
  return normalizeRows(mixed);
}
