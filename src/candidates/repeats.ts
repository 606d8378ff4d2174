/**
 * Sets that do not show one kind of thing again and again: whenever an item is taken, all others of its kind become less likely, each time
 * by the same factor. It is the greedy choice of IA-Select (Agrawal et al., "Diversifying search results", WSDM 2009) with a factor in
 * place of a probability, and what alpha-nDCG counts: there an aspect that was shown n times is worth (1 - alpha)^n.
 */

import { numbered } from '../numbered.js';
import type { AspectOf } from './aspects.js';

export interface Repeats {
  /** What kind of thing a row of the catalog is; what is of none repeats none. */
  readonly aspectOf: AspectOf;
  /** What is left of an item's chance for each of its kind that was taken, in [0, 1]; 1 minds no repeats. */
  readonly keep: number;
}

/** No repeat is minded. */
export const ANY_REPEATS: Repeats = { aspectOf: () => undefined, keep: 1 };

/** Logarithm of a factor that none of the differences between scores outweigh. */
const NEVER = -50;

/** Follows what is taken among some candidates. */
export class RepeatLog {
  /** What each candidate's score, a logarithm, is lowered by. */
  readonly penalties: Float64Array;
  readonly #kinds: Int32Array;
  readonly #step: number;

  /** @param items rows of the catalog */
  constructor(items: ArrayLike<number> & Iterable<number>, { aspectOf, keep }: Repeats) {
    this.#kinds = numbered(items, items.length, aspectOf).numbers;
    this.penalties = new Float64Array(items.length);
    this.#step = keep > 0 ? Math.max(NEVER, Math.log(keep)) : NEVER;
  }

  /** @param place among the candidates */
  take(place: number): void {
    const kind = this.#kinds[place];
    if (kind < 0 || this.#step === 0) return;
    for (let i = 0; i < this.#kinds.length; i++) if (this.#kinds[i] === kind) this.penalties[i] += this.#step;
  }
}

/**
 * The places of the `size` best candidates, one after another, each by what is left of its score.
 *
 * @param items rows of the catalog, [n]
 * @param scores logarithms of what each is worth, [n]
 */
export function bestWithoutRepeats(
  items: ArrayLike<number> & Iterable<number>,
  scores: ArrayLike<number>,
  size: number,
  repeats: Repeats,
): Int32Array {
  const log = new RepeatLog(items, repeats);
  const open = new Uint8Array(items.length).fill(1);
  const places = new Int32Array(Math.min(size, items.length));
  for (let t = 0; t < places.length; t++) {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < open.length; i++) {
      const score = scores[i] + log.penalties[i];
      if (open[i] === 0 || (best >= 0 && score <= most)) continue;
      best = i;
      most = score;
    }
    places[t] = best;
    open[best] = 0;
    log.take(best);
  }
  return places;
}
