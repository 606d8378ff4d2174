/** Pages in a real browser: Chromium, where it is installed. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { build } from 'vite';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Path of the browser: `CHROMIUM`, or where systems put it. */
export const chromiumPath = [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path));

/** To be given to `describe.skipIf`; says why tests are left out. In CI nothing is left out. */
export function noBrowser(): boolean {
  if (chromiumPath !== undefined) return false;
  const problem = 'Chromium is not installed: what needs a browser is not tested (set CHROMIUM to its path)';
  if (process.env.CI) throw new Error(problem);
  console.warn(problem);
  return true;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
}

/** Builds the pages into a folder. */
export async function buildPages(folder: string): Promise<void> {
  const configFile = new URL('../vite.config.ts', import.meta.url).pathname;
  await build({ configFile, logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
}
