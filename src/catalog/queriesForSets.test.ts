import { expect, it } from 'vitest';
import type { Item } from './item.js';
import { loadQueries } from './queries.js';
import { queriesForSets } from './queriesForSets.js';
import { queryLines } from './queryLines.js';
import { loadSets, type SetRecord } from './sets.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();
const STYLES = ['red', 'lace', 'retro', 'wool'];
const items: Item[] = STYLES.flatMap((style) =>
  ['skirt', 'boots', 'bag', 'scarf'].map((noun) => {
    const title = `${style} ${noun}`;
    return { id: title.replace(' ', '-'), text: title, title, category: noun, metadata: {} };
  }),
);
const sets: SetRecord[] = [
  { query: 'Lace  RED', items: [0, 5], split: 'train' },
  { id: 'a', items: [0, 5, 10], split: 'train' },
  { id: 'b', items: [4, 9, 14], split: 'train' },
  { id: 'c', items: [8, 13], split: 'test' },
];

it('keeps the queries that sets have and makes others for the rest', () => {
  const queries = queriesForSets({ items, sets, words: [2, 2], queriesPerSet: 6 });
  expect(queries[0]).toEqual({ query: 'Lace  RED', items: [0, 5], split: 'train' });
  expect(queries.filter(({ query }) => ['red lace', 'lace red'].includes(query.toLowerCase()))).toHaveLength(
    0,
  );
  expect(new Set(queries.map((query) => query.items))).toEqual(new Set(sets.map((set) => set.items)));
});

it('adds queries of recombined sets to the training queries only', () => {
  const of = (recombine: number) => queriesForSets({ items, sets, recombine, queriesPerSet: 1 });
  const more = of(20);
  const extra = more.slice(of(0).length);
  expect(more.slice(0, of(0).length)).toEqual(of(0));
  expect(extra.length).toBeGreaterThan(0);
  for (const { split, items: rows } of extra) {
    expect(split).toBe('train');
    for (const row of rows) expect([0, 5, 10, 4, 9, 14]).toContain(row);
  }
});

it('writes lines which loadSets and loadQueries read', async () => {
  const queries = queriesForSets({ items, sets });
  const file = temp.write('sets.jsonl', queryLines(queries, items));
  const catalog = { rowOf: new Map(items.map(({ id }, row) => [id, row])) };
  const trimmed = queries.map((query) => ({ ...query, query: query.query.trim() }));
  expect(await loadSets(file, catalog)).toEqual(trimmed);
  const open = trimmed.map((query) => ({ ...query, items: [] }));
  expect(await loadQueries(file)).toEqual(open);
  expect(queryLines(open, items)).not.toContain('items');
});
