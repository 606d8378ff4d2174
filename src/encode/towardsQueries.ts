/** Directions of sub-queries, each with something of its query. */
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';

/**
 * (1 - share) direction + share query, of unit length: a word of a query means less alone than in its query ("computer" in
 * "gifts for a computer scientist").
 *
 * @param directions unit rows [n, d]
 * @param query unit vector [d]
 * @param share of the query in each direction, 0 (none) to 1
 * @returns unit rows [n, d]; `directions` itself where the share is 0
 */
export function towardsQuery(directions: Matrix, query: Float32Array, share: number): Matrix {
  if (share === 0) return directions;
  const mixed = matrix(directions.rows, directions.cols);
  for (let i = 0; i < mixed.rows; i++) {
    const direction = row(directions, i);
    const out = row(mixed, i);
    for (let j = 0; j < out.length; j++) out[j] = (1 - share) * direction[j] + share * query[j];
  }
  return normalizeRows(mixed);
}
