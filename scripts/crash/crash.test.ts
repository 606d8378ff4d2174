/** A few of the kills and damages of `npm run test:crash`, in seconds. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../../src/catalog/testing/tempFolder.js';
import { damageRun } from './damages.js';
import { killFanOuts } from './fanOuts.js';
import { killCompile } from './kills.js';
import { buildProgram } from './world.js';

const temp = tempFolder();
let built: Awaited<ReturnType<typeof buildProgram>>;

beforeAll(async () => {
  mkdirSync(temp.path('worlds'));
  built = await buildProgram();
});
afterAll(() => built?.remove());

it('a killed compilation goes on to the same run, to the last bit', async () => {
  const { main } = built;
  const report = await killCompile({ main, folder: temp.path('worlds'), seed: 5, kills: 2 });
  expect(report.wrong).toEqual([]);
  expect(report.kills).toBeGreaterThanOrEqual(2);
}, 240_000);

it('fan-outs of killed sessions are neither lost nor asked for again', async () => {
  const { main } = built;
  const report = await killFanOuts({ main, folder: temp.path('worlds'), seed: 3, kills: 2 });
  expect(report.wrong).toEqual([]);
  expect(report.kills).toBeGreaterThanOrEqual(2);
}, 240_000);

it('damaged files are named by whoever reads them, and made anew by force', async () => {
  const folder = temp.path('worlds');
  // One in nineteen: each kind of damage once, to different files.
  const report = await damageRun({
    folder,
    reference: join(folder, 'reference'),
    only: (number) => number % 19 === 4,
  });
  expect(report.wrong).toEqual([]);
  expect(report.tried).toBe(3);
  expect(report.named.compile).toBe(3);
  expect(report.mended).toBe(3);
}, 240_000);
