/** Lists whose members are made when they are looked at, so that they need not lie in memory. */

export interface LazyList<T> {
  readonly length: number;
  /** Member `i`, 0 <= i < length. */
  at(i: number): T;
  /** All members, in order. */
  all(): Iterator<T>;
  /** What member `i` is made of: two lists that have the same one there have equal members there. */
  source?(i: number): unknown;
}

const lists = new WeakMap<object, LazyList<unknown>>();

/**
 * A list as an array that can be read as any other and not be changed. Its members live as long as somebody holds them: what walks a
 * large list must not collect it.
 */
export function lazyArray<T>(list: LazyList<T>): readonly T[] {
  const array = new Proxy<T[]>([], {
    get(target, key, receiver) {
      if (typeof key === 'string') {
        if (key === 'length') return list.length;
        const i = Number(key);
        if (Number.isInteger(i)) return i >= 0 && i < list.length ? list.at(i) : undefined;
      }
      if (key === Symbol.iterator || key === 'values') return () => iterable(list);
      return Reflect.get(target, key, receiver) as unknown;
    },
    has(target, key) {
      const i = typeof key === 'string' ? Number(key) : Number.NaN;
      return Number.isInteger(i) ? i >= 0 && i < list.length : key in target;
    },
    set() {
      throw new TypeError('this list is read-only');
    },
  });
  lists.set(array, list);
  return array;
}

/** The list behind a lazy array; undefined for any other array. */
export const lazyListOf = <T>(array: readonly T[]): LazyList<T> | undefined =>
  lists.get(array) as LazyList<T> | undefined;

/** Whether it can be told without looking that two lists have the same member in a place. */
export function isSameMember<T>(a: readonly T[], b: readonly T[], i: number): boolean {
  const source = lazyListOf(a)?.source?.(i);
  return source !== undefined && source === lazyListOf(b)?.source?.(i);
}

/** `array.map`, made when it is looked at where the array is lazy. */
export function lazyMap<T, U>(array: readonly T[], make: (member: T, i: number) => U): readonly U[] {
  const list = lazyListOf(array);
  if (!list) return array.map(make);
  return lazyArray({
    length: list.length,
    at: (i) => make(list.at(i), i),
    *all() {
      let i = 0;
      for (const member of array) yield make(member, i++);
    },
  });
}

function iterable<T>(list: LazyList<T>): IterableIterator<T> {
  const iterator = list.all();
  const all: IterableIterator<T> = { next: () => iterator.next(), [Symbol.iterator]: () => all };
  return all;
}
