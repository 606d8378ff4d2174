/**
 * The first `size` of a ranking, and after it those of another one that are not there yet: a method which found too few goes on
 * with plain search.
 *
 * @param ranked rows, best first, each once
 * @param others rows, best first; -1 (an index's empty places) is passed over
 * @returns at most `size` rows
 */
export function fillUp(ranked: ArrayLike<number>, others: ArrayLike<number>, size: number): Int32Array {
  const taken = new Set(Array.from(ranked).slice(0, size));
  for (let i = 0; i < others.length && taken.size < size; i++) if (others[i] >= 0) taken.add(others[i]);
  return Int32Array.from(taken);
}
