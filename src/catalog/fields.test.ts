import { expect, it } from 'vitest';
import { ownNames } from './fields.js';
import { FilterTable } from './filter/filterTable.js';

const fields = { id: 'uniq_id', title: 'product_name', text: '{description}', category: 'tree' };
const item = { id: 'u1', title: 'Short', text: 'A pair', category: 'Clothing', metadata: { tag: 'x' } };

it('parts of an item can be asked for by the names of their columns', () => {
  const table = new FilterTable([item], ownNames(fields));
  for (const filter of [
    'uniq_id=u1',
    'product_name=Short',
    'description~pair',
    'tree=Clothing',
    'category=Clothing',
  ])
    expect([...table.mask(filter)], filter).toEqual([1]);
  expect(() => table.mask('picture=x')).toThrow('no item has it');
});

it('a field of its own has its name for itself', () => {
  const table = new FilterTable([{ ...item, metadata: { name: 'other' } }], ownNames({}));
  expect([...table.mask('name=other')]).toEqual([1]);
  expect([...new FilterTable([item], ownNames({})).mask('name=Short')]).toEqual([1]);
});
