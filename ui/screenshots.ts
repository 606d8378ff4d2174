/**
 * Makes the pictures of docs/explorer.md from a compiled run, by default the quickstart's:
 * `npm run build && npx jiti ui/screenshots.ts [run] [folder]`.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Client } from '../src/client/client.js';
import { createDashboard } from '../src/dashboard/dashboard.js';
import { listen } from '../src/dashboard/listen.js';
import { planLabelling } from '../src/labels/labelTask.js';
import { RunFolder } from '../src/run/runFolder.js';
import { METHODS } from './explorer/methods.ts';
import { launch } from './testing/browser.ts';
import { serveRun } from './testing/serveRun.ts';

const [run = 'runs/quickstart', folder = 'docs/images'] = process.argv.slice(2);
const SIZES = {
  desktop: { width: 1400, height: 900 },
  phone: { width: 390, height: 844 },
};
const PATIENCE = 300_000;

// What is marked for the pictures is no label of anybody.
const labels = await mkdtemp(join(tmpdir(), 'r4t-screenshots-'));
const plan = await planLabelling(await RunFolder.open(run), { split: 'test', seed: 0 });
const server = await serveRun(run, { labels, task: { ...plan, next: '' } });
const dashboard = await listen(await createDashboard({ runs: [run] }), 0);
const browser = await launch();
await mkdir(folder, { recursive: true });

// The first answers of a fresh server take longer than all others.
for (const method of [...METHODS, ...METHODS, ...METHODS]) {
  const body = JSON.stringify({ query: 'warm', method });
  await fetch(`${server.url}/v1/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
}

/** What goes into a Greek salad, as the pictures mark it. */
const FITS = [
  'Table salt',
  'Cucumber',
  'Olive oil',
  'Red onions',
  'Vine tomatoes',
  'Feta',
  'Black pepper',
  'Lemons',
];
const client = new Client({ url: server.url });
const [query, methods] = ['greek salad', ['plain', 'folm', 'diffusion'] as const];
const { results } = await client.search({ query, methods: [...methods] });
const shown = new Map(results.flatMap(({ items }) => items.map(({ id, title }) => [id, title])));
await client.label(
  Array.from(shown, ([item, title]) => ({ query, item, verdict: FITS.includes(title) ? 'up' : 'down' })),
);

interface Shot {
  readonly name: string;
  readonly url: string;
  readonly size: keyof typeof SIZES;
  readonly scheme: 'light' | 'dark';
  /** What must be there. */
  readonly wait: string;
  readonly before?: (page: Page) => Promise<unknown>;
}

const SHOTS: readonly Shot[] = [
  {
    name: 'explorer',
    url: `${server.url}/?q=greek+salad`,
    size: 'desktop',
    scheme: 'light',
    wait: '.diffusion .card img',
  },
  {
    name: 'explorer-methods',
    url: `${server.url}/?q=greek+salad&m=plain,mmr,folm,diffusion`,
    size: 'desktop',
    scheme: 'dark',
    wait: '.folm .card img',
  },
  {
    name: 'explorer-phone',
    url: `${server.url}/?q=greek+salad`,
    size: 'phone',
    scheme: 'light',
    wait: '.diffusion .card img',
  },
  {
    name: 'label',
    url: `${server.url}/label.html`,
    size: 'desktop',
    scheme: 'light',
    wait: '.side:nth-child(2) .row img',
    before: async (page) => {
      // As somebody would mark the first query.
      await page.keyboard.press(']');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('d');
    },
  },
  { name: 'dashboard', url: dashboard.url, size: 'desktop', scheme: 'light', wait: '.probe' },
  {
    name: 'dashboard-probes',
    url: dashboard.url,
    size: 'desktop',
    scheme: 'dark',
    wait: '.probe',
    before: (page) => page.locator('.probes').scrollIntoViewIfNeeded(),
  },
];

for (const { name, url, size, scheme, wait, before } of SHOTS) {
  const page = await browser.newPage({ viewport: SIZES[size], colorScheme: scheme });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(url);
  await page.waitForSelector(wait);
  await page.waitForFunction(() => Array.from(document.images).every((image) => image.complete));
  await before?.(page);
  // Nothing moves or blinks in a picture.
  await page.screenshot({ path: `${folder}/${name}.png`, animations: 'disabled', caret: 'hide' });
  await page.close();
  process.stderr.write(`${name} `);
}
await browser.close();
await dashboard[Symbol.asyncDispose]();
await server.close();
await rm(labels, { recursive: true });
