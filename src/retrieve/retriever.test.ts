import { cpSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { compile } from '../compile/compile.js';
import type { Encoder } from '../encode/encoder.js';
import type { Policy } from '../policy/policy.js';
import { letterEncoder } from '../policy/testing/world.js';
import type { UserConfig } from '../run/config.js';
import { RunFolder } from '../run/runFolder.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { METHOD_NAMES, type Method } from './methodNames.js';
import { METHODS } from './methods.js';
import { Retriever } from './retriever.js';

const temp = tempFolder();
const run = temp.path('run');
const config: UserConfig = {
  k: 4,
  dimensions: 8,
  threads: 1,
  policy: {
    warmStartSteps: 2,
    steps: 1,
    queriesPerStep: 2,
    groupSize: 2,
  },
  synthesis: { samplesPerQuery: 1 },
  diffusion: { steps: 2, batchSize: 4, samplerSteps: 2 },
};
const options = { encoder: letterEncoder, threads: 1 };

beforeAll(async () => {
  const items = ['red', 'blue', 'green', 'golden'].flatMap((color) =>
    ['chair', 'table', 'lamp', 'tent', 'boot'].map((thing) => ({
      id: `${color}-${thing}`,
      title: `${color} ${thing}`,
      color,
    })),
  );
  const catalog = temp.write('catalog.jsonl', items);
  const queries = temp.write(
    'queries.jsonl',
    ['red', 'blue', 'lamp', 'tent'].map((query) => ({ query, split: 'train' })),
  );
  await compile({ catalog, queries, out: run, config, encoder: letterEncoder });
});

/** What a run without categories and reference sets can answer by. */
const ANSWERING = METHOD_NAMES.filter(
  (name) => !['groupCap', 'adapter', 'adapterMmr', 'popular', 'vote', 'classifier'].includes(name),
);
/** Methods with words for their directions. */
const WORDED: readonly Method[] = ['keywords', 'nearestQueries'];

describe('a finished run', () => {
  let retriever: Retriever;
  beforeAll(async () => {
    retriever = await Retriever.load(run, options);
  });

  it('is loaded with its settings', () => {
    expect(retriever).toMatchObject({ k: 4, size: 20 });
  });

  it.each(ANSWERING)('answers by %s with distinct items and says why', async (method) => {
    const result = await retriever.search('red things', { method });
    expect(result).toMatchObject({ query: 'red things', method });
    expect(result.fallback).toBeUndefined();
    expect(new Set(result.items.map(({ id }) => id)).size).toBe(4);
    for (const { score, directionScore, rank, direction, subQuery } of result.items) {
      expect(Math.max(score, directionScore)).toBeLessThanOrEqual(1.0001);
      expect(rank).toBeGreaterThanOrEqual(1);
      expect(direction).toBeLessThan(4);
      expect(typeof subQuery).toBe(WORDED.includes(method) ? 'string' : 'undefined');
    }
    const { encode, directions, search, total } = result.timings;
    expect(encode + directions + search).toBeCloseTo(total);
  });

  it('gives the same set for the same seed, alone or in a batch', async () => {
    for (const method of ['diffusion', 'folm'] as const) {
      const options = { method, seed: 5, k: 3 };
      const [alone] = await retriever.searchAll(['tents'], options);
      const [, batched] = await retriever.searchAll(['lamps', 'tents'], options);
      expect(batched.items.map(({ id }) => id)).toEqual(alone.items.map(({ id }) => id));
      expect(alone.items).toHaveLength(3);
    }
  });

  it.each(ANSWERING)('keeps to the filters by %s', async (method) => {
    const filter = ['color=blue|green', { field: 'title', op: '~', value: 't' } as const];
    const { items } = await retriever.search('a tent', { method, filter, k: 10 });
    expect(items.map(({ id }) => id).sort()).toEqual([
      'blue-boot',
      'blue-table',
      'blue-tent',
      'green-boot',
      'green-table',
      'green-tent',
    ]);
  });

  it('gives the whole catalog where more items are wanted than there are', async () => {
    for (const method of ANSWERING) {
      expect((await retriever.search('x', { method, k: 100 })).items).toHaveLength(20);
    }
  });

  it.each([
    [{ k: 0 }, 'field "k": must be a whole number from 1 to 100, got 0'],
    [{ k: 2.5 }, 'field "k": must be a whole number from 1 to 100, got 2.5'],
    [{ steps: 0 }, 'field "steps": must be a whole number from 1 to 256, got 0'],
    [{ method: 'best' as 'plain' }, 'field "method": is "best"; use one of auto, plain, bm25, hybrid'],
    [{ offset: -1 }, 'field "offset": must be a whole number from 0 to 1000, got -1'],
    [{ minScore: 2 }, 'field "minScore": must be a number from -1 to 1, got 2'],
    [{ diversity: 1.5, method: 'mmr' as const }, 'field "diversity": must be a number from 0 to 1, got 1.5'],
    [
      { diversity: 0.5, method: 'plain' as const },
      'field "diversity": cannot be set for plain; use one of mmr, dpp',
    ],
    [{ filter: ['nothing'] }, 'field "filter": "nothing" is not a filter; column 8: expected'],
  ])('refuses %j', async (options, message) => {
    await expect(retriever.search('x', options)).rejects.toThrow(message);
    await expect(retriever.search('x', options)).rejects.toMatchObject({ name: 'InputError' });
  });

  it('answers more of the same, and not what is excluded', async () => {
    const ids = async (options: object) =>
      (await retriever.search('red things', { method: 'plain', ...options })).items.map(({ id }) => id);
    const [first, more] = [await ids({ k: 3 }), await ids({ k: 3, offset: 3 })];
    expect(await ids({ k: 6 })).toEqual([...first, ...more]);
    expect(await ids({ k: 3, exclude: first })).toEqual(more);
  });

  it('takes at most so many items of a value', async () => {
    const colors = async (distinct: string | { field: string; max: number }) =>
      (await retriever.search('red things', { method: 'plain', k: 8, distinct })).items.map(
        ({ metadata }) => metadata.color,
      );
    expect((await colors('color')).sort()).toEqual(['blue', 'golden', 'green', 'red']);
    // Named as in filters: in other capitals, and by the catalog's own name of a part.
    expect(await colors('COLOR')).toEqual(await colors('color'));
    expect(await colors('name')).toEqual(await colors('title'));
    await expect(colors('colour')).rejects.toThrow(
      'field "distinct": field "colour": no item has it; did you mean color?',
    );
    const two = await colors({ field: 'color', max: 2 });
    expect(two.filter((color) => color === 'red')).toHaveLength(2);
    expect(two).toHaveLength(8);
  });

  it('leaves out what is less relevant than asked for', async () => {
    const { items } = await retriever.search('red chair', { method: 'plain', k: 10 });
    const { items: best } = await retriever.search('red chair', {
      method: 'plain',
      k: 10,
      minScore: items[2].score,
    });
    expect(best).toEqual(items.slice(0, 3));
    expect(items[0].sharedWords).toEqual(['red', 'chair']);
  });

  it('searches by what did best on validation queries where no method is named', async () => {
    const evaluated = temp.path('evaluated');
    cpSync(run, evaluated, { recursive: true });
    await (await RunFolder.open(evaluated)).finishStage('choose', {
      seconds: 1,
      metric: 'alphaNdcgAtK',
      queries: 5,
      values: { plain: 0.1, mmr: 0.2 },
      settings: { mmr: 0.9 },
      chosen: 'mmr',
      unclear: [],
    });
    await using chosen = await Retriever.load(evaluated, options);
    const set = await chosen.search('red things');
    expect(set.method).toBe('mmr');
    const asked = await retriever.search('red things', { method: 'mmr', diversity: 0.9 });
    expect(set.items).toEqual(asked.items);
    // Nothing has measured this one, so it trusts no model.
    expect((await retriever.search('red things')).method).toBe('plain');
    expect(METHODS.mmr.setting?.usual).not.toBe(0.9);
  });

  it('can be told to stop', async () => {
    const signal = AbortSignal.abort();
    await expect(retriever.search('x', { method: 'folm', signal })).rejects.toBe(signal.reason);
    await expect(Retriever.load(run, { ...options, signal })).rejects.toBe(signal.reason);
  });
});

it('gives no items for what nobody knows', async () => {
  const encoder: Encoder = { ...letterEncoder, knows: (text) => !text.includes('vkjw') };
  await using retriever = await Retriever.load(run, { ...options, encoder });
  expect(await retriever.search('vkjwkv')).toMatchObject({ unknown: true, items: [] });
  // The catalog knows one of the words.
  expect(await retriever.search('vkjwkv chair')).not.toHaveProperty('unknown');
});

it('searches an index and a policy from outside, and leaves them to whoever made them', async () => {
  const searched: number[] = [];
  let released = 0;
  const index: VectorIndex = {
    size: 20,
    dim: 8,
    async search(directions, { k }) {
      searched.push(directions.rows);
      const n = directions.rows * k;
      return { indices: Int32Array.from({ length: n }, (_, i) => i % k), scores: new Float32Array(n), k };
    },
    async release() {
      released++;
    },
  };
  const policy: Policy = {
    k: 2,
    sample: async ({ queries }) =>
      queries.map((_, query) => ({
        query,
        subQueries: ['a lamp', 'a boot'],
        tokens: new Int32Array(),
        logProbs: new Float32Array(),
        entropies: new Float32Array(),
      })),
  };
  const retriever = await Retriever.load(run, { ...options, index, policy });
  const { items } = await retriever.search('red', { method: 'folm', k: 2 });
  expect(items.map(({ subQuery }) => subQuery).sort()).toEqual(['a boot', 'a lamp']);
  expect(searched).toEqual([2]);
  await retriever.close();
  expect(released).toBe(0);
});

it('loads only the models that are wanted', async () => {
  const retriever = await Retriever.load(run, { ...options, methods: ['plain'] });
  expect((await retriever.search('x', { method: 'folm' })).fallback).toBeDefined();
});

it('answers by plain search, and says so, where a model is not trained yet', async () => {
  const half = temp.path('half');
  cpSync(run, half, { recursive: true });
  await (await RunFolder.open(half)).resetFrom('policy');
  const retriever = await Retriever.load(half, options);
  const plain = await retriever.search('red things', { method: 'plain' });
  for (const method of ['diffusion', 'folm'] as const) {
    const result = await retriever.search('red things', { method });
    expect(result).toMatchObject({ method: 'plain', items: plain.items });
    expect(result.fallback).toMatch(/^this run has no trained /);
  }
  await (await RunFolder.open(half)).resetFrom('encode');
  await expect(Retriever.load(half, options)).rejects.toThrow(
    'half: is not compiled far enough to be searched; run compile again to go on',
  );
});

it('refuses another encoder than the run was compiled with', async () => {
  const other: Encoder = { ...letterEncoder, id: 'other' };
  await expect(Retriever.load(run, { encoder: other })).rejects.toThrow(
    'run: was compiled with the encoder "letters", not with "other"',
  );
  await expect(Retriever.load(run, { threads: 1 })).rejects.toThrow(
    'run: was compiled with the encoder "letters", which is your own',
  );
});

it('searches precomputed vectors with an encoder of the same space', async () => {
  const titles = ['red chair', 'blue chair', 'red tent', 'blue tent'];
  const { data, cols } = await letterEncoder.encode(titles);
  const catalog = temp.write(
    'vectors.jsonl',
    titles.map((title, i) => ({ id: i, title, vector: [...data.subarray(i * cols, (i + 1) * cols)] })),
  );
  const queries = temp.write('few.jsonl', [{ query: 'red', split: 'train' }]);
  const out = temp.path('precomputed');
  const own = { ...config, k: 2, encoder: 'precomputed' } as const;
  await compile({ catalog, queries, out, config: own, encoder: letterEncoder, stage: 'encode' });
  const retriever = await Retriever.load(out, options);
  const { items } = await retriever.search('blue tent', { method: 'plain', k: 1 });
  expect(items).toMatchObject([{ title: 'blue tent', score: expect.closeTo(1, 4) }]);
  await expect(Retriever.load(out)).rejects.toThrow('the encoder "precomputed/letters", which is your own');
});

it.each([
  'encode/items.jsonl',
  'encode/vectors.safetensors',
  'warm-start/model.json',
  'policy/weights.safetensors',
  'diffusion/model.json',
  'diffusion/weights.safetensors',
])('names the file that is missing or damaged: %s', async (name) => {
  const damaged = temp.path('damaged');
  rmSync(damaged, { recursive: true, force: true });
  cpSync(run, damaged, { recursive: true });
  const file = temp.path('damaged', name);
  temp.write(`damaged/${name}`, '{');
  await expect(Retriever.load(damaged, options)).rejects.toMatchObject({ name: 'DamagedFileError', file });
  rmSync(file);
  await expect(Retriever.load(damaged, options)).rejects.toThrow(
    `${file}: is missing or cannot be read; compile again with --force`,
  );
});
