import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Item, QueryRecord } from '../catalog/item.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { TEXTS } from '../catalog/testing/things.js';
import { project } from '../encode/projection.js';
import { fitSpace } from '../encode/space.js';
import { letterEncoder } from '../encode/testing/letterEncoder.js';
import { writeSafetensors } from '../engine/index.js';
import { row } from '../matrix.js';
import { saveItems } from './catalogFiles.js';
import { parseConfig } from './parseConfig.js';
import { RunFolder } from './runFolder.js';
import { saveSpace } from './spaceFiles.js';
import { ShardWriter } from './vectorShards.js';
import { loadWorkspace, saveQueries, splitQueries } from './workspace.js';

const temp = tempFolder();
const runtime = { threads: 1 };
const D = 6;

const items: Item[] = TEXTS.map((text, i) => ({
  id: `${i}`,
  text,
  title: text.toUpperCase(),
  ...(i % 2 === 0 && { category: 'even > \u2028 "quoted"' }),
  metadata: { price: i / 3, tags: ['a', 'b'], sold: null, new: true, note: 'two\nlines' },
}));
const queries: QueryRecord[] = [
  { query: 'red things', items: [], split: 'train' },
  { query: 'tents', items: [3, 9], split: 'train' },
  { query: 'lamps', items: [], split: 'test' },
];
const fitted = await fitSpace({ encoder: letterEncoder, items, queries: [], d: D, ...runtime });
const { space, sample: full } = fitted;
const encoded = {
  items,
  vectors: await project(space.projection, full, runtime),
  space,
  queries,
};

async function save({ items, vectors, space, queries }: typeof encoded) {
  await saveItems(run, items);
  await saveSpace(run, space);
  await new ShardWriter(run.path('encode'), vectors).add(vectors);
  await saveQueries(run, queries);
}

let runs = 0;
let run: RunFolder;
beforeEach(async () => {
  run = await RunFolder.create(temp.path(`run-${runs++}`), {
    config: parseConfig({}),
    catalog: { file: 'catalog.jsonl', sha256: '', items: items.length },
    encoder: letterEncoder.id,
  });
  await save(encoded);
});
const load = () => loadWorkspace(run, letterEncoder, runtime);

describe('a workspace', () => {
  it('comes back as it was saved', async () => {
    const { items, vectors, space, queries } = await load();
    expect({ items, vectors, space, queries }).toEqual(encoded);
    expect(readdirSync(run.path('encode')).sort()).toEqual([
      'items.jsonl',
      'queries.json',
      'space.json',
      'space.safetensors',
      'vectors.safetensors',
    ]);
  });

  it('is ready to encode and to search: an item finds itself', async () => {
    const { encoder, index } = await load();
    expect(encoder.dim).toBe(D);
    const directions = await encoder.encode(TEXTS);
    for (const [i, x] of directions.data.entries()) expect(x).toBeCloseTo(encoded.vectors.data[i], 5);
    const { indices, scores } = await index.search(directions, { k: 1 });
    for (const [i, item] of indices.entries()) {
      expect(scores[i]).toBeCloseTo(1, 5);
      // Texts of the same letters have the same vector.
      expect([...TEXTS[item]].sort()).toEqual([...TEXTS[i]].sort());
    }
  });

  it('remembers the vectors of texts', async () => {
    let calls = 0;
    const counting: typeof letterEncoder = {
      ...letterEncoder,
      encode: (texts) => {
        calls += texts.length;
        return letterEncoder.encode(texts);
      },
    };
    const { encoder } = await loadWorkspace(run, counting, runtime);
    await encoder.encode(['a tent', 'a tent', 'a lamp']);
    await encoder.encode(['a lamp']);
    expect(calls).toBe(2);
  });

  it('holds more items than a stream buffers', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ ...items[i % items.length], id: `${i}` }));
    const vectors = { rows: many.length, cols: D, data: new Float32Array(many.length * D).fill(0.5) };
    await save({ ...encoded, items: many, vectors });
    expect((await load()).items).toEqual(many);
  });
});

describe('the queries of a split', () => {
  it('come with their embeddings and, where any has one, reference sets', async () => {
    const workspace = await load();
    const train = await splitQueries(workspace, 'train');
    expect(train.texts).toEqual(['red things', 'tents']);
    expect(train.references).toEqual([[], [3, 9]]);
    expect(train.vectors).toEqual(await workspace.encoder.encode(train.texts));
    expect(row(train.vectors, 1)).toHaveLength(D);
    expect(await splitQueries(workspace, 'test')).toMatchObject({ texts: ['lamps'], references: undefined });
  });

  it('may be none', async () => {
    const { texts, vectors } = await splitQueries(await load(), 'valid');
    expect(texts).toEqual([]);
    expect(vectors).toMatchObject({ rows: 0, cols: D });
  });
});

describe('a damaged workspace names its file', () => {
  it.each(['items.jsonl', 'vectors.safetensors', 'space.safetensors', 'space.json', 'queries.json'])(
    '%s missing or cut off',
    async (name) => {
      const file = run.path('encode', name);
      const bytes = readFileSync(file);
      writeFileSync(file, bytes.subarray(0, Math.floor(bytes.length / 2)));
      await expect(load()).rejects.toMatchObject({
        name: 'InputError',
        file: expect.stringMatching(`${run.path('encode')}/(${name}|vectors.safetensors)$`),
      });
      rmSync(file);
      await expect(load()).rejects.toThrow(`${file}: does not exist`);
    },
  );

  it.each(['{"id": "1"}', '5', 'null', '{'])('with the line %s for an item', async (line) => {
    const file = run.path('encode', 'items.jsonl');
    writeFileSync(file, `${JSON.stringify(items[0])}\n${line}\n`);
    await expect(load()).rejects.toMatchObject({ name: 'InputError', file, line: 2 });
  });

  it.each([
    '{}',
    '[{"query": 1, "items": [], "split": "train"}]',
    '[{"query": "a", "items": [], "split": "dev"}]',
  ])('with the queries %s', async (text) => {
    const file = run.path('encode', 'queries.json');
    writeFileSync(file, text);
    await expect(load()).rejects.toThrow(`${file}: is damaged; compile again with --force`);
  });

  it('with vectors for another number of items', async () => {
    await save({ ...encoded, items: items.slice(1) });
    await expect(load()).rejects.toThrow(
      `${run.path('encode', 'vectors.safetensors')}: holds 30 vectors for 29 items; compile again with --force`,
    );
  });

  it('with vectors of another length than the projection makes', async () => {
    await save({ ...encoded, vectors: full });
    await expect(load()).rejects.toMatchObject({
      name: 'InputError',
      file: run.path('encode', 'space.safetensors'),
    });
  });

  it('with something else in place of a matrix', async () => {
    const file = run.path('encode', 'vectors.safetensors');
    await writeSafetensors(file, { vectors: { shape: [4], data: new Float32Array(4) } });
    await expect(load()).rejects.toThrow(`${file}: has no matrix "vectors"`);
  });
});

it('is refused with an encoder of another length', async () => {
  await expect(loadWorkspace(run, { ...letterEncoder, dim: 5 }, runtime)).rejects.toMatchObject({
    name: 'InputError',
  });
});
