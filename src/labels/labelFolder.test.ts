import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { JITI } from '../cli/testing/program.js';
import { acquireLock } from '../run/lock.js';
import type { Judgment } from './judgment.js';
import { LabelFolder } from './labelFolder.js';

const temp = tempFolder();
let folders = 0;
const fresh = () => temp.path(`labels-${folders++}`);
const up = (item: string, more: object = {}): Judgment => ({
  query: 'camping',
  item,
  verdict: 'up',
  ...more,
});
const lines = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1);
const sets = (folder: LabelFolder) => lines(folder.path('sets')).map((line) => JSON.parse(line) as object);

it('keeps every judgment with its time, and the sets that follow', async () => {
  const labels = new LabelFolder(fresh(), { splitOf: () => 'valid' });
  expect((await labels.read()).size).toBe(0);
  expect(existsSync(labels.folder)).toBe(false);
  expect(await labels.record([up('a'), up('b', { method: 'plain' })], 'run-1')).toBe(2);
  await labels.record([{ query: 'camping', item: 'a', verdict: 'down' }]);
  const records = lines(labels.path('judgments')).map((line) => JSON.parse(line) as Record<string, string>);
  expect(records.map(({ item, verdict, run }) => [item, verdict, run])).toEqual([
    ['a', 'up', 'run-1'],
    ['b', 'up', 'run-1'],
    ['a', 'down', undefined],
  ]);
  for (const { at } of records) expect(new Date(at).toISOString()).toBe(at);
  expect(sets(labels)).toEqual([{ query: 'camping', items: ['b'], split: 'valid' }]);
});

it('records what is sent again once', async () => {
  const labels = new LabelFolder(fresh());
  expect(await labels.record([up('a', { id: '1' }), up('b', { id: '1' })])).toBe(1);
  const later = new LabelFolder(labels.folder);
  expect(await later.record([up('a', { id: '1' }), up('c', { id: '2' })])).toBe(1);
  expect(sets(later)).toEqual([{ query: 'camping', items: ['a', 'c'] }]);
});

it('lets several write at a time, and each reads what the others wrote', async () => {
  const folder = fresh();
  const writers = Array.from({ length: 4 }, () => new LabelFolder(folder));
  await Promise.all(
    writers.flatMap((writer, w) =>
      Array.from({ length: 10 }, (_, i) => writer.record([up(`item-${w}-${i}`)])),
    ),
  );
  expect(lines(writers[0].path('judgments'))).toHaveLength(40);
  for (const writer of writers) expect((await writer.read()).get('camping')?.items.size).toBe(40);
  expect(sets(writers[0])).toEqual([{ query: 'camping', items: expect.any(Array) }]);
  expect((sets(writers[0])[0] as { items: string[] }).items).toHaveLength(40);
});

it('cuts off a line that a crash has torn, and no other', async () => {
  const labels = new LabelFolder(fresh());
  await labels.record([up('a'), up('b')]);
  const whole = readFileSync(labels.path('judgments'));
  for (const cut of [1, 10]) {
    truncateSync(labels.path('judgments'), whole.length - cut);
    const later = new LabelFolder(labels.folder);
    expect([...(await later.read()).get('camping')!.items.keys()]).toEqual(['a']);
    await later.record([up('b')]);
    expect(lines(labels.path('judgments'))).toHaveLength(2);
    expect(sets(later)).toEqual([{ query: 'camping', items: ['a', 'b'] }]);
  }
});

it('starts anew where somebody has put another file in its place', async () => {
  const labels = new LabelFolder(fresh());
  await labels.record([up('a'), up('b')]);
  writeFileSync(labels.path('judgments'), '');
  await labels.record([up('c')]);
  expect(sets(labels)).toEqual([{ query: 'camping', items: ['c'] }]);
});

it('names a line that is no judgment, and writes nothing after it', async () => {
  const labels = new LabelFolder(fresh());
  await labels.record([up('a')]);
  appendFileSync(labels.path('judgments'), '{"query":"camping","item":"b","verdict":"sideways","at":"x"}\n');
  const before = readFileSync(labels.path('judgments'), 'utf8');
  for (const folder of [labels, new LabelFolder(labels.folder)]) {
    await expect(folder.record([up('c')])).rejects.toThrow(
      'judgments.jsonl:2: is no judgment; mend or delete this line',
    );
    await expect(folder.read()).rejects.toThrow('judgments.jsonl:2');
  }
  expect(readFileSync(labels.path('judgments'), 'utf8')).toBe(before);
});

it('says who holds the folder where it is not let go of', async () => {
  const labels = new LabelFolder(fresh(), { patience: 30 });
  await labels.record([up('a')]);
  await using _held = await acquireLock(labels.path('lock'));
  await expect(labels.record([up('b')])).rejects.toThrow(`process ${process.pid}`);
  expect(lines(labels.path('judgments'))).toHaveLength(1);
});

it('loses nothing that was answered when processes that write at the same time are killed', async () => {
  const folder = fresh();
  const writer = fileURLToPath(new URL('testing/recordForEver.ts', import.meta.url));
  const answered: string[] = [];
  await Promise.all(
    [7, 12].map(async (enough) => {
      const child = spawn(process.execPath, [JITI, writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.on('data', (data) => {
        said += data;
        if (said.split('\n').length > enough) child.kill('SIGKILL');
      });
      await once(child, 'close');
      answered.push(...said.split('\n').slice(0, -1));
    }),
  );
  expect(answered.length).toBeGreaterThanOrEqual(7 + 12);
  const labels = new LabelFolder(folder);
  const kept = [...(await labels.read()).get('camping')!.items.keys()];
  expect(kept).toEqual(expect.arrayContaining(answered));
  // At most what was under way at each death came besides.
  expect(kept.length).toBeLessThanOrEqual(answered.length + 2);
  await labels.record([up('last')]);
  expect(sets(labels)).toEqual([{ query: 'camping', items: [...kept, 'last'] }]);
}, 60_000);
