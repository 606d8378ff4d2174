/** What a catalog or a policy says is text, never a script: explorer and dashboard in a real browser. The report has a test of its own. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { createDashboard } from '../../src/dashboard/dashboard.js';
import { type Listening, listen } from '../../src/dashboard/listen.js';
import { policyFigures, sketchRun } from '../../src/dashboard/testing/run.js';
import { loadStaticFiles } from '../../src/serve/http/staticFiles.js';
import { compileTiny, serveTiny, type TinyService } from '../../src/serve/testing/tinyRun.js';
import { buildPages, launch, noBrowser } from './browser.ts';

const MARKUP = [
  '<script>alert(1)</script> red tent',
  '<img src=x onerror=alert(2)> red tent',
  '"><svg onload=alert(3)> red tent',
  '</title></textarea></style></script><iframe src=javascript:alert(4)> red tent',
  '{{constructor.constructor("alert(5)")()}} red tent',
  `'-alert(6)-' \${alert(6)} red tent`,
  '<a href="javascript:alert(7)">red tent</a>',
  '<math><mtext><table><mglyph><style><img src onerror=alert(8)>red tent',
];
const IMAGES = [
  'javascript:alert(11)',
  'JaVaScRiPt:alert(12)',
  'data:text/html,<script>alert(13)</script>',
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="alert(14)"><script>alert(14)</script></svg>',
  'x" onerror="alert(15)',
  'vbscript:msgbox(16)',
  '//127.0.0.1:9/x.png" onload="alert(17)',
  'hostile.svg',
];
const ITEMS = MARKUP.map((text, i) => ({
  id: `<b onclick=alert(21)>${i}`,
  title: text,
  category: `<script>alert(22)</script>${i % 2}`,
  image: IMAGES[i],
  '<i onmouseover=alert(23)>': text,
}));
/** As entities of entities, which reading a catalog turns into markup again after it has taken out what markup it found. */
const written = (text: string): string => escaped(escaped(text));
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" onload="alert(31)"><script>alert(32)</script><circle r="4"/></svg>';

describe.skipIf(noBrowser())('hostile texts and pictures', () => {
  const temp = tempFolder();
  let browser: Browser;
  let service: TinyService;
  let server: Listening;
  const ran: string[] = [];

  /** A page that notes every script of theirs, and every address outside this machine. */
  async function watched(): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('dialog', (dialog) => {
      ran.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', ({ message }) => ran.push(message));
    page.on('request', (request) => {
      if (!/^(http:\/\/127\.0\.0\.1:|data:image|blob:)/.test(request.url())) ran.push(request.url());
    });
    return page;
  }
  const elements = (page: Page) =>
    page.evaluate(
      () =>
        document.querySelectorAll('[onclick], [onerror], [onload], [onmouseover], iframe, body script')
          .length,
    );

  beforeAll(async () => {
    await buildPages(temp.path('pages'));
    temp.write('hostile.svg', SVG);
    const run = await compileTiny(temp, {
      items: [...ITEMS, ...ITEMS.map((item, i) => ({ ...item, id: `${i}`, title: `plain boot ${i}` }))].map(
        ({ id, title, category, ...others }) => ({
          ...others,
          id: written(id),
          title: written(title),
          category: written(category),
        }),
      ),
    });
    service = await serveTiny(run, { files: await loadStaticFiles(temp.path('pages')) });
    server = await listen(service, 0);
    browser = await launch();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await service?.host.close();
  });

  it('are shown as they are in the explorer', async () => {
    const page = await watched();
    const response = await page.goto(server.url);
    const policy = response?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    await page.waitForSelector('.about:has-text("16 items")');
    await page.fill('#query', MARKUP[0]);
    await page.waitForSelector('.column .card .open');
    await page.waitForFunction(() => document.querySelectorAll('[aria-busy="true"]').length === 0);
    const shown = await page.locator('.card .title').allTextContents();
    expect(shown.some((title) => MARKUP.includes(title))).toBe(true);
    expect(await elements(page)).toBe(0);
    await page.locator('.column .card .open').first().click();
    await page.waitForTimeout(300);
    expect(await elements(page)).toBe(0);
    // A picture of this server's, opened as a page.
    const image = await page.goto(`${server.url}v1/items/${encodeURIComponent(ITEMS[7].id)}/image`);
    expect(image?.status()).toBe(200);
    await page.waitForTimeout(300);
    expect(ran).toEqual([]);
    await page.close();
  });

  it('run nothing even where they became part of the page', async () => {
    const page = await watched();
    await page.goto(server.url);
    // What a mistake in the page would do; the policy stands behind it.
    await page.evaluate((markup) => {
      const box = document.createElement('div');
      box.innerHTML = markup;
      document.body.append(box);
      const script = document.createElement('script');
      script.textContent = 'alert(41)';
      document.body.append(script);
    }, MARKUP.join(''));
    await page.waitForTimeout(300);
    expect(ran.filter((text) => text.startsWith('dialog'))).toEqual([]);
    await page.close();
    ran.length = 0;
  });

  it('are shown as they are in the dashboard', async () => {
    const sketch = await sketchRun(temp, 'hostile');
    await sketch.finish('encode', 'warm-start');
    for (const step of [0, 1]) await sketch.step('policy', step, policyFigures(0.5));
    await sketch.step('policy', 2, { ...policyFigures(0.5), '<img src=x onerror=alert(51)>': 1 });
    await sketch.probe(0, MARKUP);
    const dashboard = await createDashboard({ runs: [sketch.run.folder], pages: temp.path('pages') });
    await using listening = await listen(dashboard, 0);
    const page = await watched();
    const response = await page.goto(listening.url);
    expect(response?.headers()['content-security-policy']).toContain("default-src 'self'");
    await page.waitForSelector('.chart');
    await page.getByText(MARKUP[1]).first().waitFor();
    expect(await elements(page)).toBe(0);
    expect(ran).toEqual([]);
    await page.close();
  });
});
