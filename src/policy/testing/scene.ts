/** Thirty things, and random vectors for them. */
import { DIM } from '../../encode/testing/letterEncoder.js';
import { type Matrix, matrix, normalizeRows } from '../../matrix.js';
import { CounterRandom } from '../../random.js';

export { TEXTS } from '../../catalog/testing/things.js';
export { DIM };

/** One thread: the figures are then the same on every machine, and tests run beside each other. */
export const runtime = { threads: 1 } as const;

/** Random unit rows [rows, DIM]. */
export function randomVectors(rows: number, seed: number): Matrix {
  const m = matrix(rows, DIM);
  new CounterRandom(seed, 'policy test vectors').fillNormal(m.data);
  return normalizeRows(m);
}
