import { describe, expect, test } from 'vitest';
import { dot, gatherRows, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { vendi } from '../reward/vendi.js';
import type { StepReport } from '../training.js';
import type { DiffusionData } from './batches.js';
import { presets } from './config.js';
import { SetDiffusion } from './setDiffusion.js';
import { unitRows } from './testing/models.js';
import { type TrainDiffusionOptions, trainDiffusion } from './trainDiffusion.js';

const D = 32;
const K = 5;
const CLUSTERS = 6;
const MEMBERS = 20;

/** Six clusters of 20 unit vectors; a query near a centre is answered by five different members of its cluster. */
function clusteredSets(queriesPerCluster: number, setsPerQuery: number) {
  const centres = unitRows(CLUSTERS, D, 1);
  const near = (count: number, spread: number, seed: number): Matrix => {
    const m = matrix(CLUSTERS * count, D);
    new CounterRandom(seed, 'near').fillNormal(m.data, spread / Math.sqrt(D));
    for (let i = 0; i < m.rows; i++)
      for (let j = 0; j < D; j++) m.data[i * D + j] += row(centres, Math.floor(i / count))[j];
    return normalizeRows(m);
  };
  const queryOf = Int32Array.from({ length: CLUSTERS * queriesPerCluster * setsPerQuery }, (_, i) =>
    Math.floor(i / setsPerQuery),
  );
  const members = (query: number, set: number) => {
    const cluster = Math.floor(query / queriesPerCluster);
    const order = new CounterRandom(4, set).permutation(MEMBERS).subarray(0, K);
    return order.map((i) => cluster * MEMBERS + i);
  };
  const rows = Int32Array.from([...queryOf].flatMap((query, set) => [...members(query, set)]));
  return { conditions: near(queriesPerCluster, 0.3, 2), table: near(MEMBERS, 1, 3), queryOf, rows };
}

const SMALL = {
  network: { ...presets.small, width: 48, hidden: 64, heads: 2, conditionWidth: 32, noiseFeatures: 16 },
  runtime: { threads: 1 },
  batchSize: 32,
  seed: 1,
} as const;

test('learns to draw different members of the right cluster', async () => {
  const data = clusteredSets(10, 8);
  const model = await trainDiffusion({ data, steps: 300, ...SMALL });
  const diffusion = await SetDiffusion.create({ model, runtime: { threads: 1 } });
  const sets = await diffusion.sample({ conditions: data.conditions, rows: K });
  await diffusion.release();
  let cosine = 0;
  let right = 0;
  let diversity = 0;
  let wanted = 0;
  for (let query = 0; query < data.conditions.rows; query++) {
    const nearest = Array.from({ length: K }, (_, i) => nearestRow(data.table, row(sets, query * K + i)));
    for (const hit of nearest) {
      cosine += hit.cosine;
      right += Number(Math.floor(hit.index / MEMBERS) === Math.floor(query / 10));
    }
    const items = nearest.map((hit) => hit.index);
    diversity += vendi(gatherRows(data.table, items));
    wanted += vendi(gatherRows(data.table, data.rows.subarray(query * 8 * K, (query * 8 + 1) * K)));
  }
  const all = data.conditions.rows * K;
  expect(cosine / all).toBeGreaterThan(0.98);
  expect(right / all).toBeGreaterThan(0.95);
  expect(diversity / wanted).toBeGreaterThan(0.95);
}, 30_000);

test('with the anchors near a query, draws only these, and learns only from sets of them', async () => {
  const data = clusteredSets(10, 8);
  const nearest = (query: number, count: number) =>
    Array.from({ length: data.table.rows }, (_, i) => i)
      .sort((a, b) => cosineTo(query, b) - cosineTo(query, a))
      .slice(0, count);
  const cosineTo = (query: number, item: number) => dot(row(data.conditions, query), row(data.table, item));
  const options = { data, steps: 150, nearAnchors: 12, ...SMALL };
  // Of 20 members in a cluster five are often not among the 12 nearest to the query.
  const all = await trainDiffusion({ ...options, steps: 2 });
  expect(all.config).toMatchObject({ anchors: data.table.rows, nearAnchors: 12 });
  const sets = Array.from({ length: data.queryOf.length }, (_, set) => set);
  const kept = sets.filter((set) => {
    const near = nearest(data.queryOf[set], 12);
    return [...data.rows.subarray(set * K, (set + 1) * K)].every((i) => near.includes(i));
  });
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(sets.length);
  const fewer = {
    ...data,
    queryOf: Int32Array.from(kept, (set) => data.queryOf[set]),
    rows: Int32Array.from(kept.flatMap((set) => [...data.rows.subarray(set * K, (set + 1) * K)])),
  };
  const same = await trainDiffusion({ ...options, data: fewer, steps: 2 });
  expect(same).toEqual(all);
  const model = await trainDiffusion(options);
  const diffusion = await SetDiffusion.create({ model, steps: 8, runtime: { threads: 1 } });
  const drawn = await diffusion.sample({ conditions: data.conditions, rows: K });
  await diffusion.release();
  let different = 0;
  for (let query = 0; query < data.conditions.rows; query++) {
    const near = nearest(query, 12);
    const items = Array.from({ length: K }, (_, i) => nearestRow(data.table, row(drawn, query * K + i)));
    for (const { index, cosine } of items) if (cosine > 0.999) expect(near).toContain(index);
    different += new Set(items.map(({ index }) => index)).size / K / data.conditions.rows;
  }
  expect(different).toBeGreaterThan(0.9);
}, 30_000);

test('says so where no set is near its query', async () => {
  const data = clusteredSets(1, 1);
  const far = { ...data, rows: data.rows.map((i) => (i + MEMBERS) % data.table.rows) };
  await expect(trainDiffusion({ data: far, nearAnchors: 5, ...SMALL })).rejects.toThrow(RangeError);
});

describe('a training run', () => {
  const data = clusteredSets(2, 4);
  const network = { ...SMALL.network, layers: 1, dropout: 0.1, attentionDropout: 0.1 };
  const options: TrainDiffusionOptions = { data, steps: 6, ...SMALL, network };

  test('goes on from a checkpoint bit by bit', async () => {
    let saved: StepReport['state'] | undefined;
    const whole = await trainDiffusion({
      ...options,
      onStep: ({ step, state }) => {
        if (step === 3) saved = structuredClone(state);
      },
    });
    const resumed = await trainDiffusion({ ...options, resume: saved });
    expect(resumed).toEqual(whole);
  });

  test('reports its loss by noise level', async () => {
    const reports: StepReport[] = [];
    await trainDiffusion({ ...options, onStep: (report) => void reports.push(report) });
    expect(reports.map((r) => r.step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Object.keys(reports[0].metrics)).toEqual(
      expect.arrayContaining([
        'loss',
        'loss.low',
        'loss.middle',
        'loss.high',
        'gradientNorm',
        'learningRate',
      ]),
    );
  });

  test('stops when it is told to', async () => {
    await expect(
      trainDiffusion({ ...options, signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });

  test.each([
    ['no anchors', { maxAnchors: 0 }],
    ['fewer anchors than vectors', { maxAnchors: 16 }],
  ])('works with %s', async (_, sizes) => {
    const model = await trainDiffusion({ ...options, network: { ...network, ...sizes } });
    expect(model.config.anchors).toBe(sizes.maxAnchors);
    const diffusion = await SetDiffusion.create({ model, runtime: { threads: 1 } });
    const sets = await diffusion.sample({ conditions: rowRange(data.conditions, 0, 2), rows: 3 });
    expect(sets.data.every(Number.isFinite)).toBe(true);
    await diffusion.release();
  });

  test.each<[string, Partial<DiffusionData>]>([
    ['no sets', { queryOf: new Int32Array() }],
    ['sets of unequal size', { rows: data.rows.subarray(1) }],
    ['a row outside the table', { rows: data.rows.map(() => data.table.rows) }],
    ['a query outside the conditions', { queryOf: data.queryOf.map(() => -1) }],
  ])('refuses %s', async (_, changes) => {
    await expect(trainDiffusion({ ...options, data: { ...data, ...changes } })).rejects.toThrow(RangeError);
  });
});

function nearestRow(table: Matrix, x: Float32Array): { index: number; cosine: number } {
  let best = { index: 0, cosine: -2 };
  for (let i = 0; i < table.rows; i++) {
    const cosine = dot(row(table, i), x);
    if (cosine > best.cosine) best = { index: i, cosine };
  }
  return best;
}
