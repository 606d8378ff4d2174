import { readFileSync } from 'node:fs';
import { type Matrix, matrix } from '../../matrix.js';

/** See fixtures/make_ridge.py. */
export interface RidgeCase {
  readonly ridge: number;
  /** Training queries, unit rows [n, d]. */
  readonly train: Matrix;
  readonly sets: readonly (readonly number[])[];
  /** Unit rows [n, d]. */
  readonly targets: Matrix;
  /** Unit rows [m, d]. */
  readonly queries: Matrix;
  /** [m][items]. */
  readonly scores: readonly (readonly number[])[];
  /** [m][d]. */
  readonly mapped: readonly (readonly number[])[];
}

type Rows = readonly (readonly number[])[];
type Stored = Omit<RidgeCase, 'train' | 'targets' | 'queries'> &
  Record<'train' | 'targets' | 'queries', Rows>;

/** Ridge regressions as numpy solves them. */
export function ridgeCases(): RidgeCase[] {
  const file = new URL('../fixtures/ridge.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as Stored[]).map((stored) => ({
    ...stored,
    train: ofRows(stored.train),
    targets: ofRows(stored.targets),
    queries: ofRows(stored.queries),
  }));
}

const ofRows = (rows: Rows): Matrix => matrix(rows.length, rows[0].length, Float32Array.from(rows.flat()));
