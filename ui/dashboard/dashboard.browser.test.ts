/** The dashboard in a browser, on runs that grow under its eyes. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { createDashboard } from '../../src/dashboard/dashboard.js';
import { type Listening, listen } from '../../src/dashboard/listen.js';
import { policyFigures, type SketchedRun, sketchRun } from '../../src/dashboard/testing/run.js';
import { buildPages, launch, noBrowser } from '../testing/browser.ts';

describe.skipIf(noBrowser())('the dashboard', () => {
  const temp = tempFolder();
  let browser: Browser;
  let server: Listening;
  let page: Page;
  let one: SketchedRun;
  const errors: string[] = [];

  beforeAll(async () => {
    one = await sketchRun(temp, 'one');
    await one.finish('encode', 'warm-start');
    for (const step of [0, 1, 2]) await one.step('policy', step, policyFigures(0.5 + step / 10));
    await one.probe(0, ['red boot', 'blue boot', 'old boot']);
    await one.probe(2, ['red boot', 'red boot', 'red boot']);
    const two = await sketchRun(temp, 'two', { seed: 7, policy: { clip: 0.3 } });
    await two.finish('encode', 'warm-start');
    for (const step of [0, 1]) await two.step('policy', step, policyFigures(0.25));
    await buildPages(temp.path('pages'));
    const runs = [one.run.folder, two.run.folder];
    server = await listen(await createDashboard({ runs, interval: 20, pages: temp.path('pages') }), 0);
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(server.url);
    await page.waitForSelector('.chart');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const values = (metric: string) => page.locator(`[data-metric="${metric}"] .values b`).allTextContents();

  it('shows how far each run is and the curves of both', async () => {
    const policy = page.locator('[data-run="one"] .stage-box', { hasText: 'Policy' });
    expect(await policy.textContent()).toContain('3 / 10');
    expect(await page.locator('[data-run="one"] .state').textContent()).toBe('stopped');
    expect(await values('reward')).toHaveLength(2);
    expect(await values('groundedness')).toHaveLength(2);
    expect(await page.locator('[data-metric="kl"] .smooth').count()).toBe(2);
  });

  it('goes on with a run at work', async () => {
    {
      await using _lock = await one.run.lock();
      await one.step('policy', 3, policyFigures(0.9, 0.75));
      await page.waitForSelector('[data-run="one"] .state.running');
      await page.waitForFunction(() =>
        document.querySelector('[data-run="one"]')?.textContent?.includes('4 / 10'),
      );
      expect(await page.locator('[data-run="one"] .left').textContent()).toMatch(/left$/);
      expect(await page.locator('.connection').textContent()).toContain('live');
    }
    expect(await page.locator('[role="alert"]').textContent()).toContain('75% of the items are repeats');
    await one.step('policy', 4, policyFigures(0.9));
    await page.waitForSelector('[role="alert"]', { state: 'detached' });
  });

  it('shows what labels say over the steps, beside the best baseline by its name', async () => {
    const three = await sketchRun(temp, 'three', { k: 3 });
    const probe = (alphaNdcg: number, precision: number) => ({
      ...policyFigures(0.5),
      'validation.alphaNdcg': alphaNdcg,
      'validation.precision': precision,
    });
    await three.finish('encode', 'warm-start');
    await three.step('policy', 0, probe(0.2, 0.1));
    await three.step('policy', 1, policyFigures(0.5));
    await three.step('policy', 2, probe(0.4, 0.3));
    await three.finish('policy', 'synthesis', 'diffusion');
    const values = { plain: 0.1, vote: 0.35, diffusion: 0.6 };
    await three.choose({
      metric: 'alphaNdcgAtK',
      queries: 9,
      values,
      settings: {},
      chosen: 'diffusion',
      probes: { queries: 9, alphaNdcg: values, precision: { plain: 0.25, vote: 0.2, diffusion: 0.5 } },
      unclear: [],
    });
    const pages = temp.path('pages');
    await using listening = await listen(await createDashboard({ runs: [three.run.folder], pages }), 0);
    const other = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    await other.goto(listening.url);
    const chart = (metric: string) => other.locator(`[data-metric="validation.${metric}"]`);
    await chart('precision').waitFor();
    expect(await chart('alphaNdcg').locator('figcaption span').first().textContent()).toBe('alpha-nDCG@3');
    expect(await chart('alphaNdcg').locator('.values').textContent()).toBe('0.400');
    expect(await chart('alphaNdcg').locator('.rival-name').textContent()).toBe('Vote 0.350');
    expect(await chart('precision').locator('.rival-name').textContent()).toBe('Plain search 0.250');
    const line = await chart('precision').locator('.rival').boundingBox();
    const name = await chart('precision').locator('.rival-name').boundingBox();
    expect(Math.abs((name?.y ?? 0) + (name?.height ?? 0) - (line?.y ?? 0))).toBeLessThan(3);
    // Two probes are two points, joined over the step between them.
    expect(await chart('alphaNdcg').locator('.points').getAttribute('d')).toMatch(
      /^M[\d. ]+l0 0M[\d. ]+l0 0$/,
    );
    await other.close();
  });

  it('shows a collapse in words', async () => {
    const words = () => page.locator('.probe ol li').allTextContents();
    expect(await words()).toEqual(['red boot×3']);
    expect(await page.locator('.repeats').textContent()).toBe('2 repeats');
    await page.locator('.scrub input').focus();
    await page.keyboard.press('ArrowLeft');
    expect(await words()).toEqual(['red boot', 'blue boot', 'old boot']);
    expect(await page.locator('.scrub span').first().textContent()).toBe('warm start');
  });

  it('compares the settings, and hides a run', async () => {
    const rows = await page.locator('.differences tbody tr').allTextContents();
    expect(rows).toEqual(['seed17', 'policy.clip0.20.3']);
    await page.getByRole('button', { name: 'two' }).first().click();
    expect(await values('reward')).toHaveLength(1);
    await page.getByRole('button', { name: 'two' }).first().click();
  });

  it('tells the value under the pointer in every chart', async () => {
    const box = await page.locator('[data-metric="reward"] .box').boundingBox();
    await page.mouse.move(box!.x + 1, box!.y + 20);
    expect((await values('reward'))[0]).toBe('0.500');
    expect(await page.locator('[data-metric="kl"] .cursor').count()).toBe(1);
    await page.mouse.move(0, 0);
  });

  it('fits a phone and makes no errors', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(errors).toEqual([]);
  });

  it('says when the server is gone', async () => {
    await server[Symbol.asyncDispose]();
    await page.waitForSelector('.connection.lost');
    expect(await page.locator('.chart').count()).toBeGreaterThan(0);
  });
});
