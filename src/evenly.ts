/** At most `most` of the values, evenly from the whole list and in its order. */
export function evenly<T>(values: readonly T[], most: number): readonly T[] {
  return values.length <= most ? values : evenRows(values.length, most).map((i) => values[i]);
}

/** The places that `evenly` takes of `count`. */
export function evenRows(count: number, most: number): number[] {
  const n = Math.min(count, most);
  return Array.from({ length: n }, (_, i) => Math.floor((i * count) / n));
}
