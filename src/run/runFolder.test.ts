import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { writeFileAtomic, writeJson } from '../files.js';
import type { UserConfig } from './config.js';
import { fingerprintFile } from './fingerprint.js';
import type { RunInputs } from './manifest.js';
import { parseConfig } from './parseConfig.js';
import { RunFolder } from './runFolder.js';

const temp = tempFolder();
let folders = 0;
const newFolder = () => temp.path(`run-${folders++}`);

const inputs = (config: UserConfig = {}, sha256 = 'abc'): RunInputs => ({
  config: parseConfig(config),
  catalog: { file: 'catalog.jsonl', items: 3, sha256 },
  encoder: 'use-lite',
});

it('makes a run, remembers finished stages and opens again', async () => {
  const folder = newFolder();
  const run = await RunFolder.create(folder, inputs());
  expect(run.stageDone('encode')).toBeUndefined();
  await run.finishStage('encode', { seconds: 1.5, items: 3 });

  for (const again of [await RunFolder.create(folder, inputs()), await RunFolder.open(folder)]) {
    expect(again.stageDone('encode')).toMatchObject({ status: 'done', seconds: 1.5, items: 3 });
    expect(again.stageDone('policy')).toBeUndefined();
  }
  const manifest: unknown = JSON.parse(readFileSync(run.path('run.json'), 'utf8'));
  expect(manifest).toMatchObject({
    format: 'r4t-run',
    version: 2,
    catalog: { items: 3 },
    encoder: 'use-lite',
  });
  expect(readdirSync(folder)).toEqual(['run.json']);
});

it('forgets a stage and the later ones with their files', async () => {
  const run = await RunFolder.create(newFolder(), inputs());
  for (const stage of ['encode', 'policy', 'diffusion'] as const) {
    await writeFileAtomic(run.path(stage, 'file'), '');
    await run.finishStage(stage, { seconds: 1 });
  }
  await run.resetFrom('policy');
  const again = await RunFolder.open(run.folder);
  expect(Object.keys(again.manifest.stages)).toEqual(['encode']);
  expect(readdirSync(run.folder).sort()).toEqual(['encode', 'run.json']);
});

it('never takes over a folder or file of somebody else', async () => {
  const folder = newFolder();
  await writeFileAtomic(`${folder}/thesis.txt`, 'x');
  for (const force of [false, true]) {
    await expect(RunFolder.create(folder, inputs(), { force })).rejects.toThrow(
      `${folder}: is not an r4t run folder; choose another --out`,
    );
  }
  await expect(RunFolder.open(folder)).rejects.toThrow('is not an r4t run folder');
  await expect(RunFolder.create(`${folder}/thesis.txt`, inputs())).rejects.toThrow(
    'is not an r4t run folder',
  );
  expect(readdirSync(folder)).toEqual(['thesis.txt']);
});

it('refuses to open what is not there', async () => {
  await expect(RunFolder.open(newFolder())).rejects.toThrow('holds no run; compile one first');
});

it.each([
  ['{"format": "r4t-r', /run\.json: is not valid JSON/],
  ['{}', /run\.json: field "format": is not the manifest of an r4t run, or is damaged/],
  ['null', /run\.json: is not the manifest/],
  [JSON.stringify({ format: 'r4t-run', version: 3 }), /run\.json: has version 3; update r4t/],
  [JSON.stringify({ format: 'r4t-run', version: 1 }), /run\.json: is of an earlier version/],
])('refuses the damaged manifest %s', async (text, message) => {
  const folder = newFolder();
  await writeFileAtomic(`${folder}/run.json`, text);
  await expect(RunFolder.open(folder)).rejects.toThrow(message);
  await expect(RunFolder.create(folder, inputs(), { force: true })).rejects.toThrow(message);
  expect(readFileSync(`${folder}/run.json`, 'utf8')).toBe(text);
});

