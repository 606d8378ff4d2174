import { readdirSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { isInMemory, type Matrix, rowRange } from '../matrix.js';
import type { Progress } from '../progress.js';
import { loadCatalog } from './catalog.js';
import { hasSharedData, SHARED_DATA, sharedFile } from './testing/sharedData.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();

it('makes items of records by the default fields', async () => {
  const file = temp.write('a.jsonl', [
    {
      id: 7,
      title: ' Mug ',
      category: 'Kitchen',
      image: 'a.png',
      price: 3,
      tags: ['x'],
      nested: { a: 1 },
      note: '',
    },
    { id: 'b', name: 'Pan', type: 'Pan' },
    { id: 'c', text: 'a text' },
  ]);
  const { items, rowOf, vectors } = await loadCatalog(file);
  expect(items).toEqual([
    {
      id: '7',
      text: 'Mug',
      title: 'Mug',
      category: 'Kitchen',
      image: 'a.png',
      metadata: { price: 3, tags: ['x'], 'nested.a': 1 },
    },
    { id: 'b', text: 'Pan', title: 'Pan', metadata: { type: 'Pan' } },
    { id: 'c', text: 'a text', title: 'a text', metadata: {} },
  ]);
  expect([...rowOf]).toEqual([
    ['7', 0],
    ['b', 1],
    ['c', 2],
  ]);
  expect(vectors).toBeUndefined();
});

it('makes items by named fields and a template, keeping short template fields as metadata', async () => {
  const long = 'very '.repeat(60);
  const file = temp.write(
    'named.csv',
    `sku,label,brand,about,group\n007,Mug,Acme,${long},Kitchen\n008,Pan,,,\n`,
  );
  const { items } = await loadCatalog(file, {
    id: 'sku',
    title: 'label',
    category: 'group',
    text: '{label} by {brand}. {about}',
  });
  expect(items).toEqual([
    {
      id: '007',
      text: `Mug by Acme. ${long.trim()}`,
      title: 'Mug',
      category: 'Kitchen',
      metadata: { brand: 'Acme' },
    },
    { id: '008', text: 'Pan', title: 'Pan', metadata: {} },
  ]);
});

it('normalises precomputed vectors, from lists and from CSV', async () => {
  const lists = temp.write('vectors.jsonl', [
    { id: 'a', title: 'a', vector: [3, 4] },
    { id: 'b', title: 'b', vector: [0, -2] },
  ]);
  const expected = { rows: 2, cols: 2, data: new Float32Array([0.6, 0.8, 0, -1]) };
  const catalog = await loadCatalog(lists);
  expect(catalog.vectors).toEqual(expected);
  expect(catalog.items[0].metadata).toEqual({});
  const csv = temp.write('vectors.csv', 'id,title,v\na,a,3 4\nb,b,"[0, -2]"\n');
  expect((await loadCatalog(csv, { vector: 'v' })).vectors).toEqual(expected);
});

it('reads more vectors than one chunk holds', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ id: i, title: 't', vector: [i + 1, 0] }));
  const { vectors } = await loadCatalog(temp.write('many.jsonl', rows));
  expect(vectors?.rows).toBe(5000);
  expect((vectors as Matrix).data.filter((_, i) => i % 2 === 0).every((x) => x === 1)).toBe(true);
});

it('is the same where items and vectors do not fit in memory, and leaves nothing behind', async () => {
  const rows = Array.from({ length: 9000 }, (_, i) => ({
    id: `n${i}`,
    title: `thing ${i} \u2028 ü`,
    price: i / 7,
    tags: ['a', `${i % 9}`],
    vector: [i + 1, 1, -i],
  }));
  const file = temp.write('spooled.jsonl', [...rows, rows[3], rows[8999]]);
  const held = await loadCatalog(file);
  vi.stubEnv('R4T_CATALOG_MEMORY', '0.1');
  try {
    const spooled = await loadCatalog(file, { spoolIn: temp.path('spool') });
    expect(isInMemory(spooled.vectors!)).toBe(false);
    expect(rowRange(spooled.vectors!, 0, 9000)).toEqual(held.vectors);
    expect(spooled.items).toHaveLength(9000);
    expect([...spooled.items]).toEqual(held.items);
    expect(spooled.items[4711]).toEqual(held.items[4711]);
    expect(spooled.items.slice(8998)).toEqual(held.items.slice(8998));
    expect(spooled.items.at(-1)).toEqual(held.items.at(-1));
    expect(spooled.rowOf.get('n8999')).toBe(8999);
    expect(spooled.rowOf.get('n9000')).toBeUndefined();
    expect(spooled.report).toEqual(held.report);
    expect(spooled.report.skipped.count).toBe(2);
    expect(readdirSync(temp.path('spool'))).toEqual([]);
    spooled.close();
  } finally {
    vi.unstubAllEnvs();
  }
});

