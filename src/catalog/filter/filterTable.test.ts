import { describe, expect, it } from 'vitest';
import type { Item, Metadata } from '../item.js';
import type { Filter } from './filter.js';
import { compileMask } from './filterTable.js';
import { parseFilter } from './parseFilter.js';

const item = (id: string, category: string | undefined, metadata: Metadata): Item => ({
  id,
  text: `text of ${id}`,
  title: id,
  ...(category !== undefined && { category }),
  metadata,
});

const items = [
  item('a', 'Shoes', { price: 50, color: 'red', tags: ['x', 'y'], isNew: true, since: '2024-01-05' }),
  item('b', 'Boots', { price: '120.5', color: 'Blue', tags: [], since: '2023-11-30' }),
  item('c', undefined, { price: null, color: 'green' }),
];

/** The ids that pass. */
const pass = (...filters: (string | Filter)[]) => {
  const mask = compileMask(
    items,
    filters.map((f) => (typeof f === 'string' ? parseFilter(f) : f)),
  );
  return items.filter((_, row) => mask[row] === 1).map(({ id }) => id);
};

describe('parseFilter', () => {
  it.each([
    ['category=shoes', { field: 'category', op: '=', value: 'shoes' }],
    [' price <= 20 ', { field: 'price', op: '<=', value: '20' }],
    ['color!=red|dark blue', { field: 'color', op: '!=', value: ['red', 'dark blue'] }],
    ['title~a=b', { field: 'title', op: '~', value: 'a=b' }],
    ['size>=4', { field: 'size', op: '>=', value: '4' }],
  ])('%s', (source, filter) => {
    expect(parseFilter(source)).toEqual(filter);
  });

  it.each(['', 'category', '=x', 'a=', 'a=x||y', 'a='])('refuses %j', (source) => {
    expect(() => parseFilter(source)).toThrow('is not a filter; write field, operator');
  });
});

describe('compileMask', () => {
  it.each([
    ['category=Shoes', ['a']],
    ['category!=Shoes', ['b', 'c']],
    ['category=Shoes|Boots', ['a', 'b']],
    ['category~oo', ['b']],
    ['id=c', ['c']],
    ['price<100', ['a']],
    ['price>50', ['b']],
    ['price>=50', ['a', 'b']],
    ['price<=50.0', ['a']],
    ['price=120.50', ['b']],
    ['since>2023-12-01', ['a']],
    ['color~BLUE|ree', ['b', 'c']],
    ['tags=y', ['a']],
    ['tags!=y', ['b', 'c']],
    ['isNew=true', ['a']],
    ['title=b', ['b']],
    ['text~of c', ['c']],
    ['color<10', []],
  ])('%s', (source, ids) => {
    expect(pass(source)).toEqual(ids);
  });

  it('joins filters by AND and takes plain data', () => {
    expect(pass('price>=50', { field: 'color', op: '=', value: ['Blue', 'red'] }, 'tags=x')).toEqual(['a']);
    expect(pass({ field: 'isNew', op: '=', value: true })).toEqual(['a']);
    expect(pass()).toEqual(['a', 'b', 'c']);
  });

  it('refuses a field no item has, and names the others', () => {
    expect(() => pass('colour=red')).toThrow(
      'field "colour": no item has it; the fields are id, title, text, category, price, color, tags, isNew, since',
    );
    expect(() => pass('constructor=x')).toThrow('no item has it');
  });

  it('refuses an unknown operator', () => {
    expect(() => pass({ field: 'id', op: '==' as never, value: 'a' })).toThrow(
      'unknown operator "=="; use one of =',
    );
  });
});
