/** Arrays of numbers whose length is not known before. */
type Numbers = Int32Array | Uint32Array | Float64Array;

/** A longer array that begins with the same numbers: twice as long, or of `length`. */
export function grown<T extends Numbers>(numbers: T, length = 2 * numbers.length): T {
  const longer = new (numbers.constructor as new (length: number) => T)(length);
  longer.set(numbers);
  return longer;
}
