/** The report of an evaluation, opened in a browser as a file. */
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { writeReport } from '../../src/evaluate/report/report.js';
import { sampleReport } from '../../src/evaluate/report/testing/sampleReport.js';
import { launch, noBrowser } from '../testing/browser.ts';

const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4" onclick="alert(3)"/></svg>';

describe.skipIf(noBrowser())('report.html', () => {
  const temp = tempFolder();
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const data = sampleReport();
    const image = temp.write('item.svg', SVG);
    const [first, ...others] = data.queries;
    const folm = first.sets.folm!;
    const items = folm.items.map((item, i) => (i > 0 ? item : { ...item, id: 'x', title: HOSTILE, image }));
    const queries = [
      { ...first, query: HOSTILE, sets: { ...first.sets, folm: { ...folm, items } } },
      ...others,
    ];
    await writeReport(temp.path('report'), { ...data, queries });
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('dialog', (dialog) => {
      complaints.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(temp.path('report', 'report.html')).href);
  });
  afterAll(() => browser?.close());

  const set = (name: string) =>
    page.locator('.set', { has: page.getByRole('heading', { name, exact: true }) });
  const methods = () => page.locator('#results table').first().locator('tbody tr th').allTextContents();

  it('shows texts of the catalog as they are, and pictures without a network', async () => {
    expect(await page.locator('#query-title').textContent()).toBe(HOSTILE);
    expect(await set('FOLM').locator('.title').first().textContent()).toBe(HOSTILE);
    expect(await set('FOLM').locator('.via').first().textContent()).toBe('a tent');
    const width = await set('FOLM')
      .locator('img')
      .first()
      .evaluate((image) => (image as HTMLImageElement).naturalWidth);
    expect(width).toBeGreaterThan(0);
    expect(await set('FOLM').locator('.card.relevant').count()).toBe(1);
    expect(await set('FOLM').locator('.figures dt').first().textContent()).toBe('P@4');
  });

  it('sorts by a heading, and back', async () => {
    const heading = page.locator('#results th button', { hasText: 'alpha-nDCG@4' });
    await heading.click();
    expect((await methods()).slice(0, 2)).toEqual(['Diffusion, untrained', 'Diffusion, supervised']);
    await heading.click();
    expect((await methods()).slice(0, 2)).toEqual(['Plain search', 'BM25']);
    expect(await page.locator('#results th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
  });

  it('finds a query by keyboard, and shows the sets of the methods that are chosen', async () => {
    await page.locator('#query-search').fill('query 1');
    expect(await page.locator('#query-count').textContent()).toBe('3 of 12');
    await page.locator('#query-search').press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('#query-title').textContent()).toBe('query 10');
    const shown = await page.locator('.set').count();
    await page.locator('#method-chips label', { hasText: /^MMR$/ }).click();
    expect(await page.locator('.set').count()).toBe(shown + 1);
    expect(await set('MMR').locator('.card').count()).toBe(4);
  });

  it('goes from the worst queries to their sets', async () => {
    const link = page.locator('#gains [data-query]').last();
    await link.click();
    expect(await page.locator('#query-title').textContent()).toBe(await link.textContent());
    expect(await page.locator('#query-count').textContent()).toBe('12 of 12');
  });

  it('changes the picture of the trade-off to the held-out encoder', async () => {
    const views = page.locator('#diagnostics .view');
    expect(await views.nth(0).isVisible()).toBe(true);
    await page.locator('#diagnostics label', { hasText: 'Held-out' }).click();
    expect([await views.nth(0).isVisible(), await views.nth(1).isVisible()]).toEqual([false, true]);
  });

  it.each([360, 800, 1400])('never scrolls sideways as a whole, %i pixels wide', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });

  it('breaks no rule of its own and asks for nothing', () => {
    expect(complaints).toEqual([]);
  });
});
