import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { InputError } from '../../errors.js';
import { FanOutLog, type FanOutRecord, readFanOuts } from './fanOutFile.js';

const temp = tempFolder();
const record = (changes: Partial<FanOutRecord> = {}): FanOutRecord => ({
  query: 'camping',
  sample: 0,
  subQueries: ['tent', 'lamp'],
  model: 'm',
  promptHash: 'p',
  seed: 1,
  ms: 20,
  ...changes,
});

describe('readFanOuts', () => {
  it('reads what a log has written, and that without milliseconds', async () => {
    const file = temp.path('written.jsonl');
    const log = await FanOutLog.open(file);
    await log.add(record());
    await log.add(record({ sample: 1, ms: undefined }));
    await log.close();
    expect(await readFanOuts(file)).toEqual([record(), record({ sample: 1, ms: undefined })]);
  });

  it.each([
    ['{"query":"camping"', ':2: is no JSON; expected an object with query, sample'],
    [JSON.stringify({ ...record(), subQueries: 'tent' }), ':2: field "subQueries": expected array'],
    [JSON.stringify({ ...record(), subQueries: [] }), ':2: field "subQueries":'],
    [JSON.stringify({ ...record(), query: undefined }), ':2: field "query": expected string'],
    [JSON.stringify({ ...record(), sample: -1 }), ':2: field "sample":'],
    ['[]', ':2: expected object, received array'],
  ])('names what is wrong with %s', async (line, message) => {
    const file = temp.write('wrong.jsonl', `${JSON.stringify(record())}\n${line}\n`);
    const reading = readFanOuts(file);
    await expect(reading).rejects.toThrow(InputError);
    await expect(reading).rejects.toThrow(file + message);
  });

  it('refuses a file that is missing or empty', async () => {
    await expect(readFanOuts(temp.path('none'))).rejects.toThrow('does not exist');
    await expect(readFanOuts(temp.write('empty', '\n'))).rejects.toThrow('has no recorded fan-outs');
  });
});

describe('FanOutLog', () => {
  it('finds a fan-out by everything that decides it', async () => {
    const log = FanOutLog.inMemory();
    await log.add(record());
    expect(log.get(record({ subQueries: ['x'], ms: 1 }))).toEqual(record());
    for (const other of [{ query: 'x' }, { sample: 1 }, { model: 'x' }, { promptHash: 'x' }, { seed: 2 }])
      expect(log.get(record(other))).toBeUndefined();
  });

  it('goes on where another process was killed', async () => {
    const file = temp.write('killed.jsonl', `${JSON.stringify(record())}\n{"query":"torn","sam`);
    const log = await FanOutLog.open(file);
    expect(log.get(record())).toEqual(record());
    await log.add(record({ sample: 1 }));
    await log.close();
    expect(await readFanOuts(file)).toEqual([record(), record({ sample: 1 })]);
  });

  it('can be read without being written', async () => {
    const file = temp.write('kept.jsonl', `${JSON.stringify(record())}\n`);
    const log = await FanOutLog.read(file);
    await log.add(record({ sample: 1 }));
    expect([log.get(record()), log.get(record({ sample: 1 }))]).toEqual([record(), undefined]);
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(1);
    expect((await FanOutLog.read(temp.path('not-there'))).get(record())).toBeUndefined();
  });
});
