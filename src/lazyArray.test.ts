import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSameMember, lazyArray, lazyMap } from './lazyArray.js';

const lazy = (values: readonly number[]) =>
  lazyArray({
    length: values.length,
    at: (i) => values[i],
    all: () => values[Symbol.iterator](),
    source: () => values,
  });

it('reads as the array that it stands for', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: -3, max: 12 }), (values, i) => {
      const array = lazy(values);
      expect(Array.isArray(array)).toBe(true);
      expect(array.length).toBe(values.length);
      expect(array[i]).toBe(values[i]);
      expect(array.at(i)).toBe(values.at(i));
      expect([...array]).toEqual(values);
      expect([...array.entries()]).toEqual([...values.entries()]);
      expect(array.slice(i)).toEqual(values.slice(i));
      expect(array.map((x) => x + 1)).toEqual(values.map((x) => x + 1));
      expect(array.filter((x) => x > 0)).toEqual(values.filter((x) => x > 0));
      expect(array.some((x) => x > 0)).toBe(values.some((x) => x > 0));
      expect(JSON.stringify(array)).toBe(JSON.stringify(values));
      expect([...lazyMap(array, (x, at) => x * at)]).toEqual(values.map((x, at) => x * at));
      expect(lazyMap(array, (x) => x * 2)[i]).toBe(values.map((x) => x * 2)[i]);
      expect(i in array).toBe(i in values);
    }),
  );
});

it('cannot be changed', () => {
  const array = lazy([1, 2]) as number[];
  expect(() => array.push(3)).toThrow(TypeError);
  expect(() => array.sort()).toThrow(TypeError);
});

it('tells whether members are the same without looking at them', () => {
  const [a, b] = [lazy([1, 2]), lazy([1, 2])];
  expect(isSameMember(a, a, 1)).toBe(true);
  expect(isSameMember(a, b, 1)).toBe(false);
  expect(isSameMember([1], [1], 0)).toBe(false);
});
