import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { Manifest } from '../run/manifest.js';
import { runCli, TINY, writeShop } from './testing/shop.js';

/** Makes every write into a matching file fail, as on a full disk. */
const disk = vi.hoisted(() => ({ full: undefined as RegExp | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const open: typeof fs.open = async (path, ...rest) => {
    if (disk.full?.test(String(path))) {
      throw Object.assign(new Error('ENOSPC: no space left on device, open'), { code: 'ENOSPC' });
    }
    return fs.open(path, ...rest);
  };
  return { ...fs, open };
});

const temp = tempFolder();
const { catalog, config } = writeShop(temp);
const out = temp.path('run');
const compile = (...more: string[]) =>
  runCli(['compile', catalog, '--config', config, '--out', out, ...more]);
const manifest = (): Manifest => JSON.parse(readFileSync(temp.path('run', 'run.json'), 'utf8')) as Manifest;

it('compiles stage by stage, never twice, and makes a run that can be searched', async () => {
  const first = await compile('--stage', 'encode');
  expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^.*run: encode [\d.]+ s\n$/) });
  expect(first.stderr).toMatch(
    /^catalog +72 in [\d.]+ s\n.*: 72 rows, 72 items\n {2}fields: .*\nencode +72 in [\d.]+ s\n$/,
  );
  const encoded = manifest().stages;
  expect(Object.keys(encoded)).toEqual(['encode']);

  const second = await compile('--stage', 'warm-start', '--json');
  expect(second).toMatchObject({ code: 0, stderr: '' });
  const events = second.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.filter(({ event }) => event === 'stage').map(({ stage }) => stage)).toEqual([
    'catalog',
    'policy/warm-start',
  ]);
  expect(events.at(-1)).toMatchObject({ event: 'done', run: out, seconds: { encode: expect.any(Number) } });
  expect(manifest().stages.encode).toEqual(encoded.encode);

  const rest = await compile();
  expect(rest).toMatchObject({ code: 0, stdout: expect.stringContaining(`r4t search ${out} "<query>"`) });
  expect(rest.stderr).toContain('synthesis');
  const stages = manifest().stages;
  expect(Object.keys(stages)).toEqual(['encode', 'warm-start', 'policy', 'synthesis', 'diffusion', 'choose']);

  const again = await compile();
  expect(again).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^catalog.*\n.*72 items\n {2}fields.*\n$/),
  });
  expect(manifest().stages).toEqual(stages);

  for (const method of ['diffusion', 'folm']) {
    const found = await runCli(['search', out, 'camping gear', '--threads', '1', '--method', method]);
    expect(found).toMatchObject({ code: 0, stderr: '' });
    expect(found.stdout).toContain(`3 items by ${method} in`);
    expect(found.stdout).toMatch(/^rank +title .*relevance +why$/m);
  }
  const info = await runCli(['info', out]);
  expect(info.stdout).toMatch(/\ndiffusion +done +\d+\.\d s +[\d,]+ +\d/);
  expect(info.stdout).toMatch(/\nevaluate +open/);
});

it('never overwrites a run of other inputs, unless it is forced to', async () => {
  const changed = temp.write('changed.json', JSON.stringify({ ...TINY, seed: 7 }));
  const args = ['compile', catalog, '--config', changed, '--out', out, '--stage', 'encode'];
  const before = manifest();
  expect(await runCli(args)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^catalog.*\n.*72 items\n.*\nr4t: .*run: holds a run with another config\.seed; choose another --out, or --force to start anew\n$/,
    ),
  });
  expect(manifest()).toEqual(before);
  expect(await runCli([...args, '--force'])).toMatchObject({ code: 0 });
  expect(Object.keys(manifest().stages)).toEqual(['encode']);
});

it('says that the disk is full, leaves nothing half-written and goes on when it is not', async () => {
  const full = temp.path('full');
  const args = ['compile', catalog, '--config', config, '--out', full, '--stage', 'encode'];
  disk.full = /vectors\.safetensors/;
  const failed = await runCli(args);
  disk.full = undefined;
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain(
    `r4t: ${full}/encode/vectors.safetensors: the disk is full; free some space and run again, finished work is kept\n`,
  );
  expect(failed.stderr).not.toContain('    at ');
  expect(readdirSync(`${full}/encode`)).toEqual(['items.jsonl', 'space.json', 'space.safetensors']);
  expect(readdirSync(full).sort()).toEqual(['encode', 'run.json']);
  expect(await runCli(args)).toMatchObject({ code: 0 });
});

it('stops at a signal and says how to go on', async () => {
  const stopped = temp.path('stopped');
  const args = ['compile', catalog, '--config', config, '--out', stopped];
  const result = await runCli(args, AbortSignal.abort());
  expect(result).toEqual({
    code: 130,
    stdout: '',
    stderr: 'stopped; run the same command again to go on\n',
  });
});
