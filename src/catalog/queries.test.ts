import { expect, it } from 'vitest';
import { loadQueries, validateQuery } from './queries.js';
import type { QueryReport } from './sets.js';
import { splitOf } from './split.js';
import { tempFolder } from './testing/tempFolder.js';

const temp = tempFolder();

it('reads JSON lines, CSV and plain text alike, each query once', async () => {
  const expected = [
    { query: 'Camping gear', items: [], split: splitOf('camping gear') },
    { query: 'music', items: [], split: splitOf('music') },
  ];
  const jsonl = temp.write('q.jsonl', [
    { query: 'Camping gear' },
    { query: ' camping  GEAR' },
    { query: 'music' },
  ]);
  expect(await loadQueries(jsonl)).toEqual(expected);
  expect(await loadQueries(temp.write('q.csv', 'query\nCamping gear\nmusic\n'))).toEqual(expected);
  expect(await loadQueries(temp.write('q.txt', 'Camping gear\n\nmusic\ncamping gear\n'))).toEqual(expected);
});

it('keeps a split the file names', async () => {
  const file = temp.write('split.csv', 'query,split\na,test\nb,validation\nc,\nd,train\n');
  expect((await loadQueries(file)).map(({ split }) => split)).toEqual([
    'test',
    'valid',
    splitOf('c'),
    'train',
  ]);
});

it('trains on what there is where no query would be for training', async () => {
  const held = Array.from({ length: 100 }, (_, i) => `q${i}`).find((query) => splitOf(query) === 'test')!;
  expect(await loadQueries(temp.write('one.txt', held))).toEqual([
    { query: held, items: [], split: 'train' },
  ]);
  const named = temp.write('named.jsonl', [{ query: held, split: 'test' }]);
  expect((await loadQueries(named))[0].split).toBe('test');
});

it('finds the column of a search log, or takes the one that is named', async () => {
  const log = '\ufeff"Search term","Total unique searches"\n"camping",120\n"picnic",80\n';
  const notes: string[] = [];
  const onReport = (report: QueryReport) => notes.push(...report.notes);
  const found = await loadQueries(temp.write('ga.csv', log), { onReport });
  expect(found.map(({ query }) => query)).toEqual(['camping', 'picnic']);
  expect(notes).toEqual(['queries are in "Search term"']);
  const own = temp.write('own.csv', 'asked,times\ncamping,1\n');
  expect((await loadQueries(own, { query: 'asked' }))[0].query).toBe('camping');
  await expect(loadQueries(own)).rejects.toThrow(
    ':2: field "query": is missing, the record has asked, times; name the one with the queries by catalog.query, e.g. {"catalog": {"query": "asked"}}',
  );
  await expect(loadQueries(own, { query: 'ask' })).rejects.toThrow(
    'field "ask": is named by catalog.query, but the file has asked, times',
  );
});

it('passes over bad lines and counts them, or stops at the first', async () => {
  const file = temp.write('mixed.jsonl', '{"query":"a"}\nnot json\n{"query":""}\n{"query":"b"}\n');
  let report: QueryReport | undefined;
  const queries = await loadQueries(file, {
    onReport(made) {
      report = made;
    },
  });
  expect(queries.map(({ query }) => query)).toEqual(['a', 'b']);
  expect(report).toMatchObject({ rows: 4, skipped: { count: 2 } });
  expect(report?.skipped.first[0]).toContain('mixed.jsonl:2: is not valid JSON');
  await expect(loadQueries(file, { strict: true })).rejects.toThrow('mixed.jsonl:2: is not valid JSON');
});

it('splits 8 : 1 : 1', () => {
  const counts = { train: 0, valid: 0, test: 0 };
  for (let i = 0; i < 5000; i++) counts[splitOf(`query ${i}`)]++;
  expect(counts.train / 5000).toBeCloseTo(0.8, 1);
  expect(counts.valid / 5000).toBeCloseTo(0.1, 1);
  expect(counts.test / 5000).toBeCloseTo(0.1, 1);
});

it.each([
  ['no query', '{"a":"x","b":1}', ':1: field "query": is missing, the record has a, b'],
  ['empty', '{"query":""}', ':1: field "query": is empty; write what to search for'],
  ['a number', '{"query":3}', ':1: field "query": is not a text'],
  [
    'long',
    JSON.stringify({ query: 'x'.repeat(10_000) }),
    'has 10000 characters; make it shorter than 10,000',
  ],
  ['a bad split', '{"query":"x","split":1}', 'field "split": is 1; expected train, valid or test'],
  ['nothing', '', 'has no queries'],
])('refuses %s', async (_, text, message) => {
  await expect(loadQueries(temp.write('bad.jsonl', text))).rejects.toThrow(message);
});

it('validates a single query', () => {
  expect(validateQuery('  camping gear\n')).toBe('camping gear');
  expect(validateQuery('x'.repeat(9999))).toHaveLength(9999);
  expect(() => validateQuery('')).toThrow('field "query": is empty');
  expect(() => validateQuery('x'.repeat(10_000), { field: 'q' })).toThrow('field "q": has 10000 characters');
  expect(() => validateQuery(undefined)).toThrow('is not a text');
});
