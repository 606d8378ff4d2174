/** Labelling in a browser, on a real service over a tiny run. */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { type Listening, listen } from '../../src/dashboard/listen.js';
import { blindOrder } from '../../src/labels/blindOrder.js';
import { LabelFolder } from '../../src/labels/labelFolder.js';
import type { LabelTask } from '../../src/serve/http/schemas.js';
import { loadStaticFiles } from '../../src/serve/http/staticFiles.js';
import { compileTiny, serveTiny, type TinyService } from '../../src/serve/testing/tinyRun.js';
import { buildPages, launch, noBrowser } from '../testing/browser.ts';

const METHODS: LabelTask['methods'] = ['plain', 'diffusion'];
const QUERIES = ['red', 'tent', 'something blue', 'lamp'];
const orders = (seed: number) => QUERIES.map((query) => blindOrder(METHODS, seed, query)[0]);

const TASK: LabelTask = {
  queries: QUERIES,
  methods: METHODS,
  k: 4,
  // One with which each method is on the left now and then.
  seed: Array.from({ length: 100 }, (_, seed) => seed).find((seed) => new Set(orders(seed)).size === 2)!,
  next: 'r4t compile catalog.jsonl --sets labels/sets.jsonl --out run-labelled',
};

describe.skipIf(noBrowser())('labelling', () => {
  const temp = tempFolder();
  let browser: Browser;
  let page: Page;
  let run: string;
  let files: Awaited<ReturnType<typeof loadStaticFiles>>;
  let service: TinyService;
  let server: Listening;
  let folders = 0;
  let labels: LabelFolder;
  const errors: string[] = [];

  beforeAll(async () => {
    await buildPages(temp.path('pages'));
    files = await loadStaticFiles(temp.path('pages'));
    run = await compileTiny(temp);
    browser = await launch();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await stop();
  });
  const stop = async () => {
    await page?.close();
    await server?.[Symbol.asyncDispose]();
    await service?.host.close();
  };
  beforeEach(async () => {
    await stop();
    labels = new LabelFolder(temp.path(`labels-${folders++}`));
    service = await serveTiny(run, { files, labels, task: TASK });
    server = await listen(service, 0);
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('pageerror', ({ message }) => errors.push(message));
    await open();
  }, 60_000);

  const open = async () => {
    await page.goto(`${server.url}label.html`);
    await page.waitForSelector('.side:nth-child(2) .row, .summary');
  };
  const asked = () => page.locator('.asked').textContent();
  const isAt = (query: string) =>
    page.waitForSelector(`.asked:has-text("${query}") + .sides .side:nth-child(2) .row`);
  const progress = () => page.locator('.progress p').textContent();
  const onTopic = (side: number) =>
    page.locator('.side').nth(side).locator('.on-topic > span').first().textContent();
  const titles = (side: number) => page.locator('.side').nth(side).locator('.title').allTextContents();
  const lines = (name: 'judgments' | 'sets') =>
    readFileSync(labels.path(name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { query: string; better?: string; items?: string[] });

  it('goes through the queries by keyboard, and on where it was', async () => {
    expect(await asked()).toBe('red');
    expect(await progress()).toBe('0 of 4 queries');
    await page.keyboard.press('1');
    await isAt('tent');
    expect(await progress()).toBe('1 of 4 queries');
    await page.keyboard.press('2');
    await isAt('something blue');
    // Without choosing, and back.
    await page.keyboard.press('n');
    await isAt('lamp');
    await page.keyboard.press('p');
    await isAt('something blue');
    await page.keyboard.press('n');
    await isAt('lamp');
    await page.keyboard.press('0');
    // Back to what is open.
    await isAt('something blue');
    const sides = (query: string) => blindOrder(TASK.methods, TASK.seed, query);
    expect(lines('judgments').map(({ query, better }) => [query, better])).toEqual([
      ['red', sides('red')[0]],
      ['tent', sides('tent')[1]],
      ['lamp', 'equal'],
    ]);
    await open();
    expect(await asked()).toBe('something blue');
    expect(await progress()).toBe('3 of 4 queries');
    await page.keyboard.press('2');
    await page.waitForSelector('.summary');
    expect(await page.locator('.summary h2').textContent()).toBe('All queries are done');
    expect(await page.locator('.command code').count()).toBe(0);
    expect(await page.locator('tr[data-method="plain"] td').last().textContent()).toBe('1');
  });

  it('shows what plain search and Diffusion find, and never which is which', async () => {
    for (const query of TASK.queries) {
      await isAt(query);
      const order = blindOrder(TASK.methods, TASK.seed, query);
      const response = await service.post('/v1/search', { query, methods: order, k: TASK.k });
      const { results } = (await response.json()) as { results: { items: { title: string }[] }[] };
      for (const side of [0, 1])
        expect(await titles(side)).toEqual(results[side].items.map(({ title }) => title));
      expect(await page.content()).not.toMatch(/plain search|diffusion/i);
      await page.keyboard.press('n');
    }
    await page.waitForSelector('.summary');
  });

  it('marks items, and whole sets but for some of them', async () => {
    await page.keyboard.press('[');
    expect(await onTopic(0)).toBe('On topic: 4 of 4');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('d');
    expect(await onTopic(0)).toBe('On topic: 3 of 4');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    const [left, right] = [await titles(0), await titles(1)];
    await page.keyboard.press('u');
    const id = (title: string) => title.replace(' ', '-');
    const expected = new Set([...left.slice(1), ...(right[1] === left[0] ? [left[0]] : [right[1]])].map(id));
    await expect.poll(() => new Set(lines('sets')[0].items)).toEqual(expected);
    await page.keyboard.press('[');
    expect(await page.locator('.all').first().getAttribute('aria-pressed')).toBe('false');
    await page.getByRole('button', { name: 'Results' }).click();
    expect(await page.locator('.command code').textContent()).toBe(TASK.next);
  });

  it('stays where it is when a choice is not kept', async () => {
    await page.route('**/v1/labels', (route) =>
      route.fulfill({ status: 500, json: { detail: 'the disk is full; free some space' } }),
    );
    await page.keyboard.press('1');
    await page.waitForSelector('[role="alert"]');
    expect(await page.locator('[role="alert"]').textContent()).toContain('Not kept: the disk is full');
    expect([await asked(), await progress()]).toEqual(['red', '0 of 4 queries']);
    await page.unroute('**/v1/labels');
    await page.keyboard.press('1');
    await isAt('tent');
    expect(await page.locator('[role="alert"]').count()).toBe(0);
  });

  it.each([390, 800])('fits a window of %d pixels', async (width) => {
    await page.setViewportSize({ width, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    await page.getByRole('button', { name: 'Results' }).click();
    await page.waitForSelector('.summary');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });

  it('makes no errors', () => {
    expect(errors).toEqual([]);
  });
});
