import { describe, expect, test } from 'vitest';
import { SOURCES } from '../candidates/candidates.js';
import type { ReadQueries } from '../candidates/reader.js';
import type { Parameters } from '../engine/index.js';
import { dot, type Matrix, matrix, normalizeRows, row, type VectorTable } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { StepReport } from '../training.js';
import type { DiffusionData } from './batches.js';
import { presets } from './config.js';
import type { DiffusionModel } from './model.js';
import { openCandidateDiffusion } from './modelFiles.js';
import { SetDiffusion } from './setDiffusion.js';
import { randomRead, tinyConfig, unitRows } from './testing/models.js';
import { type TrainDiffusionOptions, trainDiffusion } from './trainDiffusion.js';

const D = 16;
const runtime = { threads: 1 };
const standard = tinyConfig().standard!;
const network = {
  ...presets.small,
  width: 32,
  hidden: 48,
  heads: 2,
  conditionWidth: 16,
  noiseFeatures: 16,
};

const K = 5;
const CLUSTERS = 4;
const MEMBERS = 10;

/** Clusters of ten unit vectors; a query near a centre is answered by five different members of its cluster. */
function clusteredSets(queriesPerCluster: number, setsPerQuery: number): DiffusionData {
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
  return { conditions: near(queriesPerCluster, 0.3, 2), table: near(MEMBERS, 0.8, 3), queryOf, rows };
}

/** Every item a candidate of every query, in an order of the query's own. */
function allAsCandidates({ conditions, table }: DiffusionData): ReadQueries {
  return randomRead({ queries: conditions.rows, size: table.rows, items: table.rows, dimension: D });
}

/** Sets of `rows` candidates by a trained model. */
async function rankedBy(
  model: DiffusionModel,
  read: ReadQueries,
  vectors: VectorTable,
  { rows, steps = 3, draws = 8 }: { rows: number; steps?: number; draws?: number },
) {
  const diffusion = openCandidateDiffusion(model, { steps, draws }, runtime);
  const streams = Array.from({ length: read.vectors.rows }, (_, q) => q);
  const rankings = await diffusion.rank({ read, vectors, rows, depth: rows, streams });
  await diffusion.release();
  return rankings.map((ranking) => [...ranking.subarray(0, rows)]);
}

/** The catalog of marked sets. */
const MARKED = unitRows(60, D, 4);
/** Candidates of a query of it. */
const CHOICE = 12;

/** Queries of which `k` candidates, in this order, are the set; `marks` are what the sources after the first say of each place. */
function markedSets(
  queries: number,
  { k, seed, marks }: { k: number; seed: number; marks: (rank: number) => readonly boolean[] },
) {
  const read = randomRead({ queries, size: CHOICE, items: MARKED.rows, dimension: D, seed });
  const sets = Array.from({ length: queries }, (_, q) => {
    const places = new CounterRandom(seed, 'set', q).permutation(CHOICE);
    places.forEach((place, rank) => {
      const said = marks(rank).map((marked) => (marked ? 2 : -0.5));
      read.scores.set(said, (q * CHOICE + place) * SOURCES.length + 1);
    });
    return [...places.subarray(0, k)].map((place) => read.items[q * CHOICE + place]);
  });
  return { read, sets };
}

const trainedBy = ({ read, sets }: ReturnType<typeof markedSets>): Promise<DiffusionModel> =>
  trainDiffusion({
    data: {
      conditions: read.vectors,
      queryOf: Int32Array.from(sets.keys()),
      rows: Int32Array.from(sets.flat()),
      table: MARKED,
    },
    candidates: { ...read, standard },
    network,
    steps: 250,
    batchSize: 16,
    learningRate: 1e-2,
    runtime,
  });