it('says what differs from the existing run, and starts anew only by force', async () => {
  const folder = newFolder();
  const run = await RunFolder.create(folder, inputs());
  await writeFileAtomic(run.path('encode', 'vectors'), 'x');
  await run.finishStage('encode', { seconds: 1 });
  const other = inputs({ k: 5, policy: { groupSize: 4 } }, 'def');

  await expect(RunFolder.create(folder, other)).rejects.toThrow(
    `${folder}: holds a run with another config.k, config.policy.groupSize, catalog; choose another --out, or --force`,
  );
  expect((await RunFolder.open(folder)).stageDone('encode')).toBeDefined();

  const anew = await RunFolder.create(folder, other, { force: true });
  expect(anew.stageDone('encode')).toBeUndefined();
  expect(existsSync(run.path('encode'))).toBe(false);
  expect((await RunFolder.open(folder)).manifest.config.k).toBe(5);
});

it('goes on under --force where nothing differs, and on other threads or a moved catalog', async () => {
  const folder = newFolder();
  await (await RunFolder.create(folder, inputs())).finishStage('encode', { seconds: 1 });
  const moved = {
    ...inputs({ threads: 2, device: 'webgpu' }),
    catalog: { ...inputs().catalog, file: 'moved.jsonl' },
  };
  const run = await RunFolder.create(folder, moved, { force: true });
  expect(run.stageDone('encode')).toBeDefined();
  expect((await RunFolder.open(folder)).manifest.catalog.file).toBe('moved.jsonl');
});

it('notices another reward function', async () => {
  const folder = newFolder();
  await RunFolder.create(folder, inputs({ reward: () => 1 }));
  await RunFolder.create(folder, inputs({ reward: () => 1 }));
  await expect(RunFolder.create(folder, inputs({ reward: () => 2 }))).rejects.toThrow(
    'another config.reward;',
  );
  await expect(RunFolder.create(folder, inputs())).rejects.toThrow('another config.reward');
});

it('notices other queries', async () => {
  const queries = await fingerprintFile(temp.write('q.txt', 'a'));
  expect(queries.sha256).toMatch(/^ca978112/);
  const folder = newFolder();
  await RunFolder.create(folder, { ...inputs(), queries });
  await expect(RunFolder.create(folder, inputs())).rejects.toThrow('another queries;');
});

it('is worked on by one process at a time', async () => {
  const run = await RunFolder.create(newFolder(), inputs());
  const lock = await run.lock();
  await expect(run.lock()).rejects.toThrow(
    `run.lock: process ${process.pid} is working on this run; wait for it to end`,
  );
  await lock.release();
  await (await run.lock()).release();
  expect(readdirSync(run.folder)).toEqual(['run.json']);
});

it('gives the lock to one of many at once', async () => {
  const run = await RunFolder.create(newFolder(), inputs());
  // A lock of a dead process: everybody may try to clear it away.
  writeFileSync(run.path('run.lock'), JSON.stringify({ pid: 2 ** 30, host: hostname() }));
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => run.lock()));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(readdirSync(run.folder).sort()).toEqual(['run.json', 'run.lock']);
});

it.each([
  ['of a dead process', { pid: 2 ** 30, host: hostname() }],
  [
    'of an earlier process with the same number',
    { pid: process.pid, host: hostname(), processStart: 'before' },
  ],
  ['that is damaged', 'what?'],
])('takes over a lock %s', async (_, content) => {
  const run = await RunFolder.create(newFolder(), inputs());
  await writeJson(run.path('run.lock'), content);
  await (await run.lock()).release();
});

it('respects a lock of another machine', async () => {
  const run = await RunFolder.create(newFolder(), inputs());
  await writeJson(run.path('run.lock'), { pid: 1, host: 'elsewhere' });
  await expect(run.lock()).rejects.toThrow('process 1 on elsewhere is working on this run');
});

it('forgets what later stages noted when an earlier one is done', async () => {
  const run = await RunFolder.create(newFolder(), inputs());
  for (const stage of ['encode', 'choose', 'evaluate'] as const) await run.finishStage(stage, { seconds: 1 });
  await run.finishStage('diffusion', { seconds: 2 });
  expect(Object.keys(run.manifest.stages)).toEqual(['encode', 'diffusion']);
  await run.finishStage('choose', { seconds: 3 });
  await run.finishStage('evaluate', { seconds: 4 });
  expect(Object.keys(run.manifest.stages)).toEqual(['encode', 'diffusion', 'choose', 'evaluate']);
});
