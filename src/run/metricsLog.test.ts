import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { MetricsLog, readMetrics } from './metricsLog.js';

const temp = tempFolder();

async function append(file: string, fromStep: number | undefined, steps: readonly number[]): Promise<void> {
  const log = await MetricsLog.open(file, { fromStep });
  for (const step of steps) await log.append({ step, loss: step / 2 });
  await log.close();
}

const stepsOf = async (file: string) => (await readMetrics(file)).map(({ step }) => step);

it('appends lines, in a folder it makes', async () => {
  const file = temp.path('policy', 'metrics.jsonl');
  await append(file, undefined, [0, 1]);
  expect(readFileSync(file, 'utf8')).toBe('{"step":0,"loss":0}\n{"step":1,"loss":0.5}\n');
});

it('goes on from a checkpoint, dropping the steps after it', async () => {
  const file = temp.path('resumed.jsonl');
  await append(file, 0, [0, 1, 2, 3]);
  await append(file, 2, [2, 3, 4]);
  expect(await stepsOf(file)).toEqual([0, 1, 2, 3, 4]);
});

it('starts anew without a step', async () => {
  const file = temp.path('anew.jsonl');
  await append(file, 0, [0, 1]);
  await append(file, undefined, [0]);
  expect(await stepsOf(file)).toEqual([0]);
});

it.each(['{"step":2,"lo', '{"step":2,"loss":1}', '{"name":"é'.slice(0, -1)])(
  'drops the torn last line %s',
  async (torn) => {
    const file = temp.write('torn.jsonl', `{"step":0}\n{"step":1}\n${torn}`);
    expect(await stepsOf(file)).toEqual([0, 1]);
    await append(file, 5, [5]);
    expect(await stepsOf(file)).toEqual([0, 1, 5]);
  },
);

it('writes figures that are not finite as null', async () => {
  const file = temp.path('nan.jsonl');
  const log = await MetricsLog.open(file);
  await log.append({ step: 0, loss: Number.NaN });
  await log.close();
  expect(await readMetrics(file)).toEqual([{ step: 0, loss: null }]);
});

it('refuses a damaged line and leaves the file alone', async () => {
  const text = '{"step":0}\nwhat?\n{"step":1}\n';
  const file = temp.write('damaged.jsonl', text);
  await expect(readMetrics(file)).rejects.toThrow('damaged.jsonl:2: is not a line of metrics');
  await expect(MetricsLog.open(file, { fromStep: 1 })).rejects.toThrow('damaged.jsonl:2');
  expect(readFileSync(file, 'utf8')).toBe(text);
});

it('has no lines where there is no file', async () => {
  expect(await readMetrics(temp.path('none.jsonl'))).toEqual([]);
});
