import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { encodeSafetensors, type StoredTensor } from '../engine/index.js';
import { InputError } from '../errors.js';
import { matrix } from '../matrix.js';
import { readShard, type SynthesisShard, shardFile, writeShard } from './shard.js';

const temp = tempFolder();

const ofItems: SynthesisShard = {
  queryOf: Int32Array.of(4, 4, 5),
  rows: Int32Array.of(1, 2, 3, 4, 5, 6),
  rewards: Float32Array.of(0.5, 0.25, 1),
};
const ofSubQueries: SynthesisShard = { ...ofItems, table: matrix(7, 2, new Float32Array(14).fill(0.5)) };

describe('shards', () => {
  it.each([
    ['items', ofItems],
    ['sub-queries', ofSubQueries],
  ])('of %s come back as they were', async (name, shard) => {
    const file = temp.path(name);
    await writeShard(file, shard);
    expect(await readShard(file)).toEqual(shard);
  });

  it('have names which sort in their order', () => {
    expect(shardFile('run', 7)).toBe('run/shard-00007.safetensors');
    expect([10, 9, 100].map((n) => shardFile('', n)).sort()).toEqual(
      [9, 10, 100].map((n) => shardFile('', n)),
    );
  });

  it('are refused wherever they were cut off', async () => {
    const whole = temp.path('whole');
    await writeShard(whole, ofSubQueries);
    const bytes = readFileSync(whole);
    for (let length = 0; length < bytes.length; length += 13) {
      const file = temp.write('cut', bytes.subarray(0, length));
      await expect(readShard(file)).rejects.toMatchObject({ name: 'InputError', file });
    }
  });

  const { queryOf, rows, rewards } = ofItems;
  const tensors: Record<string, StoredTensor> = {
    queryOf: { shape: [3], data: queryOf },
    rows: { shape: [3, 2], data: rows },
    rewards: { shape: [3], data: rewards },
  };
  it.each<[string, Record<string, StoredTensor>]>([
    ['without rows', { queryOf: tensors.queryOf, rewards: tensors.rewards }],
    ['with another type of number', { ...tensors, rewards: { shape: [3], data: queryOf } }],
    ['with a reward too few', { ...tensors, rewards: { shape: [2], data: rewards.subarray(0, 2) } }],
    ['with sets for another number of queries', { ...tensors, rows: { shape: [2, 3], data: rows } }],
    ['with a flat table', { ...tensors, table: { shape: [14], data: new Float32Array(14) } }],
    ['with rows outside the table', { ...tensors, table: { shape: [6, 1], data: new Float32Array(6) } }],
  ])('%s are refused', async (_, content) => {
    const file = temp.write('foreign', encodeSafetensors(content));
    const refusal = expect(readShard(file)).rejects;
    await refusal.toThrow(InputError);
    await refusal.toThrow(`${file}: is not a shard of synthesised sets; delete it and compile again`);
  });

  it('that are missing are named', async () => {
    await expect(readShard(temp.path('none'))).rejects.toThrow(`${temp.path('none')}: does not exist`);
  });
});
