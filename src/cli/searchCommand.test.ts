import { beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { SearchResult } from '../retrieve/retriever.js';
import { runCli, writeShop } from './testing/shop.js';

const temp = tempFolder();
const run = temp.path('run');
beforeAll(async () => {
  const { catalog, config } = writeShop(temp);
  await runCli(['compile', catalog, '--config', config, '--out', run, '--stage', 'encode']);
});
const search = (...args: string[]) => runCli(['search', run, ...args, '--threads', '1']);
/** Milliseconds differ from run to run. */
const timeless = (text: string) => text.replace(/\d+\.\d(?= ms|[,)])/g, '#');

it('prints the set as a table', async () => {
  const { code, stdout, stderr } = await search('something to sleep in outdoors', '--method', 'plain');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(timeless(stdout)).toMatchInlineSnapshot(`
    "rank  title       category  relevance  why
    ----  ----------  --------  ---------  --------------
       1  black tent  camping       0.812  near the query
       2  white tent  camping       0.786  near the query
       3  blue tent   camping       0.757  near the query

    3 items by plain in # ms (encode #, directions #, search #)
    "
  `);
});

it('takes the range of a cosine for the least relevance', async () => {
  const few = await search('camping gear', '--method', 'plain', '-k', '72', '--min-score', '0.9', '--json');
  const all = await search('camping gear', '--method', 'plain', '-k', '72', '--min-score', '-1', '--json');
  const [best, items] = [few, all].map(({ stdout }) => (JSON.parse(stdout) as SearchResult).items);
  expect(items).toHaveLength(72);
  expect(best).toEqual(items.filter(({ score }) => score >= 0.9));
  const { code, stderr } = await search('camping gear', '--min-score', '1.5');
  expect(code).toBe(2);
  expect(stderr).toContain('Expected a number from -1 to 1.');
});

it('says when plain search had to answer instead', async () => {
  const { code, stdout, stderr } = await search('camping gear', '--method', 'diffusion');
  expect(code).toBe(0);
  expect(stdout).toContain('3 items by plain in ');
  expect(stderr).toBe('r4t: plain search answers instead: this run has no trained diffusion model yet\n');
});

it('prints JSON for programs', async () => {
  const { stdout } = await search('camping gear', '--method', 'mmr', '-k', '5', '--json');
  const result = JSON.parse(stdout) as SearchResult;
  expect(result).toMatchObject({
    query: 'camping gear',
    method: 'mmr',
    timings: { total: expect.any(Number) },
  });
  expect(new Set(result.items.map(({ id }) => id)).size).toBe(5);
});

it('joins several filters, and says when they leave too few items', async () => {
  const filters = ['--filter', 'category=camping|garden', '--filter', 'color = red', '--filter', 'price<50'];
  const { code, stdout, stderr } = await search('gear', '--method', 'dpp', '-k', '4', ...filters);
  expect(code).toBe(0);
  expect(stdout).toMatch(/red hose[\s\S]+3 of 4 items by dpp in/);
  expect(stderr).toBe('r4t: only 3 items pass the filter\n');
  const none = await search('gear', '--filter', 'price<0');
  expect(none.code).toBe(0);
  expect(none.stdout).toMatch(/^0 of 3 items by plain in /);
  expect(none.stderr).toBe('r4t: no item passes the filter\n');
});

it('shows what a run was made of', async () => {
  const { code, stdout } = await runCli(['info', run]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^catalog +.*catalog\.jsonl, 72 items, sha256 [0-9a-f]{8}$/m);
  expect(stdout).toMatch(
    /^encode +done +[\d.]+ s +- +\d+ kB +items 72, queries \d+, dimensions 16, keptVariance 0\.\d+$/m,
  );
  expect(stdout).toMatch(/^price +number +72 +0$/m);
  expect(stdout).toMatch(/^color +text +72 +red$/m);
  expect(stdout).toMatch(/^policy +open +- +- +- +-$/m);
  const { stdout: json } = await runCli(['info', run, '--json']);
  expect(JSON.parse(json)).toMatchObject({
    catalog: { items: 72 },
    config: { k: 3 },
    fields: expect.arrayContaining([{ name: 'price', kind: 'number', isList: false, items: 72, example: 0 }]),
    stages: [{ stage: 'encode', state: 'done' }, { state: 'open' }, {}, {}, {}, {}, {}],
  });
});
