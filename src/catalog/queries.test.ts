import { expect, it } from 'vitest';
import { loadQueries, validateQuery } from './queries.js';
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
  const file = temp.write('split.csv', 'query,split\na,test\nb,validation\nc,\n');
  expect((await loadQueries(file)).map(({ split }) => split)).toEqual(['test', 'valid', splitOf('c')]);
});

it('splits 8 : 1 : 1', () => {
  const counts = { train: 0, valid: 0, test: 0 };
  for (let i = 0; i < 5000; i++) counts[splitOf(`query ${i}`)]++;
  expect(counts.train / 5000).toBeCloseTo(0.8, 1);
  expect(counts.valid / 5000).toBeCloseTo(0.1, 1);
  expect(counts.test / 5000).toBeCloseTo(0.1, 1);
});

it.each([
  ['a\n', '{"text":"x"}', ':1: field "query": is missing, the record has text'],
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
