import { bestOf, type Ranking } from '../ranking.js';

/** Sets of items in flat arrays: plain data, quick to go through. */
export interface ItemSets {
  /** Rows of all items that are in any set, ascending, [m]. */
  readonly items: Int32Array;
  /** Set i has the entries [starts[i], starts[i + 1]) of `members`, [n + 1]. */
  readonly starts: Int32Array;
  /** Positions in `items`, each once a set. */
  readonly members: Int32Array;
}

/** @param references rows of each set */
export function itemSets(references: readonly (readonly number[])[]): ItemSets {
  const sets = references.map((reference) => new Set(reference));
  const items = Int32Array.from(new Set(references.flat())).sort();
  const position = new Map(Array.from(items, (item, i) => [item, i]));
  const starts = new Int32Array(sets.length + 1);
  sets.forEach((set, i) => {
    starts[i + 1] = starts[i] + set.size;
  });
  const members = Int32Array.from(sets.flatMap((set) => Array.from(set, (item) => position.get(item)!)));
  return { items, starts, members };
}

/**
 * Items by the sum of the weights of the sets that have them, best first, of equal ones the first row.
 *
 * @param weights one a set, of either sign
 * @param k items wanted [all]
 */
export function rankByWeights(sets: ItemSets, weights: ArrayLike<number>, k = sets.items.length): Ranking {
  const { items } = sets;
  const sums = sumsOfWeights(sets, weights);
  // Positions are in the order of rows, so equal sums are ordered by row.
  const { items: positions, scores } = bestOf(Int32Array.from(items.keys()), Float32Array.from(sums), k);
  return { items: positions.map((i) => items[i]), scores };
}

/** The sum of the weights of the sets that have each item, by position in `items`. */
export function sumsOfWeights(
  { items, starts, members }: ItemSets,
  weights: ArrayLike<number>,
): Float64Array {
  const sums = new Float64Array(items.length);
  for (let set = 0; set < weights.length; set++) {
    const weight = weights[set];
    for (let i = starts[set]; i < starts[set + 1]; i++) sums[members[i]] += weight;
  }
  return sums;
}
