import { dppMap } from '../index/dpp.js';
import { mmr } from '../index/mmr.js';
import { gatherRows, type Matrix } from '../matrix.js';
import { setMetrics } from './setMetrics.js';

/** The head of plain search for one validation query: what MMR and DPP choose from. */
export interface CandidateList {
  /** Unit vector of the query, [d]. */
  readonly query: Float32Array;
  /** Unit rows, best first, [n, d]. */
  readonly candidates: Matrix;
  /** Cosines to the query, [n]. */
  readonly relevance: ArrayLike<number>;
}

export interface TuneOptions {
  /** Items in a set. */
  readonly k: number;
  /** Values tried, in order of preference among equals. */
  readonly grid?: readonly number[];
}

export interface Tuned {
  readonly best: number;
  /** Mean composite on the validation queries of every value tried. */
  readonly scores: readonly { readonly value: number; readonly composite: number }[];
}

const LAMBDAS = [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0];
const THETAS = [64, 32, 16, 8, 4, 2, 1, 0.5, 0];

/** MMR's lambda with the highest mean composite. Give it validation queries only, never test queries. */
export function tuneMmr(validation: readonly CandidateList[], { k, grid = LAMBDAS }: TuneOptions): Tuned {
  return tune(validation, grid, (list, lambda) => mmr({ ...list, lambda, k }));
}

/** DPP's theta with the highest mean composite. Give it validation queries only, never test queries. */
export function tuneDpp(validation: readonly CandidateList[], { k, grid = THETAS }: TuneOptions): Tuned {
  return tune(validation, grid, (list, theta) => dppMap({ ...list, theta, k }));
}

function tune(
  validation: readonly CandidateList[],
  grid: readonly number[],
  select: (list: CandidateList, value: number) => Int32Array,
): Tuned {
  if (validation.length === 0) throw new RangeError('tuning needs at least one validation query');
  if (grid.length === 0) throw new RangeError('tuning needs at least one value to try');
  const scores = grid.map((value) => {
    let total = 0;
    for (const list of validation) {
      const items = gatherRows(list.candidates, select(list, value));
      total += setMetrics({ items, query: list.query }).composite;
    }
    return { value, composite: total / validation.length };
  });
  const best = scores.reduce((a, b) => (b.composite > a.composite ? b : a));
  return { best: best.value, scores };
}
