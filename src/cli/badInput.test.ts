/** Every kind of bad input ends with exit code 2 and exactly one line that says where and what. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli, writeShop } from './testing/shop.js';

const temp = tempFolder();
const { catalog, config } = writeShop(temp);
const [tent, stove] = [
  { id: 'a', title: 'tent' },
  { id: 'b', title: 'stove' },
];

async function expectRefusal(args: readonly string[], message: string): Promise<void> {
  const { code, stdout, stderr } = await runCli(args);
  // The catalog may have been read before something else turns out to be wrong.
  expect(stderr.replace(/^catalog .*\n(?:.*(?<!^r4t): \d+ rows?, .*\n(?: {2}.*\n)*)?/, '')).toBe(
    `r4t: ${message}\n`,
  );
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
}

describe('a catalog', () => {
  const vectors = (b: unknown) => [
    { ...tent, vector: [1, 0] },
    { ...stove, vector: b },
  ];
  it.each<[string, string, readonly object[] | string, string]>([
    [
      'with a malformed line',
      'a.jsonl',
      '{"id": 1, "title": "x"}\n{"id":\n',
      ':2: is not valid JSON; expected one JSON object a line, got "{\\"id\\":"',
    ],
    [
      'of an unknown format',
      'a.xml',
      '<a/>',
      ': has the unknown extension .xml; expected one of .jsonl .ndjson .json .csv .tsv .tab .parquet .txt, or these with .gz',
    ],
    ['without items', 'a.jsonl', '', ': has no items'],
    [
      'with a line without id',
      'a.jsonl',
      [tent, { title: 'stove' }],
      ':2: field "id": is missing; give every item an id',
    ],
    [
      'with an id used twice',
      'a.jsonl',
      [tent, { ...stove, id: 'a' }],
      ':2: field "id": "a" is already the id of line 1; give every item its own id, or join variants by catalog.group',
    ],
    [
      'with an empty text',
      'a.jsonl',
      [tent, { ...stove, title: ' ' }],
      ':2: field "title": is empty; give every item a text',
    ],
    [
      'with a vector of another length',
      'a.jsonl',
      vectors([1, 0, 0]),
      ':2: field "vector": has 3 numbers, the first vector has 2; make all vectors equally long',
    ],
    [
      'with a vector that is not finite',
      'a.jsonl',
      vectors([1, null]),
      ':2: field "vector": has 1 numbers, the first vector has 2; make all vectors equally long',
    ],
    [
      'with a line break in its id',
      'a.jsonl',
      [
        { ...tent, id: 'a\nb' },
        { ...stove, id: 'a\nb' },
      ],
      ':2: field "id": "a b" is already the id of line 1; give every item its own id, or join variants by catalog.group',
    ],
    ['smaller than k', 'a.jsonl', [tent, stove], ': has 2 items, fewer than k = 3; lower k or add items'],
  ])('%s', async (_, name, content, message) => {
    const file = temp.write(name, content as string);
    const out = temp.path('never-made');
    await expectRefusal(['compile', file, '--strict', '--config', config, '--out', out], file + message);
    expect(existsSync(out)).toBe(false);
  });

  it('of which too little is left says why', async () => {
    const file = temp.write('a.jsonl', [tent, { title: 'stove' }]);
    await expectRefusal(
      ['compile', file, '--config', config, '--out', temp.path('never-made')],
      `${file}: has 1 items, fewer than k = 3 (1 skipped: ${file}:2: field "id": is missing; give every item an id); lower k or add items`,
    );
  });

  it('that does not exist', () =>
    expectRefusal(
      ['compile', 'no.jsonl', '--out', temp.path('x')],
      'no.jsonl: does not exist; check the path',
    ));
});

describe('a config', () => {
  it.each([
    [
      'unknown',
      { policy: { groupsize: 4 } },
      'field "policy.groupsize": is not a setting; did you mean "groupSize"?',
    ],
    ['out of range', { k: 1 }, 'field "k": expected number to be >=2'],
  ])('with a setting that is %s', async (_, value, message) => {
    const file = temp.write('bad.json', JSON.stringify(value));
    await expectRefusal(
      ['compile', catalog, '--out', temp.path('x'), '--config', file],
      `${file}: ${message}`,
    );
  });

  it('that does not exist', () =>
    expectRefusal(
      ['compile', catalog, '--out', temp.path('x'), '--config', 'no.ts'],
      'no.ts: does not exist; check the path',
    ));
});

describe('a command line', () => {
  const to = ['--out', 'x'];
  it.each([
    [['serach'], "unknown command 'serach' (Did you mean search?)"],
    [['compile', ...to], "missing required argument 'catalog'"],
    [['compile', 'a.jsonl'], "required option '--out <run>' not specified"],
    [['compile', 'a.jsonl', ...to, '--foce'], "unknown option '--foce' (Did you mean --force?)"],
    [
      ['compile', 'a.jsonl', ...to, '--threads', '0'],
      "option '--threads <n>' argument '0' is invalid. Expected a whole number of at least 1.",
    ],
    [
      ['compile', 'a.jsonl', ...to, '--stage', 'train'],
      "option '--stage <stage>' argument 'train' is invalid. Allowed choices are encode, warm-start, policy, synthesis, diffusion, choose, ablations.",
    ],
    [
      ['search', 'x', 'tents', '-k', 'ten'],
      "option '-k <n>' argument 'ten' is invalid. Expected a whole number of at least 1.",
    ],
    [['search', 'x'], "missing required argument 'query'"],
  ])('%j', (args, message) => expectRefusal(args, message));

  it('without a command shows the help', async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: r4t /);
  });
});

describe('queries and sets', () => {
  it.each([
    [
      '--queries',
      [{ asked: 'tents', times: 1 }],
      ':1: field "query": is missing, the record has asked, times; name the one with the queries by catalog.query, e.g. {"catalog": {"query": "asked"}}',
    ],
    ['--queries', [{ query: '' }], ':1: field "query": is empty; write what to search for'],
    [
      '--sets',
      [{ query: 'tents', items: ['nope'] }],
      ': field "items": none of its items is in the catalog: it has nope, the catalog item-0, item-1, item-2; name the same ids, see catalog.id',
    ],
  ])('%s', async (option, content, message) => {
    const file = temp.write('records.jsonl', content);
    const args = ['compile', catalog, '--config', config, '--out', temp.path('x'), option, file];
    await expectRefusal(args, file + message);
  });
});

describe('a search', () => {
  const runFolder = temp.path('run');
  beforeAll(async () => {
    await runCli(['compile', catalog, '--config', config, '--out', runFolder, '--stage', 'encode']);
  });
  const search = (query: string, ...more: string[]) => [
    'search',
    runFolder,
    query,
    '--threads',
    '1',
    ...more,
  ];

  it.each([
    ['an empty query', search('  '), 'field "query": is empty; write what to search for'],
    [
      'an endless query',
      search('x'.repeat(10_000)),
      'field "query": has 10000 characters; make it shorter than 10,000',
    ],
    [
      'a malformed filter',
      search('tents', '--filter', 'price'),
      'field "filter": "price" is not a filter; column 6: expected after the field "price" one of = != < <= > >= ~, IN, IS MISSING or a range such as 10..20 (values with AND or OR in them go in quotes), found the end',
    ],
    [
      'a filter without AND',
      search('tents', '--filter', 'price>=10 price<=20'),
      'field "filter": "price>=10 price<=20" is not a filter; column 11: expected AND or OR before the next condition (a value with an operator in it goes in quotes), found "price<=20"',
    ],
    [
      'a filter that nothing can satisfy',
      search('tents', '--filter', 'price<5,5'),
      'field "price": holds numbers such as 0 and 1, got "5,5"; write price<5.5, with a decimal point',
    ],
    [
      'an unknown field',
      search('tents', '--filter', 'colour=red'),
      'field "colour": no item has it; did you mean color? The fields are id, title, text, category, color, price',
    ],
    [
      'too many items',
      search('tents', '-k', '101'),
      'field "k": must be a whole number from 1 to 100, got 101',
    ],
  ])('for %s', (_, args, message) => expectRefusal(args, message));

  it('of a folder that is no run', async () => {
    const none = temp.path('none');
    await expectRefusal(['search', none, 'tents'], `${none}: holds no run; compile one first`);
    const foreign = temp.path('foreign');
    mkdirSync(foreign);
    temp.write(join('foreign', 'thesis.txt'), 'x');
    const advice = 'is not an r4t run folder; give the folder that compile made';
    await expectRefusal(['search', foreign, 'tents'], `${foreign}: ${advice}`);
    await expectRefusal(['info', foreign], `${foreign}: ${advice}`);
    await expectRefusal(['search', catalog, 'tents'], `${catalog}: ${advice}`);
    const args = ['compile', catalog, '--config', config, '--out', foreign];
    await expectRefusal(args, `${foreign}: is not an r4t run folder; choose another --out`);
  });

  it('of a damaged run', async () => {
    const file = (...parts: string[]) => temp.path('run', ...parts);
    const damage = (name: string, content: string) => temp.write(join('run', name), content);
    const args = search('tents', '--method', 'plain');
    const { size } = statSync(file('encode', 'items.jsonl'));
    damage('encode/items.jsonl', 'x');
    const remedy = 'compile again with --force, which makes what is damaged and what follows from it anew';
    const items = file('encode', 'items.jsonl');
    await expectRefusal(args, `${items}: has 1 bytes where ${size} were written; ${remedy}`);
    damage('run.json', '{"format": "r4t-run", "version": 1}');
    await expectRefusal(
      args,
      `${file('run.json')}: is of an earlier version, which kept no checksums; compile again into another folder`,
    );
  });
});
