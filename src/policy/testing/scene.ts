/** Thirty things, and random vectors for them. */
import { type Matrix, matrix, normalizeRows } from '../../matrix.js';
import { CounterRandom } from '../../random.js';

export const DIM = 12;

/** One thread: the figures are then the same on every machine, and tests run beside each other. */
export const runtime = { threads: 1 } as const;

const COLOURS = ['red', 'blue', 'green', 'black', 'golden'];
const THINGS = ['chair', 'table', 'lamp', 'tent', 'boot', 'shirt'];
/** What a catalog of thirty things would say. */
export const TEXTS = COLOURS.flatMap((colour) => THINGS.map((thing) => `${colour} ${thing}`));

/** Random unit rows [rows, DIM]. */
export function randomVectors(rows: number, seed: number): Matrix {
  const m = matrix(rows, DIM);
  new CounterRandom(seed, 'policy test vectors').fillNormal(m.data);
  return normalizeRows(m);
}