const good = { id: 'a', title: 'A', vector: [1, 0] };
it.each([
  ['no id', [good, { title: 'B' }], ':2: field "id": is missing; give every item an id'],
  ['a null id', [good, { ...good, id: null }], ':2: field "id": is missing'],
  ['an id that is a list', [good, { ...good, id: [1] }], ':2: field "id": is not a string or number'],
  [
    'an id twice',
    [good, { ...good, title: 'B' }],
    ':2: field "id": "a" is already the id of line 1; give every item its own id, or join variants by catalog.group',
  ],
  [
    'an id twice, as number',
    [
      { id: 1, title: 'A' },
      { id: '1', title: 'B' },
    ],
    '"1" is already the id of line 1',
  ],
  [
    'an empty text',
    [good, { ...good, id: 'b', title: ' ' }],
    ':2: field "title": is empty; give every item a text',
  ],
  [
    'no text field',
    [good, { id: 'b', colour: 'A' }],
    ':2: has none of the text fields title, name, text, only id, colour; set catalog.text, e.g. "{colour}"',
  ],
  [
    'another vector length',
    [good, { id: 'b', title: 'B', vector: [1] }],
    ':2: field "vector": has 1 numbers, the first vector has 2',
  ],
  [
    'a value that is no number',
    [good, { ...good, id: 'b', vector: [1, 'x'] }],
    ':2: field "vector": number 2 is "x"; expected a finite number',
  ],
  [
    'a null value',
    [good, { ...good, id: 'b', vector: [1, Number.NaN] }],
    ':2: field "vector": has 1 numbers',
  ],
  ['a zero vector', [good, { ...good, id: 'b', vector: [0, 0] }], ':2: field "vector": has length zero'],
  ['an empty vector', [good, { ...good, id: 'b', vector: [] }], 'expected a list of numbers'],
  ['a missing vector', [good, { id: 'b', title: 'B' }], ':2: field "vector": is missing'],
  [
    'a late vector',
    [{ id: 'b', title: 'B' }, { id: 'c', title: 'C' }, good],
    ':3: field "vector": is missing in the rows before',
  ],
])('passes over %s and says so, or stops there', async (_, records, message) => {
  const file = temp.write('bad.jsonl', records);
  const { items, report } = await loadCatalog(file);
  expect(items).toHaveLength(records.length - 1);
  expect(report).toMatchObject({ rows: records.length, items: records.length - 1, skipped: { count: 1 } });
  expect(report.skipped.first[0]).toContain(message);
  const strict = loadCatalog(file, { strict: true });
  await expect(strict).rejects.toThrow(message);
  await expect(strict).rejects.toMatchObject({ name: 'InputError', file });
});

it('refuses a catalog of which nothing is left, by its first bad row', async () => {
  await expect(loadCatalog(temp.write('none.jsonl', ''))).rejects.toThrow('none.jsonl: has no items');
  const empty = temp.write('empty.jsonl', [
    { id: 'a', title: '' },
    { id: 'b', title: '' },
  ]);
  await expect(loadCatalog(empty)).rejects.toThrow('empty.jsonl:1: field "title": is empty');
  const nameless = temp.write('nameless.csv', 'Article,Colour\n1,red\n2,blue\n');
  await expect(loadCatalog(nameless)).rejects.toThrow(
    'nameless.csv: field "id": is missing; no column is called id, sku or the like. The columns are Article, Colour: name the one that is the id by catalog.id in the config, e.g. {"catalog": {"id": "Article"}}',
  );
});

it('shows the first bad rows of many', async () => {
  const rows = Array.from({ length: 300 }, (_, i) =>
    i % 3 === 0 ? { id: i } : { id: i, title: `item ${i}` },
  );
  const { items, report } = await loadCatalog(temp.write('holes.jsonl', rows));
  expect(items).toHaveLength(200);
  expect(report).toMatchObject({ rows: 300, skipped: { count: 100 } });
  expect(report.skipped.first.map((text) => /:(\d+):/.exec(text)?.[1])).toEqual(['1', '4', '7']);
});

it('refuses infinite values in CSV vectors', async () => {
  const file = temp.write('inf.csv', 'id,title,vector\na,a,1 1e999\n');
  await expect(loadCatalog(file)).rejects.toThrow('inf.csv:2: field "vector": number 2 is Infinity');
});

it('refuses fields that no record has', async () => {
  const file = temp.write('ok.jsonl', [good]);
  await expect(loadCatalog(file, { text: '{title}. {brandd}' })).rejects.toThrow(
    'field "brandd": is named by catalog.text, but no record has it; the fields are id, title, vector',
  );
  await expect(loadCatalog(file, { category: 'kind' })).rejects.toThrow('is named by catalog.category');
});

it('reports progress with an estimated total, and stops by its signal', async () => {
  const rows = Array.from({ length: 25_000 }, (_, id) => ({ id, title: `item ${id}` }));
  const file = temp.write('progress.jsonl', rows);
  const reports: Progress[] = [];
  await loadCatalog(file, { onProgress: (report) => reports.push(report) });
  expect(reports.map(({ done }) => done)).toEqual([10_000, 20_000, 25_000]);
  for (const { total } of reports) expect(total / 25_000).toBeCloseTo(1, 0);

  const abort = new AbortController();
  const loading = loadCatalog(file, {
    signal: abort.signal,
    onProgress: () => abort.abort(new Error('enough')),
  });
  await expect(loading).rejects.toThrow('enough');
});

it.skipIf(!hasSharedData())('reads the shared catalogs', async () => {
  const sizes = await Promise.all(
    SHARED_DATA.map(async (name) => (await loadCatalog(sharedFile(name, 'catalog.jsonl'))).items.length),
  );
  expect(sizes).toEqual([4487, 3499, 2191, 17_124, 14_942]);
});