describe('learns which candidates belong to a set', () => {
  test('from the source that tells', async () => {
    const k = 3;
    const marks = (rank: number) => [rank < k];
    const model = await trainedBy(markedSets(200, { k, seed: 1, marks }));
    expect(model.config).toMatchObject({ dimension: D, conditionDimension: D, standard });
    const fresh = markedSets(20, { k, seed: 2, marks });
    const drawn = await rankedBy(model, fresh.read, MARKED, { rows: k });
    const right = drawn.flatMap((set, q) => set.filter((item) => fresh.sets[q].includes(item)));
    expect(right.length / (20 * k)).toBeGreaterThan(0.9);
  }, 30_000);

  test('from the query, where no source tells: members of the cluster near it', async () => {
    const data = clusteredSets(8, 6);
    const queries = data.conditions.rows;
    const read = { ...allAsCandidates(data), vectors: data.conditions };
    read.scores.fill(0);
    const model = await trainDiffusion({
      data,
      candidates: { ...read, standard },
      network,
      steps: 150,
      batchSize: 32,
      learningRate: 3e-3,
      runtime,
    });
    const sets = await rankedBy(model, read, data.table, { rows: K });
    const right = sets.flatMap((set, q) =>
      set.filter((item) => Math.floor(item / MEMBERS) === Math.floor(q / 8)),
    );
    expect(right.length / (queries * K)).toBeGreaterThan(0.95);
    for (const set of sets) expect(new Set(set).size).toBe(K);
  }, 30_000);

  test('and which of them belong together', async () => {
    // Half of the sets are the first two candidates, half the last two; neither is likelier, and a mixture is none.
    const table = unitRows(4, D, 6);
    const queries = 40;
    const read: ReadQueries = {
      vectors: unitRows(queries, D, 7),
      size: 4,
      items: Int32Array.from({ length: queries * 4 }, (_, i) => i % 4),
      scores: new Float32Array(queries * 4 * SOURCES.length),
    };
    const model = await trainDiffusion({
      data: {
        conditions: read.vectors,
        queryOf: Int32Array.from({ length: 2 * queries }, (_, i) => i >> 1),
        rows: Int32Array.from({ length: 4 * queries }, (_, i) => i % 4),
        table,
      },
      candidates: { ...read, standard },
      network,
      steps: 500,
      batchSize: 32,
      learningRate: 5e-3,
      runtime,
    });
    // Of several draws the answer would be a mixture.
    const sets = await rankedBy(model, read, table, { rows: 2, steps: 12, draws: 1 });
    const share = (wanted: string) => sets.filter((set) => set.sort().join() === wanted).length / queries;
    // Rows drawn without regard for each other would be right in a third.
    expect(share('0,1') + share('2,3')).toBeGreaterThan(0.8);
    expect(share('0,1')).toBeGreaterThan(0.2);
    expect(share('2,3')).toBeGreaterThan(0.2);
  }, 30_000);

  test('and which of them comes first, without drawing any', async () => {
    const k = 4;
    // One source marks all of a set, the next its first item, the last one its last.
    const marks = (rank: number) => [rank < k, rank === 0, rank === k - 1];
    const model = await trainedBy(markedSets(200, { k, seed: 1, marks }));
    const fresh = markedSets(50, { k, seed: 2, marks });
    const right = (drawn: number[][]) => ({
      first: drawn.filter(([first], q) => first === fresh.sets[q][0]).length / 50,
      last: drawn.filter((set, q) => set[k - 1] === fresh.sets[q][k - 1]).length / 50,
      members:
        drawn.flat().filter((item, i) => fresh.sets[Math.floor(i / k)].includes(item)).length / (50 * k),
    });
    for (const steps of [0, 3]) {
      const { first, last, members } = right(await rankedBy(model, fresh.read, MARKED, { rows: k, steps }));
      expect(first, `${steps} steps`).toBeGreaterThan(0.9);
      expect(last, `${steps} steps`).toBeGreaterThan(0.9);
      expect(members, `${steps} steps`).toBeGreaterThan(0.9);
    }
  }, 30_000);
});

test('learns to draw directions into the right cluster', async () => {
  const data = clusteredSets(8, 6);
  const model = await trainDiffusion({
    data,
    network: { ...network, head: 'edm' },
    steps: 200,
    batchSize: 32,
    learningRate: 3e-3,
    runtime,
  });
  expect(model.config.standard).toBeUndefined();
  const diffusion = await SetDiffusion.create({ model, runtime });
  const sets = await diffusion.sample({ conditions: data.conditions, rows: K });
  await diffusion.release();
  const right = Array.from({ length: sets.rows }, (_, i) => {
    const cluster = Math.floor(nearestRow(data.table, row(sets, i)) / MEMBERS);
    return Number(cluster === Math.floor(Math.floor(i / K) / 8));
  });
  expect(right.reduce((a, b) => a + b) / right.length).toBeGreaterThan(0.95);
}, 30_000);

describe.each(['anchors', 'edm'] as const)('a training run of head %s', (head) => {
  const data = clusteredSets(2, 4);
  const read = allAsCandidates(data);
  const candidates = { ...read, standard };
  const options: TrainDiffusionOptions = {
    data,
    candidates,
    steps: 6,
    batchSize: 32,
    seed: 1,
    network: { ...network, head, layers: 1, dropout: 0.1, attentionDropout: 0.1 },
    runtime,
  };

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

  test('depends on the seed alone', async () => {
    const [one, again] = [await trainDiffusion(options), await trainDiffusion(options)];
    expect(again).toEqual(one);
    expect(await trainDiffusion({ ...options, seed: 2 })).not.toEqual(one);
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

describe('candidates', () => {
  const data = clusteredSets(2, 4);
  const read = allAsCandidates(data);
  const options: TrainDiffusionOptions = { data, steps: 2, batchSize: 8, network, runtime };

  test('are needed where rows are such', async () => {
    await expect(trainDiffusion(options)).rejects.toThrow('needs candidates');
  });

  test('must hold every row of the sets', async () => {
    // The first set's first row is one of its query's candidates no more.
    const items = read.items.slice();
    const lost = data.rows[0];
    items[items.indexOf(lost)] = items[items.indexOf(lost) === 0 ? 1 : 0];
    const candidates = { ...read, items, standard };
    await expect(trainDiffusion({ ...options, candidates })).rejects.toThrow(
      `row ${lost} of a set is no candidate of its query`,
    );
  });

  test('teach the same in any order', async () => {
    const size = read.size;
    const order = new CounterRandom(1, 'order').permutation(size);
    const moved = (at: number) => Math.floor(at / size) * size + order[at % size];
    const sources = SOURCES.length;
    const shuffled: ReadQueries = {
      vectors: read.vectors,
      size,
      items: read.items.map((_, at) => read.items[moved(at)]),
      scores: read.scores.map(
        (_, i) => read.scores[moved(Math.floor(i / sources)) * sources + (i % sources)],
      ),
    };
    const trained = async (candidates: ReadQueries) =>
      (await trainDiffusion({ ...options, candidates: { ...candidates, standard } })).parameters;
    expectSame(await trained(shuffled), await trained(read));
  });
});

function expectSame(actual: Parameters, expected: Parameters): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { data }] of expected) {
    const error = Math.max(...data.map((x, i) => Math.abs(x - (actual.get(name)?.data[i] ?? Number.NaN))));
    expect(error, name).toBeLessThan(1e-4);
  }
}

/** Number of the row whose direction is most like `x`. */
function nearestRow(table: VectorTable, x: Float32Array): number {
  const cosines = Array.from({ length: table.rows }, (_, i) => dot(row(table, i), x));
  return cosines.indexOf(Math.max(...cosines));
}
