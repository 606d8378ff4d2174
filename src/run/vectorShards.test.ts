import { readdirSync, rmSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { gatherRows, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { blocksOf } from '../vectorIndex/blocks.js';
import { encodeRows } from '../vectorIndex/codes.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { ShardWriter, shardNames, VectorShards } from './vectorShards.js';

const temp = tempFolder();
let folders = 0;

function unitRows(rows: number, cols: number, seed: number): Matrix {
  const m = matrix(rows, cols);
  new CounterRandom(seed, 'shards test').fillNormal(m.data);
  return normalizeRows(m);
}

const [ROWS, COLS, BLOCK] = [1000, 16, 16 * 300];

/** Written 90 rows at a time, into blocks of up to 300. */
async function written(vectors: Matrix, blockValues = BLOCK): Promise<string> {
  const folder = temp.path(`shards-${folders++}`);
  const writer = new ShardWriter(folder, vectors, blockValues);
  for (let start = await writer.start(); start < vectors.rows; start += 90)
    await writer.add(rowRange(vectors, start, Math.min(start + 90, vectors.rows)));
  return folder;
}

describe('shards', () => {
  const vectors = unitRows(ROWS, COLS, 1);
  const parts = blocksOf(ROWS, COLS, BLOCK);
  const names = shardNames(parts.length);

  it('are read back, row by row and across their ends', async () => {
    const folder = await written(vectors);
    expect(readdirSync(folder)).toEqual([
      'vectors-00001-of-00004.safetensors',
      'vectors-00002-of-00004.safetensors',
      'vectors-00003-of-00004.safetensors',
      'vectors-00004-of-00004.safetensors',
    ]);
    const shards = await VectorShards.open(folder, names);
    expect(shards).toMatchObject({ rows: ROWS, cols: COLS });
    expect(shards.read(0, ROWS)).toEqual(vectors);
    expect(shards.read(200, 801)).toEqual(rowRange(vectors, 200, 801));
    for (const i of [0, 255, 256, 999]) expect(row(shards, i)).toEqual(row(vectors, i));
    expect(gatherRows(shards, [999, 3, 3])).toEqual(gatherRows(vectors, [999, 3, 3]));
    for (const [start, end] of parts)
      expect(await shards.codes.read(start, end)).toEqual(encodeRows(rowRange(vectors, start, end)));
    expect(shards.codes.read(0, ROWS)).toBeUndefined();
    shards.close();
  });

  it('of one block are one file, without codes', async () => {
    const folder = await written(vectors, ROWS * COLS);
    expect(readdirSync(folder)).toEqual(['vectors.safetensors']);
    expect(statSync(`${folder}/vectors.safetensors`).size).toBeLessThan(4 * ROWS * COLS + 200);
  });

  it('go on after the last that is whole', async () => {
    const folder = await written(vectors);
    for (const name of names.slice(2)) rmSync(`${folder}/${name}`);
    const writer = new ShardWriter(folder, vectors, BLOCK);
    const start = await writer.start();
    expect(start).toBe(parts[2][0]);
    await writer.add(rowRange(vectors, start, ROWS));
    const shards = await VectorShards.open(folder, names);
    expect(shards.read(0, ROWS)).toEqual(vectors);
    shards.close();
  });

  it('are searched as what is in memory is, to the last bit, wherever vectors and codes lie', async () => {
    const shards = await VectorShards.open(await written(vectors), names);
    const directions = unitRows(40, COLS, 2);
    const mask = Uint8Array.from({ length: ROWS }, (_, i) => Number(i % 3 !== 0));
    const options = { blockValues: BLOCK, threads: 1 };
    const held = await ExactIndex.create({ vectors, ...options });
    const { codes } = shards;
    const others = [
      await ExactIndex.create({ vectors: shards, codes, ...options }),
      await ExactIndex.create({ vectors: shards, codes, holdsCodes: false, ...options }),
      // Of a run whose vectors were not cut: codes are made when they are needed.
      await ExactIndex.create({ vectors: shards, holdsCodes: false, ...options }),
    ];
    for (const k of [1, 10, 400]) {
      for (const passing of [undefined, mask]) {
        const expected = await held.search(directions, { k, mask: passing });
        for (const index of others)
          expect(await index.search(directions, { k, mask: passing })).toEqual(expected);
      }
    }
    for (const index of [held, ...others]) await index.release();
    shards.close();
  });
});
