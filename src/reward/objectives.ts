import { dot, type Matrix, row } from '../matrix.js';

/**
 * How close each direction is to a real item: 1 - mean Euclidean distance (docs/paper.md, Rewards). Between unit
 * vectors the distance is 0 to 2, so this is -1 to 1.
 *
 * @param directions unit rows, [k, d]
 * @param items unit rows, [k, d]: row i is the item which direction i retrieved
 */
export function groundedness(directions: Matrix, items: Matrix): number {
  if (directions.rows !== items.rows || directions.cols !== items.cols) {
    throw new RangeError(
      `directions [${directions.rows}, ${directions.cols}] and items [${items.rows}, ${items.cols}] must agree`,
    );
  }
  if (items.rows === 0) return 0;
  let total = 0;
  for (let i = 0; i < items.rows; i++) total += distance(row(directions, i), row(items, i));
  return 1 - total / items.rows;
}

/**
 * How much a set is about the query: the mean cosine of its rows to the query (docs/paper.md, Rewards), -1 to 1.
 *
 * @param vectors unit rows, [k, d]: sub-queries in the reward, items in the evaluation
 * @param query unit length, [d]
 */
export function alignment(vectors: Matrix, query: Float32Array): number {
  if (vectors.rows === 0) return 0;
  let total = 0;
  for (let i = 0; i < vectors.rows; i++) total += dot(row(vectors, i), query);
  return total / vectors.rows;
}

/**
 * The share of the reference set which was retrieved: |Y intersect R(Q)| / |Y|, 0 to 1 (docs/paper.md, Rewards).
 * Both are taken as sets; NaN for an empty reference.
 *
 * @param retrieved row numbers R(Q), in any order
 * @param reference row numbers Y
 */
export function coverage(retrieved: Iterable<number>, reference: Iterable<number>): number {
  const wanted = new Set(reference);
  const missing = new Set(wanted);
  for (const item of retrieved) missing.delete(item);
  return (wanted.size - missing.size) / wanted.size;
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}
