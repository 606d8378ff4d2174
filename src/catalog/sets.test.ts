import { expect, it } from 'vitest';
import { loadCatalog } from './catalog.js';
import { loadSets, type QueryReport } from './sets.js';
import { hasSharedData, sharedFile } from './testing/sharedData.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();
const catalog = await loadCatalog(
  temp.write(
    'catalog.jsonl',
    ['a', 'b', 'c', 5].map((id) => ({ id, title: `item ${id}` })),
  ),
);

it('reads sets with and without a query', async () => {
  const file = temp.write('sets.jsonl', [
    { query: ' red things ', items: ['c', 'a', 'c'], split: 'test' },
    { outfit: 12, title: 'Late ', items: [5], split: 'val' },
  ]);
  expect(await loadSets(file, catalog)).toEqual([
    { query: 'red things', items: [2, 0], split: 'test' },
    { id: '12', title: 'Late', items: [3], split: 'valid' },
  ]);
});

it('finds the query wherever the first one is', async () => {
  const file = temp.write('late.jsonl', [
    { items: ['a'], text: 'no query' },
    { 'Search term': 'red', items: ['b'], split: 'test' },
  ]);
  const sets = await loadSets(file, catalog);
  expect(sets.map(({ query }) => query)).toEqual([undefined, 'red']);
});

it('reads CSV, with items separated by |', async () => {
  const file = temp.write('sets.csv', 'query,items,split\nthings,a| b,train\n');
  expect(await loadSets(file, catalog)).toEqual([{ query: 'things', items: [0, 1], split: 'train' }]);
});

it('splits sets that name no split by their query', async () => {
  const sets = ['Big room', 'big  room ', 'big room'].map((query) => ({ query, items: ['a'] }));
  const splits = (await loadSets(temp.write('nosplit.jsonl', sets), catalog)).map(({ split }) => split);
  expect(new Set(splits).size).toBe(1);
});

it.each([
  [{ query: 'q', items: ['a', 'z'] }, ':1: field "items": "z" is not in the catalog'],
  [{ query: 'q' }, ':1: field "items": is missing; give every set a list of item ids'],
  [{ query: 'q', items: 3 }, ':1: field "items": is no list'],
  [{ query: 'q', items: [] }, ':1: field "items": is empty'],
  [{ query: 'q', items: [null] }, ':1: field "items": is empty'],
  [
    { query: 'q', items: ['a', false] },
    ':1: field "items": is not a string or number; give every item an id',
  ],
  [{ query: ' ', items: ['a'] }, ':1: field "query": is empty'],
  [
    { query: 'q', items: ['a'], split: 'tset' },
    ':1: field "split": is "tset"; expected train, valid or test',
  ],
])('refuses %j', async (record, message) => {
  const good = { query: 'good', items: ['a'] };
  await expect(loadSets(temp.write('bad.jsonl', [record, good]), catalog, { strict: true })).rejects.toThrow(
    message,
  );
  const kept = await loadSets(temp.write('bad.jsonl', [record, good]), catalog);
  expect(kept.at(-1)).toMatchObject({ query: 'good', items: [0] });
});

it('leaves out retired ids and sets without items, and counts both', async () => {
  const file = temp.write('old.jsonl', [
    { query: 'cosy', items: ['a', 'b', 'b'] },
    { query: 'empty', items: [] },
    { query: 'old', items: ['c', 'gone-sku'] },
    { query: 'older', items: ['gone-sku', 'lost-sku'] },
  ]);
  let report: QueryReport | undefined;
  const sets = await loadSets(file, catalog, {
    onReport(made) {
      report = made;
    },
  });
  expect(sets.map(({ query, items }) => [query, items])).toEqual([
    ['cosy', [0, 1]],
    ['old', [2]],
  ]);
  expect(report).toMatchObject({
    rows: 4,
    skipped: { count: 2 },
    retired: { count: 3, first: ['gone-sku', 'lost-sku'] },
  });
});

it('says which ids there are where none is known', async () => {
  const file = temp.write('others.jsonl', [{ query: 'q', items: ['B0', 'B1'] }]);
  await expect(loadSets(file, catalog)).rejects.toThrow(
    'none of its items is in the catalog: it has B0, B1, the catalog a, b, c; name the same ids, see catalog.id',
  );
});

it('refuses a file without sets', async () => {
  await expect(loadSets(temp.write('none.jsonl', ''), catalog)).rejects.toThrow('none.jsonl: has no sets');
});

it.skipIf(!hasSharedData()).each([
  ['bundle-clothing', 398, 53, 118],
  ['bundle-electronic', 429, 62, 107],
  ['ikea-rooms', 137, 22, 44],
  ['playlists', 99, 12, 28],
  ['polyvore-outfits', 2088, 314, 560],
])('reads the shared sets of %s', async (name, train, valid, test) => {
  const sets = await loadSets(
    sharedFile(name, 'sets.jsonl'),
    await loadCatalog(sharedFile(name, 'catalog.jsonl')),
  );
  const count = (split: string) => sets.filter((set) => set.split === split).length;
  expect([count('train'), count('valid'), count('test')]).toEqual([train, valid, test]);
});
