import { expect, it } from 'vitest';
import type { QueryRecord, Split } from '../catalog/item.js';
import { TASKS } from './tasks.js';

const query = (text: string, split: Split, ...items: number[]): QueryRecord => ({
  query: text,
  split,
  items,
});
const withSets = [query('Camping', 'train', 1, 2), query('Camping', 'train', 3), query('picnic', 'test', 4)];
const open = [
  query('camping ', 'test'),
  query('garden', 'train'),
  query('Garden', 'valid'),
  query('sea', 'test'),
];

it('oar has a query of several sets on one side only', () => {
  const both = [...withSets, query('CAMPING', 'test', 5)];
  expect(TASKS.oar.queries(both, [])).toEqual(withSets);
});

it.each([
  ['oar', ['garden', 'sea']],
  ['wscr', ['garden']],
] as const)('%s keeps every reference set, and adds queries that have none', (task, added) => {
  const queries = TASKS[task].queries(withSets, open);
  expect(queries.slice(0, 3)).toEqual(withSets);
  expect(queries.slice(3).map((one) => one.query)).toEqual(added);
  expect(queries.find((one) => one.query === 'garden')?.split).toBe('train');
});
