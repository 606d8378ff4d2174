/** `r4t label` from the first query to a run that was compiled from what was said. */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { Client } from '../client/client.js';
import { RunFolder } from '../run/runFolder.js';
import { run as runLine } from './run.js';
import { runCli, SHOP, writeShop } from './testing/shop.js';

const SLOW = 120_000;
const temp = tempFolder();
const run = temp.path('run');
const QUERIES = ['camping', 'kitchen', 'garden', 'shoes', 'red things', 'blue things', 'cooking', 'hiking'];

beforeAll(async () => {
  const { catalog, config } = writeShop(temp);
  const splits = ['train', 'train', 'train', 'train', 'train', 'valid', 'valid', 'test'];
  const queries = temp.write(
    'queries.jsonl',
    QUERIES.map((query, i) => ({ query, split: splits[i] })),
  );
  const compiled = await runCli([
    'compile',
    catalog,
    '--queries',
    queries,
    '--config',
    config,
    '--out',
    run,
    '--stage',
    'encode',
  ]);
  expect(compiled).toMatchObject({ code: 0 });
}, SLOW);

/** `r4t label` in this process, until it is told to stop. */
async function label(...args: string[]) {
  const stopping = new AbortController();
  const texts = { stdout: '', stderr: '' };
  const opened: string[] = [];
  const sink = (name: keyof typeof texts) => ({
    write(text: string) {
      texts[name] += text;
    },
  });
  const ended = runLine(['label', run, '--port', '0', ...args], {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    signal: stopping.signal,
    open: (url) => opened.push(url),
  });
  await expect.poll(() => texts.stderr, { timeout: SLOW }).toMatch(/http:\S+label\.html/);
  const url = new URL(/http:\S+label\.html/.exec(texts.stderr)![0]);
  return {
    client: new Client({ url: url.origin, maxRetries: 0 }),
    texts,
    opened,
    async stop() {
      stopping.abort();
      return { code: await ended, ...texts };
    },
  };
}

/** Whether an item belongs to a query, as far as this person is concerned. */
const fits = (query: string, id: string): boolean => {
  const { title, category, color } = SHOP.find((item) => item.id === id)!;
  return query.includes(category) || query.includes(color) || title.includes('tent');
};

it(
  'asks about the queries of the run, goes on where it was, and is compiled from',
  async () => {
    const out = temp.path('labels');
    const first = await label('--out', out, '--methods', 'plain,hybrid', '--limit', '6');
    expect(first.texts.stderr).toContain('0 of 6 queries are done');
    const { task } = await first.client.labels();
    expect(task).toMatchObject({ methods: ['plain', 'hybrid'], k: 3, seed: 0 });
    expect(QUERIES).toEqual(expect.arrayContaining(task!.queries));
    expect(new Set(task!.queries).size).toBe(6);
    const answer = async (client: Client, query: string) => {
      const { results } = await client.search({ query, methods: ['plain', 'hybrid'], k: 3 });
      const sets = results.map(({ method, items }) => ({ method, items: items.map(({ id }) => id) }));
      const shown = new Set(sets.flatMap(({ items }) => items));
      await client.label([
        ...[...shown].map((item) => ({
          query,
          item,
          verdict: fits(query, item) ? ('up' as const) : ('down' as const),
        })),
        { query, sets: [sets[0], sets[1]], better: 'equal' },
      ]);
      return shown;
    };
    for (const query of task!.queries.slice(0, 2)) await answer(first.client, query);
    const stopped = await first.stop();
    expect(stopped.code).toBe(0);
    expect(stopped.stdout).toContain('2 of 6 queries are done');

    const second = await label('--out', out, '--methods', 'hybrid,plain', '--limit', '8');
    expect(second.texts.stderr).toContain('2 of 8 queries are done');
    const { queries } = (await second.client.labels()).task!;
    expect(queries.slice(0, 6)).toEqual(task!.queries);
    const shown = new Map<string, Set<string>>();
    for (const query of queries) shown.set(query, await answer(second.client, query));
    const { code, stdout } = await second.stop();
    expect(code).toBe(0);
    expect(stdout).toContain('8 of 8 queries are done');
    expect(stdout).toMatch(/^plain +\d\.\d{3} +\d+ +24 +24 +0 +0 +8$/m);

    const sets = readFileSync(`${out}/sets.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { query: string; items: string[]; split: string });
    for (const { query, items } of sets)
      expect([...items].sort()).toEqual([...shown.get(query)!].filter((id) => fits(query, id)).sort());
    expect(sets.find(({ query }) => query === 'blue things')?.split).toBe('valid');

    // The command it ends with, with the settings of this run.
    const [, command] = /^compile from them: r4t (.*)$/m.exec(stdout)!;
    const config = temp.path('r4t.config.json');
    const compiled = await runCli([...command.split(' '), '--config', config]);
    expect(compiled, compiled.stderr).toMatchObject({ code: 0 });
    const made = await RunFolder.open(temp.path('run-labelled'));
    expect(made.stageDone('choose')).toMatchObject({ metric: 'alphaNdcgAtK' });
    expect(existsSync(temp.path('run', 'labels'))).toBe(false);
  },
  SLOW,
);

it(
  'keeps labels in the run folder by default, which stays a sound run, and opens the browser unless told not to',
  async () => {
    const { client, opened, stop } = await label('--split', 'valid');
    expect(opened).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/label\.html$/)]);
    const { task } = await client.labels();
    expect([...task!.queries].sort()).toEqual(['blue things', 'cooking']);
    // Plain search is what it answers by, and no Diffusion is compiled.
    expect(task!.methods).toEqual(['plain', 'hybrid']);
    await client.label([{ query: 'cooking', item: 'item-18', verdict: 'up' }]);
    expect((await stop()).stdout).toContain('1 item on topic for 1 query');
    expect(existsSync(`${run}/labels/judgments.jsonl`)).toBe(true);
    const folder = await RunFolder.open(run);
    await folder.check('encode');
    const quiet = await label('--no-open', '--queries', temp.write('own.txt', 'a party\nred things\n'));
    expect(quiet.opened).toEqual([]);
    expect((await quiet.client.labels()).task!.queries).toEqual(['a party', 'red things']);
    expect((await quiet.stop()).stdout).toContain('0 of 2 queries are done');
  },
  SLOW,
);

describe('what cannot be asked is said at once', () => {
  it.each([
    [['--methods', 'plain'], 'is plain; name two different ones'],
    [['--methods', 'plain,nothing'], '"nothing" is none of plain, bm25'],
    [['--methods', 'plain,diffusion'], 'cannot be diffusion here: '],
    [['--queries', 'nowhere.txt'], 'nowhere.txt: '],
    [['--limit', '0'], 'Expected a whole number of at least 1'],
  ])(
    '%j',
    async (args, problem) => {
      const { code, stderr } = await runCli(['label', run, '--port', '0', '--no-open', ...args]);
      expect(stderr).toContain(problem);
      expect(code).toBe(2);
    },
    SLOW,
  );

  it('a folder without a run', async () => {
    expect(await runCli(['label', temp.path('nothing')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('holds no run'),
    });
  });
});
