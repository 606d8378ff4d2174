/**
 * How long after the last key of a query its sets stand in the explorer, in Chromium, plain search and Diffusion side by side.
 *
 *     npm run build && npx jiti ui/keyToSets.ts runs/quickstart
 *
 * Browser, server and models share the machine. Every query is a new one. From the key to the next frame after both columns have
 * changed, the wait for further keys included.
 */
import type { CatalogMap } from '../src/serve/http/schemas.js';
import { chromiumPath, launch } from './testing/browser.ts';
import { serveRun } from './testing/serveRun.ts';

declare global {
  interface Window {
    measured: Promise<number>;
  }
}

const QUERIES = 60;
const run = process.argv[2] ?? 'runs/quickstart';
if (chromiumPath === undefined) {
  console.error('Chromium is not installed (set CHROMIUM to its path)');
  process.exit(1);
}
const server = await serveRun(run);
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
await page.goto(server.url);
await page.waitForSelector('.about');
const { titles } = (await (await fetch(`${server.url}/v1/map?limit=500`)).json()) as CatalogMap;

const times: number[] = [];
for (let i = 0; i < QUERIES; i++) {
  const query = `${titles[(7 * i) % titles.length]} ${titles[(13 * i + 5) % titles.length]}`;
  await page.fill('#query', query.slice(0, -1));
  await page.waitForTimeout(600);
  await page.focus('#query');
  // The page itself measures: the way to it and back would count.
  await page.evaluate(() => {
    window.measured = new Promise<number>((resolve) => {
      document.querySelector('#query')?.addEventListener(
        'keydown',
        () => {
          const start = performance.now();
          let asked = false;
          const look = () => {
            const waiting = document.querySelectorAll('[aria-busy="true"]').length > 0;
            asked ||= waiting;
            if (!asked || waiting) requestAnimationFrame(look);
            else resolve(performance.now() - start);
          };
          requestAnimationFrame(look);
        },
        { once: true },
      );
    });
  });
  await page.keyboard.type(query.slice(-1));
  times.push(await page.evaluate(() => window.measured));
}
await browser.close();
await server.close();
const sorted = times.slice(5).sort((a, b) => a - b);
const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(0);
console.log(
  `${run}: ${sorted.length} queries, key to sets in ms: p50 ${at(0.5)}, p90 ${at(0.9)}, longest ${at(1)}`,
);
