export interface Numbered<V> {
  /** The different values, in the order in which they came. */
  readonly values: readonly V[];
  /** For each member the number of its value; -1 where it has none, [count]. */
  readonly numbers: Int32Array;
}

/** Numbers the different values of `count` members from 0. */
export function numbered<T, V>(
  members: Iterable<T>,
  count: number,
  labelOf: (member: T) => V | undefined,
): Numbered<V> {
  const known = new Map<V, number>();
  const numbers = new Int32Array(count).fill(-1);
  let place = 0;
  for (const member of members) {
    const value = labelOf(member);
    if (value !== undefined) {
      const number = known.get(value) ?? known.size;
      known.set(value, number);
      numbers[place] = number;
    }
    place++;
  }
  return { values: [...known.keys()], numbers };
}
