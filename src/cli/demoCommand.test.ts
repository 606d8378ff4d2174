/** The demo as its user starts it, from another folder. */
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { Client } from '../client/client.js';
import { InputError } from '../errors.js';
import { demoRun } from './demoCommand.js';
import { PROGRAM } from './testing/program.js';

const temp = tempFolder();

it('answers from the run that comes with it, with pictures, and ends at Ctrl-C', async () => {
  const child = spawn(process.execPath, [...PROGRAM, 'demo', '--no-open', '--port', '0'], {
    cwd: dirname(temp.path('here')),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(String(chunk)));
    child.on('close', (code) => reject(new Error(`ended with code ${code}`)));
  });
  const address = new URL(line.split(' ')[0] as string);
  const query = address.searchParams.get('q') as string;
  const client = new Client({ url: address.origin });
  const [plain, auto] = await Promise.all(
    (['plain', 'auto'] as const).map(
      async (method) => (await client.search({ query, method, reference: true })).results[0],
    ),
  );
  // The dish's groceries are known, so the page can mark them; what was compiled finds more of them.
  const right = new Set(plain.reference?.items);
  const hits = ({ items }: typeof plain) => items.filter(({ id }) => right.has(id)).length;
  expect(right.size).toBeGreaterThan(3);
  expect(hits(auto)).toBeGreaterThan(hits(plain));
  const image = auto.items.find((item) => item.image !== undefined)?.image as string;
  const picture = await fetch(new URL(image, address));
  expect(picture.headers.get('content-type')).toBe('image/svg+xml');
  expect(await picture.text()).toContain('<svg');
  child.kill('SIGINT');
  expect(await ended).toBe(0);
}, 180_000);

it('names the command that brings the run where the package is not installed', () => {
  const find = () => demoRun(pathToFileURL(temp.path('nowhere.js')).href);
  expect(find).toThrow(InputError);
  expect(find).toThrow('npx -p r4t -p @r4t/demo r4t demo');
});
