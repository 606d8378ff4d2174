/** Directions with something of others in them. */
import { type Matrix, matrix, normalizeRows } from '../matrix.js';

/**
 * (1 - share) a + share b, of unit length, row by row.
 *
 * @param a unit rows [n, d]
 * @param b unit rows [n, d], or one for all of `a` [1, d]
 * @param share of `b`, 0 (none) to 1
 * @returns unit rows [n, d]
 */
export function blend(a: Matrix, b: Matrix, share: number): Matrix {
  const mixed = matrix(a.rows, a.cols);
  const { length } = b.data;
  for (let i = 0; i < mixed.data.length; i++)
    mixed.data[i] = (1 - share) * a.data[i] + share * b.data[i % length];
  return normalizeRows(mixed);
}
