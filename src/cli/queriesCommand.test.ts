import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { stubChat } from '../llm/testing/stubChat.js';
import { run } from './run.js';
import { runCli, SHOP, writeShop } from './testing/shop.js';

const temp = tempFolder();
const { catalog, config } = writeShop(temp);
const read = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { query: string; items?: string[]; split: string });

it('makes queries of the words and categories of a catalog', async () => {
  const out = temp.path('queries.jsonl');
  const { code, stdout } = await runCli(['queries', catalog, '--out', out, '--config', config]);
  expect(code).toBe(0);
  const queries = read(out);
  expect(queries.map(({ query }) => query)).toContain('tent');
  for (const query of queries) expect(Object.keys(query)).toEqual(['query', 'split']);
  const train = queries.filter(({ split }) => split === 'train').length;
  expect(stdout).toContain(`${out}: ${queries.length} queries (train ${train}, `);
  expect(stdout).toContain(`compile with --queries ${out}`);
});

it('makes queries of sets, the same ones of the same seed', async () => {
  const rows = [0, 6, 12, 18, 24, 30];
  const lines = rows.map((row, i) => ({
    id: `set-${i}`,
    items: [SHOP[row].id, SHOP[(row + 13 + i) % 72].id, SHOP[(row + 27 + 2 * i) % 72].id],
    split: i === 0 ? 'test' : 'train',
  }));
  const sets = temp.write('sets.jsonl', lines);
  const make = async (name: string, ...more: string[]) => {
    const out = temp.path(name);
    const args = ['queries', catalog, '--sets', sets, '--out', out, '--config', config, ...more];
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    expect(stdout).toContain(`compile with --sets ${out}`);
    return read(out);
  };
  const queries = await make('a.jsonl', '--suffix', 'stuff', '--per-set', '1', '--seed', '4');
  expect(queries.length).toBeGreaterThan(2);
  for (const { query, items, split } of queries) {
    expect(query).toMatch(/^(\w+ ){2,3}stuff$/);
    expect(lines.find((line) => line.items.join() === items?.join())?.split).toBe(split);
  }
  expect(await make('b.jsonl', '--suffix', 'stuff', '--per-set', '1', '--seed', '4')).toEqual(queries);
  expect((await make('c.jsonl', '--recombine', '9')).length).toBeGreaterThan((await make('d.jsonl')).length);
});

it('says so when there are no words to make queries of', async () => {
  const file = temp.write('few.jsonl', [{ id: 1, title: '24' }]);
  expect(await runCli(['queries', file, '--out', temp.path('x.jsonl'), '--config', config])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`r4t: ${file}: gives no queries: its items share no words\n`),
  });
});

it('lets a model write the queries of sets and of a catalog, and shows the key nowhere', async () => {
  const stub = await stubChat(({ body }) => {
    const items = body.messages[1].content.match(/- ".*"/g)?.length;
    return JSON.stringify({ queries: [`${items} things ${body.messages[1].content.length}`] });
  });
  let text = '';
  const sink = {
    write: (more: string) => {
      text += more;
    },
  };
  const env = { OPENAI_API_KEY: 'secret-key' };
  const ask = async (out: string, ...args: string[]) => {
    const argv = [
      'queries',
      catalog,
      '--config',
      config,
      '--out',
      out,
      '--llm',
      stub.baseUrl,
      '--model',
      'm',
    ];
    expect(await run([...argv, ...args], { stdout: sink, stderr: sink, env })).toBe(0);
    return read(out);
  };
  try {
    const items = SHOP.slice(0, 4).map(({ id }) => id);
    const sets = temp.write('open.jsonl', [
      { items, split: 'test' },
      { query: 'known', items, split: 'test' },
    ]);
    const queries = await ask(temp.path('written.jsonl'), '--sets', sets);
    expect(queries).toEqual([
      { query: 'known', items, split: 'test' },
      { query: expect.stringContaining('4 things'), items, split: 'test' },
    ]);
    const open = await ask(temp.path('open-ended.jsonl'), '--lists', '3');
    expect(open[0].query).toMatch(/^12 things/);
    expect(stub.requests).toHaveLength(4);
    expect(stub.requests[0].headers.authorization).toBe('Bearer secret-key');
    await ask(temp.path('open-ended.jsonl'), '--lists', '3');
    expect(stub.requests).toHaveLength(4);
    expect(text).not.toContain('secret-key');
    expect(readFileSync(temp.path('open-ended.jsonl.answers.jsonl'), 'utf8')).not.toContain('secret-key');
  } finally {
    await stub.close();
  }
});

it.each([
  [['--llm', 'http://localhost:1/v1'], '--llm and --model belong together'],
  [['--llm', 'ftp://x', '--model', 'm'], '"ftp://x" is not an endpoint'],
])('refuses %j', async (args, message) => {
  const { code, stderr } = await runCli(['queries', catalog, '--out', temp.path('x.jsonl'), ...args]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
