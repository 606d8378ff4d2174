/** The explorer in a browser, on a real service over a tiny run. */
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { type Listening, listen } from '../../src/dashboard/listen.js';
import { parseKeys } from '../../src/serve/http/auth.js';
import type { LabelsAnswer } from '../../src/serve/http/schemas.js';
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
  const cards = (method: string) => page.locator(`section.${method} .card .open`);
  const choice = (method: string) => page.locator(`.picker input[name="${method}"]`);
  const titles = (method: string) => page.locator(`section.${method} .card .title`).allTextContents();
  /** Waits until no column is older than the question. */
  const answered = () =>
    page.waitForFunction(
      () =>
        document.querySelectorAll('.column .card .open, .column .unknown').length > 0 &&
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
    expect(await page.locator('section.diffusion .why').first().textContent()).toMatch(/^(has |in |near )/);
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
    await page.click('.picker summary');
    await choice('mmr').check();
    await page.locator('input[name="k"]').fill('3');
    await page.locator('input[name="diversity"]').fill('0.4');
    await page.selectOption('#distinct', 'category');
    await page.getByLabel('Items for each value').selectOption('2');
    await page.getByRole('button', { name: 'Another set' }).click();
    await page.fill('.filter-draft', 'color=red|blue');
    await page.press('.filter-draft', 'Enter');
    await answered();
    await expect.poll(() => titles('mmr').then((all) => all.length)).toBe(3);
    const { search } = new URL(page.url());
    const params = Object.fromEntries(new URLSearchParams(search));
    expect(params).toEqual({
      q: 'boot',
      m: 'plain,mmr,diffusion',
      k: '3',
      seed: '1',
      d: '0.4',
      by: 'category',
      most: '2',
      f: 'color=red|blue',
    });
    const shown = await titles('diffusion');
    for (const title of shown) expect(title).toMatch(/^(red|blue)/);
    await open(search);
    await answered();
    expect(await titles('diffusion')).toEqual(shown);
  });

  it('says under the filters which is wrong and where, and goes on once it is mended', async () => {
    await open('?q=tent&f=color%3Dred&f=price%3C50+AND');
    await page.waitForSelector('.filter-form [role="alert"]');
    expect(await page.locator('[role="alert"]').allTextContents()).toEqual([
      expect.stringContaining('column 13: expected a field'),
    ]);
    expect(await page.locator('.chip.wrong').allTextContents()).toEqual(['price<50 AND']);
    await page.getByRole('button', { name: 'price<50 AND', exact: true }).click();
    expect(await page.inputValue('.filter-draft')).toBe('price<50 AND');
    await page.fill('.filter-draft', 'price<50 AND NOT category=lamp');
    await page.press('.filter-draft', 'Enter');
    await page.waitForSelector('[role="alert"]', { state: 'detached' });
    await answered();
    expect(new URL(page.url()).searchParams.getAll('f')).toEqual([
      'color=red',
      'price<50 AND NOT category=lamp',
    ]);
    expect((await titles('plain')).sort()).toEqual(['red boot', 'red chair', 'red table', 'red tent']);
    await page.getByRole('button', { name: 'Remove color=red' }).click();
    await expect
      .poll(async () => (await titles('plain')).some((title) => !title.startsWith('red')))
      .toBe(true);
  });

  it('says what keeps a set short', async () => {
    await open('?q=tent&f=price%3E1000');
    await page.waitForSelector('.short');
    expect(await page.locator('.short').allTextContents()).toEqual(
      Array(2).fill('No item passes: the filters.'),
    );
  });

  it('does not pretend to know what nothing here knows', async () => {
    await page.route('**/v1/search', async (route) => {
      const response = await route.fetch();
      const body = (await response.json()) as { results: object[] };
      const results = body.results.map((result) => ({ ...result, items: [], unknown: true }));
      await route.fulfill({ response, json: { ...body, results } });
    });
    await open('?q=asdfqwer&m=plain');
    expect(await page.locator('.unknown').textContent()).toContain('Nothing here knows “asdfqwer”.');
    expect(await page.locator('.bars b').allTextContents()).toEqual(['', '']);
    expect(await page.locator('.short').count()).toBe(0);
  });

  it('offers every method, and says why one cannot be chosen', async () => {
    await open('?q=boot');
    await page.click('.picker summary');
    expect(await page.locator('.choice').count()).toBe(16);
    // Nothing lies beyond the edge of the list, where it could not be scrolled to.
    const isWithin = ({ scrollWidth, clientWidth }: Element) => scrollWidth <= clientWidth;
    expect(await page.locator('.picker .list').evaluate(isWithin)).toBe(true);
    expect(await choice('vote').isDisabled()).toBe(true);
    expect(await page.locator('.choice.vote small').textContent()).toContain('no reference sets');
    expect(await page.locator('.choice.plain em').count()).toBe(1);
    await choice('hybrid').check();
    await expect.poll(() => cards('hybrid').count()).toBe(4);
    await page.keyboard.press('Escape');
    expect(await page.locator('.choice').first().isVisible()).toBe(false);
    await page.locator('.button.method.hybrid').click();
    expect(await page.locator('section.hybrid').count()).toBe(0);
    expect(new URL(page.url()).searchParams.has('m')).toBe(false);
  });

  it('asks for diversity where a method has one, and leaves it to validation otherwise', async () => {
    const sent: Record<string, unknown>[] = [];
    await page.route('**/v1/search', (route) => {
      sent.push(route.request().postDataJSON());
      void route.continue();
    });
    await open('?q=boot&m=plain');
    await answered();
    const slider = page.locator('input[name="diversity"]');
    expect(await slider.isDisabled()).toBe(true);
    await page.click('.picker summary');
    await choice('mmr').check();
    await expect.poll(() => cards('mmr').count()).toBe(4);
    expect(await slider.inputValue()).toBe('0.1');
    expect(sent.some((body) => 'diversity' in body)).toBe(false);
    sent.length = 0;
    await slider.fill('0.9');
    await expect.poll(() => sent.length).toBe(2);
    const asked = Object.fromEntries(sent.map(({ method, diversity }) => [method as string, diversity]));
    expect(asked).toEqual({ plain: undefined, mmr: 0.9 });
    await page.getByRole('button', { name: 'Reset Diversity' }).click();
    expect(await slider.inputValue()).toBe('0.1');
  });

  it('keeps to the least relevance and to so many items of a value', async () => {
    await open('?q=red+tent&m=plain&k=6');
    await answered();
    const scores = async () =>
      (await page.locator('section.plain .score').allTextContents()).map((text) => Number(text));
    const before = await scores();
    expect(before).toEqual([...before].sort((a, b) => b - a));
    const least = Math.floor(20 * before[2]) / 20;
    await page.locator('input[name="minScore"]').fill(String(least));
    await expect.poll(async () => (await scores()).every((score) => score >= least - 0.005)).toBe(true);
    await page.getByRole('button', { name: 'Reset Relevance' }).click();
    await page.selectOption('#distinct', 'category');
    const things = async () => (await titles('plain')).map((title) => title.split(' ')[1]);
    await expect
      .poll(async () => (await things()).sort())
      .toEqual(['boot', 'chair', 'lamp', 'table', 'tent']);
    expect(await page.locator('.short').textContent()).toBe('No other item passes: 1 for each category.');
  });

  it('shows more of the same and less of one, with the way back', async () => {
    await open('?q=red+tent&m=plain');
    await answered();
    const first = await titles('plain');
    await page.locator('section.plain .card').nth(1).hover();
    await page.getByRole('button', { name: `Not ${first[1]}`, exact: true }).click();
    await expect.poll(() => titles('plain')).not.toContain(first[1]);
    expect(await page.locator('.refined .chip').allTextContents()).toEqual([first[1]]);
    await page.getByRole('button', { name: 'More like this' }).click();
    await expect.poll(() => titles('plain')).not.toContain(first[0]);
    expect(await page.locator('.refined').textContent()).toContain('Items 5 to 8 of each set');
    const { search } = new URL(page.url());
    expect(search).toContain('from=4');
    await open(search);
    await answered();
    expect(await page.locator('.refined .chip').allTextContents()).toEqual([first[1]]);
    await page.getByRole('button', { name: 'Back to the first' }).click();
    await page.locator('.refined .chip').click();
    await expect.poll(() => titles('plain')).toEqual(first);
    expect(await page.locator('.refined').count()).toBe(0);
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
    await expect.poll(() => cards('plain').count()).toBe(5);
    await page.keyboard.press('m');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('plain');
    for (let i = 0; i < 4; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await expect.poll(() => cards('dpp').count()).toBe(5);
    await page.keyboard.press('m');
    await page.keyboard.press('n');
    await expect.poll(() => page.url()).toContain('from=5');
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
    const ticked = page.locator('section.plain .card:has(.right) .title');
    expect((await ticked.allTextContents()).sort()).toEqual(['blue tent', 'green boot', 'red tent']);
    const bars = page.locator('section.plain .bars dt');
    expect(await bars.allTextContents()).toEqual(['P@20', 'Nearness', 'Diversity']);
    expect(await page.locator('section.plain .bars b').first().textContent()).toBe('0.15');
    expect(await page.locator('.known').textContent()).toContain('3 items for this test query');
    await page.fill('#query', 'camping trip');
    await answered();
    expect(await page.locator('.right').count()).toBe(0);
    await labelled.host.close();
  });

  describe('thumbs', () => {
    const marked = (method: string) =>
      page.locator(`section.${method} .on-topic > span`).first().textContent();
    const kept = async () => {
      const response = await fetch(`${server.url}v1/labels?query=blue`);
      return ((await response.json()) as LabelsAnswer).judgments;
    };

    it('say what is on topic: counted in every set, kept by the service, taken back by the same again', async () => {
      await open('?q=blue&m=plain,mmr');
      await answered();
      expect(await marked('plain')).toBe('Nothing marked yet');
      const [first, second] = await titles('plain');
      const card = (title: string) => page.locator('section.plain .card', { hasText: title });
      await card(first).hover();
      await card(first)
        .getByRole('button', { name: `On topic: ${first}`, exact: true })
        .click();
      await card(second).hover();
      await page.keyboard.press('d');
      expect(await marked('plain')).toBe('On topic: 1 of 4');
      expect(
        await page.locator('section.plain .pips i').evaluateAll((all) => all.map((i) => i.className)),
      ).toEqual(['up', 'down', 'none', 'none']);
      // The same item elsewhere is marked too.
      expect(await page.locator('section.mmr .card.up .title').allTextContents()).toEqual([first]);
      const id = (title: string) => title.replace(' ', '-');
      await expect.poll(kept).toEqual([
        { query: 'blue', item: id(first), verdict: 'up' },
        { query: 'blue', item: id(second), verdict: 'down' },
      ]);
      await open('?q=blue&m=plain,mmr');
      await answered();
      await expect.poll(() => marked('plain')).toBe('On topic: 1 of 4');
      await card(second)
        .getByRole('button', { name: `Not on topic: ${second}`, exact: true })
        .click();
      await expect.poll(kept).toHaveLength(1);
      await page.getByRole('button', { name: 'On topic: the set of Plain search', exact: true }).click();
      expect(await marked('plain')).toBe('On topic: 4 of 4');
      await expect.poll(kept).toHaveLength(2);
      expect((await kept())[1]).toMatchObject({ method: 'plain', verdict: 'up', items: { length: 4 } });
    });

    it('that cannot be kept do not count, and it is said', async () => {
      await open('?q=golden&m=plain');
      await answered();
      await page.route('**/v1/labels', (route) =>
        route.fulfill({ status: 403, json: { detail: 'this key may only read' } }),
      );
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('u');
      await page.waitForSelector('[role="alert"]');
      expect(await page.locator('[role="alert"]').textContent()).toContain(
        'Not kept: this key may only read',
      );
      expect(await marked('plain')).toBe('Nothing marked yet');
      await page.unroute('**/v1/labels');
    });

    it('are not there where the service keeps no labels', async () => {
      const files = await loadStaticFiles(temp.path('pages'));
      const mute = await serveTiny(temp.path('run'), { files, labels: undefined });
      await using other = await listen(mute, 0);
      await page.goto(`${other.url}?q=blue&m=plain`);
      await answered();
      expect(await page.locator('.thumbs, .on-topic').count()).toBe(0);
      await mute.host.close();
    });
  });

  it('makes no errors', () => {
    expect(errors).toEqual([]);
  });
});
