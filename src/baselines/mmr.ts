import { dotsWithRow, type Matrix, row } from '../matrix.js';

export interface MmrOptions {
  /** The head of a plain search, unit rows, [n, d]. */
  readonly candidates: Matrix;
  /** Cosines between the candidates, [n, n], where they are known (else computed as needed). */
  readonly cosines?: Matrix;
  /** Cosine of each candidate to the query, [n]. */
  readonly relevance: ArrayLike<number>;
  /** 1 = relevance only (plain search), 0 = novelty only. */
  readonly lambda: number;
  /** Items wanted. */
  readonly k: number;
}

/**
 * Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998): picks one item after the other by
 * lambda * relevance - (1 - lambda) * largest cosine to what is already picked. O(n k d).
 *
 * @returns positions in `candidates` in the order picked, min(k, n) of them; equal scores go to the lower position
 *
 * @example
 * const places = mmr({ candidates, relevance, lambda: 0.9, k: 10 });
 * const set = Array.from(places, (place) => hits[place]);
 */
export function mmr({ candidates, cosines, relevance, lambda, k }: MmrOptions): Int32Array {
  const n = candidates.rows;
  const picked = new Int32Array(Math.min(k, n));
  const taken = new Uint8Array(n);
  const redundancy = new Float64Array(n);
  for (let step = 0; step < picked.length; step++) {
    let best = -1;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < n; i++) {
      const score = lambda * relevance[i] - (1 - lambda) * redundancy[i];
      if (taken[i] === 0 && score > bestScore) {
        best = i;
        bestScore = score;
      }
    }
    picked[step] = best;
    taken[best] = 1;
    const similarity = cosines ? row(cosines, best) : dotsWithRow(candidates, best);
    for (let i = 0; i < n; i++)
      redundancy[i] = step === 0 ? similarity[i] : Math.max(redundancy[i], similarity[i]);
  }
  return picked;
}
