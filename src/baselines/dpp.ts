import { dotsWithRow, type Matrix, row } from '../matrix.js';

export interface DppOptions {
  /** The head of a plain search, unit rows, [n, d]. */
  readonly candidates: Matrix;
  /** Cosines between the candidates, [n, n], where they are known (else computed as needed). */
  readonly cosines?: Matrix;
  /** Cosine of each candidate to the query, [n]. */
  readonly relevance: ArrayLike<number>;
  /** Weight of relevance: 0 = diversity only; the larger, the closer to plain search. */
  readonly theta: number;
  /** Items wanted. */
  readonly k: number;
}

/**
 * Weight of relevance for a share of diversity in 0..1, as Chen, Zhang & Zhou weigh the two (section 4: alpha =
 * t / (2 (1 - t)) for a share of relevance t); infinite where there is to be none.
 */
export const thetaOf = (diversity: number): number => (1 - diversity) / (2 * diversity);

/** Squared distances to the span of the picked items below this are rounding of float32 vectors, not novelty. */
const SINGULAR = 1e-6;

/**
 * Greedy MAP inference of a determinantal point process (Chen, Zhang & Zhou, NeurIPS 2018): picks one item after the
 * other so that det L of the picked ones grows most, L = diag(q) S diag(q), S the cosine kernel and
 * q_i = exp(theta * relevance_i). The incremental Cholesky factor makes it O(k^2 n + k n d).
 *
 * A pick multiplies det L by q_i^2 r_i, with r_i the squared distance of item i to the span of the picked ones.
 * Only S is factorised and gains are compared as 2 theta relevance_i + ln r_i, so a large theta cannot overflow.
 * When no item is left outside the span, det L is 0 whatever is picked, and relevance decides.
 *
 * @returns positions in `candidates` in the order picked, min(k, n) of them; equal gains go to the lower position
 *
 * @example
 * const places = dppMap({ candidates, relevance, theta: 20, k: 10 });
 * const set = Array.from(places, (place) => hits[place]);
 */
export function dppMap({ candidates, cosines, relevance, theta, k }: DppOptions): Int32Array {
  const n = candidates.rows;
  const picked = new Int32Array(Math.min(k, n));
  const taken = new Uint8Array(n);
  /** r_i; S has a unit diagonal. */
  const residual = new Float64Array(n).fill(1);
  /** Column s of the Cholesky factor is entries [s * n, (s + 1) * n). */
  const factor = new Float64Array(picked.length * n);

  for (let step = 0; step < picked.length; step++) {
    const best = argmaxGain(relevance, theta, residual, taken);
    picked[step] = best;
    taken[best] = 1;
    if (residual[best] <= SINGULAR) continue;
    const scale = 1 / Math.sqrt(residual[best]);
    const rest = Float64Array.from(cosines ? row(cosines, best) : dotsWithRow(candidates, best));
    // Column by column: along the rows of the factor memory is read in order.
    for (let s = 0; s < step; s++) {
      const column = factor.subarray(s * n, (s + 1) * n);
      const weight = column[best];
      if (weight !== 0) for (let i = 0; i < n; i++) rest[i] -= weight * column[i];
    }
    for (let i = 0; i < n; i++) {
      const entry = rest[i] * scale;
      factor[step * n + i] = entry;
      residual[i] -= entry * entry;
    }
  }
  return picked;
}

function argmaxGain(
  relevance: ArrayLike<number>,
  theta: number,
  residual: Float64Array,
  taken: Uint8Array,
): number {
  let best = -1;
  let bestGain = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < residual.length; i++) {
    if (taken[i] === 1 || residual[i] <= SINGULAR) continue;
    const gain = 2 * theta * relevance[i] + Math.log(residual[i]);
    if (gain > bestGain) {
      best = i;
      bestGain = gain;
    }
  }
  return best >= 0 ? best : mostRelevant(relevance, taken);
}

function mostRelevant(relevance: ArrayLike<number>, taken: Uint8Array): number {
  let best = -1;
  for (let i = 0; i < taken.length; i++) {
    if (taken[i] === 0 && (best < 0 || relevance[i] > relevance[best])) best = i;
  }
  return best;
}
