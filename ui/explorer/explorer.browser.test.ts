/** The explorer in a browser, on a real service over a tiny run. */
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { type Listening, listen } from '../../src/dashboard/listen.js';
import { parseKeys } from '../../src/serve/http/auth.js';
import { loadStaticFiles } from '../../src/serve/http/staticFiles.js';
import { compileTiny, SETS, serveTiny, type TinyService } from '../../src/serve/testing/tinyRun.js';
import { buildPages, launch, noBrowser } from '../testing/browser.ts';

describe.skipIf(noBrowser())('the explorer', () => {
  const temp = tempFolder();
  let browser: Browser;
  let service: TinyService;
  let server: Listening;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    await buildPages(temp.path('pages'));
    service = await serveTiny(await compileTiny(temp), { files: await loadStaticFiles(temp.path('pages')) });
    server = await listen(service, 0);
    browser = await launch();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await service?.host.close();
  });
  beforeEach(async () => {
    await page?.close();
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('pageerror', ({ message }) => errors.push(message));
  }, 60_000);

  const open = async (address = '') => {
    await page.goto(`${server.url}${address}`);
    await page.waitForSelector('.about:has-text("20 items")');
  };
  const cards = (method: string) => page.locator(`section.${method} .card button`);
  const titles = (method: string) => page.locator(`section.${method} .card .title`).allTextContents();
  /** Waits until no column is older than the question. */
  const answered = () =>
    page.waitForFunction(
      () =>
        document.querySelectorAll('.column .card button').length > 0 &&
        document.querySelectorAll('[aria-busy="true"]').length === 0,
    );
  const type = async (query: string) => {
    await page.fill('#query', query);
    await answered();
  };

  it('shows the sets of two methods side by side, with what makes them good', async () => {
    await open();
    expect(await page.locator('.welcome').isVisible()).toBe(true);
    await type('red tent');
    for (const method of ['plain', 'diffusion']) {
      expect(await cards(method).count()).toBe(4);
      const bars = await page.locator(`section.${method} .bars b`).allTextContents();
      expect(bars).toHaveLength(2);
      for (const value of bars) expect(value).toMatch(/^-?\d\.\d\d$/);
      expect(await page.locator(`section.${method} .score`).first().textContent()).toMatch(/\d\.\d\d/);
    }
    expect(await titles('plain')).toContain('red tent');
    expect(await page.locator('section.plain .why').first().textContent()).toBe('has red, tent');
    expect(await page.locator('section.diffusion .why').first().textContent()).toMatch(
      /^(has |Direction \d|near )/,
    );
    expect(await page.locator('section.plain .card img').count()).toBeGreaterThan(0);
    const [left, right] = await Promise.all(
      ['plain', 'diffusion'].map((method) => page.locator(`section.${method}`).boundingBox()),
    );
    expect(left?.y).toBe(right?.y);
    expect((left?.x ?? 0) + (left?.width ?? 0)).toBeLessThan(right?.x ?? 0);
  });

  it('keeps the last sets in place until the next are there, and never shows an answer that is late', async () => {
    await open('?q=lamp');
    await answered();
    const before = { titles: await titles('plain'), box: await cards('plain').last().boundingBox() };
    const held: Route[] = [];
    await page.route('**/v1/search', (route) => {
      const { query } = route.request().postDataJSON() as { query: string };
      if (query === 'blue') held.push(route);
      else void route.continue();
    });
    await page.fill('#query', 'blue');
    await page.waitForSelector('section.plain[aria-busy="true"]');
    await expect.poll(() => held.length).toBe(2);
    expect(await titles('plain')).toEqual(before.titles);
    await type('golden boot');
    await Promise.all(held.map((route) => route.continue().catch(() => {})));
    expect(await titles('plain')).toContain('golden boot');
    await page.waitForTimeout(100);
    expect(await titles('plain')).toContain('golden boot');
    expect(await cards('plain').last().boundingBox()).toEqual(before.box);
  });

  it('holds everything in its address', async () => {
    await open();
    await type('boot');
    await page.getByRole('button', { name: 'MMR', exact: true }).click();
    await page.locator('input[name="k"]').fill('3');
    await page.getByRole('button', { name: 'Another set' }).click();
    await page.fill('.filter-draft', 'color=red|blue');
    await page.press('.filter-draft', 'Enter');
    await answered();
    await expect.poll(() => titles('mmr').then((all) => all.length)).toBe(3);
    const { search } = new URL(page.url());
    const params = Object.fromEntries(new URLSearchParams(search));
    expect(params).toEqual({ q: 'boot', m: 'plain,mmr,diffusion', k: '3', seed: '1', f: 'color=red|blue' });
    const shown = await titles('diffusion');
    for (const title of shown) expect(title).toMatch(/^(red|blue)/);
    await open(search);
    await answered();
    expect(await titles('diffusion')).toEqual(shown);
  });

  it('says what is wrong with a filter, and goes on once it is gone', async () => {
    await open('?q=tent&f=colour%3Dred');
    await page.waitForSelector('[role="alert"]');
    expect(await page.locator('[role="alert"]').textContent()).toContain(
      'no item has it; did you mean color?',
    );
    await page.locator('.chip.wrong').click();
    await page.waitForSelector('[role="alert"]', { state: 'detached' });
    await answered();
  });

  it('says when nothing passes the filters', async () => {
    await open('?q=tent&f=price%3E1000');
    await page.waitForSelector('.short');
    expect(await page.locator('.short').allTextContents()).toEqual(
      Array(2).fill('No item passes the filters.'),
    );
  });

  it('says when the server does not answer, and tries again', async () => {
    await open('?q=tent');
    await answered();
    const before = await titles('plain');
    await page.route('**/v1/search', (route) => route.abort());
    await page.fill('#query', 'lamp');
    await page.waitForSelector('[role="alert"]');
    expect(await page.locator('[role="alert"]').textContent()).toContain('does not answer');
    expect(await titles('plain')).toEqual(before);
    await page.unroute('**/v1/search');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.waitForSelector('[role="alert"]', { state: 'detached' });
    expect(await titles('plain')).not.toEqual(before);
  });

  // Sometimes keys are dead after the dialog was closed; the cause is not found yet.
  it('can be used by keyboard alone', async () => {
    await open('?q=chair');
    await answered();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    expect(await focused()).toBe('Query');
    await page.keyboard.press('ArrowDown');
    const [first, second] = await titles('plain');
    expect(await focused()).toContain(first);
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toContain(second);
    await page.keyboard.press('Enter');
    expect(await page.locator('dialog h2').textContent()).toBe(second);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog[open]', { state: 'detached' });
    await page.keyboard.press(']');
    await page.keyboard.press('5');
    await expect.poll(() => cards('dpp').count()).toBe(5);
    await page.keyboard.press('/');
    await expect.poll(focused).toBe('Query');
  });

  it('shows on the map what is pointed at', async () => {
    await open('?q=lamp');
    await answered();
    const canvas = page.locator('.plane canvas');
    const picture = () => canvas.evaluate((c: HTMLCanvasElement) => c.toDataURL());
    const before = await picture();
    await cards('plain').first().hover();
    await expect.poll(picture).not.toBe(before);
    // The same item elsewhere is marked too.
    const id = await page.locator('section.plain .card.pointed').count();
    expect(id).toBe(1);
    const box = await canvas.boundingBox();
    for (let x = 10; x < box!.width && (await page.locator('.tip').count()) === 0; x += 9)
      for (let y = 10; y < box!.height && (await page.locator('.tip').count()) === 0; y += 40)
        await page.mouse.move(box!.x + x, box!.y + y);
    expect(await page.locator('.tip b').textContent()).toMatch(/^(red|blue|green|golden) /);
  });

  it.each([390, 800, 1400])('fits a window of %d pixels', async (width) => {
    await page.setViewportSize({ width, height: 844 });
    await open('?q=tent&m=plain,mmr,dpp,folm,diffusion');
    await answered();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  });

  it('asks for a key where the service wants one, and shows its pictures then', async () => {
    const keys = parseKeys('read:sixteen-letters-or-more', {});
    const locked = await serveTiny(temp.path('run'), {
      files: await loadStaticFiles(temp.path('pages')),
      keys,
    });
    await using other = await listen(locked, 0);
    await page.goto(`${other.url}?q=red+tent`);
    await page.fill('.key input', 'a-key-that-is-wrong');
    await page.click('.key button');
    await page.waitForSelector('.key');
    await page.fill('.key input', 'sixteen-letters-or-more');
    await page.click('.key button');
    await answered();
    expect(await titles('plain')).toContain('red tent');
    await page.waitForSelector('.card img[src^="blob:"]');
    await page.waitForSelector('.key', { state: 'detached' });
    await locked.host.close();
  });

  it('ticks what people chose, where the query is one of their own', async () => {
    const run = await compileTiny(temp, { out: 'labelled', sets: SETS, stage: 'encode' });
    const labelled = await serveTiny(run, { files: await loadStaticFiles(temp.path('pages')) });
    await using other = await listen(labelled, 0);
    await page.goto(`${other.url}?q=camping&m=plain&k=20`);
    await answered();
    const ticked = page.locator('section.plain .card .title:has(span[title="People chose it"])');
    expect((await ticked.allTextContents()).sort()).toEqual(['✓ blue tent', '✓ green boot', '✓ red tent']);
    expect(await page.locator('section.plain header').textContent()).toContain(
      '3 of 20 are what people chose',
    );
    await labelled.host.close();
  });

  it('makes no errors', () => {
    expect(errors).toEqual([]);
  });
});
