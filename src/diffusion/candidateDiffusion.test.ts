import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, Session } from '../engine/index.js';
import { type Matrix, matrix, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { CandidateDiffusion } from './candidateDiffusion.js';
import { ANCHORS, samplerOnnx } from './model.js';
import { samplingSigmas } from './samplingGrid.js';
import { randomModel, tinyConfig, unitRows } from './testing/models.js';
import { trainDiffusion } from './trainDiffusion.js';

const [D, N, F] = [8, 12, 2];
const model = randomModel(tinyConfig({ dimension: D, anchors: N, features: F }));
const conditions = unitRows(3, D, 1);
const sources = matrix(3, N * F, new CounterRandom(1, 'sources').fillNormal(new Float32Array(3 * N * F)));
const anchors = matrix(N, D, model.parameters.get(ANCHORS)!.data);
const streams = ['a', 'b', 'c'];
const runtime = { threads: 1 };
let diffusion: CandidateDiffusion;

beforeAll(() => {
  diffusion = new CandidateDiffusion({ model, draws: 4, runtime });
});
afterAll(() => diffusion.release());

/** Which anchor each row is. */
const anchorsOf = (rows: Matrix) =>
  Array.from({ length: rows.rows }, (_, i) =>
    [...Array(N).keys()].findIndex((a) => row(anchors, a).every((x, j) => x === row(rows, i)[j])),
  );

describe('CandidateDiffusion', () => {
  it('answers with different anchors', async () => {
    const rows = anchorsOf(await diffusion.sample({ conditions, sources, rows: 4, streams }));
    expect(rows).not.toContain(-1);
    for (let q = 0; q < 3; q++) expect(new Set(rows.slice(q * 4, q * 4 + 4)).size).toBe(4);
  });

  it('answers a query the same in any batch', async () => {
    const together = await diffusion.sample({ conditions, sources, rows: 4, streams });
    const alone = await diffusion.sample({
      conditions: rowRange(conditions, 1, 2),
      sources: rowRange(sources, 1, 2),
      rows: 4,
      streams: ['b'],
    });
    expect(anchorsOf(alone)).toEqual(anchorsOf(rowRange(together, 4, 8)));
  });

  it('answers with nothing that a mask leaves out', async () => {
    const mask = new Uint8Array(N).fill(1);
    const [first] = anchorsOf(await diffusion.sample({ conditions, sources, rows: 2, streams }));
    mask[first] = 0;
    expect(anchorsOf(await diffusion.sample({ conditions, sources, rows: 2, streams, mask }))).not.toContain(
      first,
    );
  });

  it('has the inclusion probabilities of the last posterior: 1 - prod (1 - p) over the rows', async () => {
    const sigmas = samplingSigmas(model.config, 'dpmSolverPlusPlus2M', 1);
    const session = await Session.load(samplerOnnx(model, { sigmas, guidance: 0 }), runtime);
    const noise = { data: new CounterRandom(1, 'n').fillNormal(new Float32Array(4 * D)), dims: [1, 4, D] };
    const { inclusion, clean } = await session.run({
      noise,
      condition: { data: row(conditions, 0), dims: [1, D] },
      features: { data: row(sources, 0), dims: [1, N, F] },
    });
    await session.release();
    const included = floats(inclusion);
    expect(included.every((p) => p > -1e-3 && p < 1 + 1e-3)).toBe(true);
    const total = included.reduce((sum, p) => sum + p, 0);
    expect(total).toBeGreaterThan(1);
    expect(total).toBeLessThanOrEqual(4 + 1e-2);
    expect(floats(clean).every(Number.isFinite)).toBe(true);
  });

  it('refuses to answer without the sources', async () => {
    await expect(diffusion.sample({ conditions, rows: 4 })).rejects.toThrow('what the sources say');
  });

  it('learns to trust the source that tells', async () => {
    // Each query's set are the three anchors of its highest first number.
    const table = unitRows(N, D, 4);
    const queries = 40;
    const said = matrix(
      queries,
      N * F,
      new CounterRandom(2, 's').fillNormal(new Float32Array(queries * N * F)),
    );
    const best = (of: Matrix, q: number) =>
      [...Array(N).keys()].sort((a, b) => row(of, q)[b * F] - row(of, q)[a * F]).slice(0, 3);
    const trained = await trainDiffusion({
      data: {
        conditions: unitRows(queries, D, 5),
        queryOf: Int32Array.from({ length: queries }, (_, q) => q),
        rows: Int32Array.from([...Array(queries).keys()].flatMap((q) => best(said, q))),
        table,
      },
      features: said,
      network: { ...tinyConfig(), maxAnchors: 100 },
      steps: 250,
      batchSize: 16,
      learningRate: 1e-2,
      runtime,
    });
    const fresh = matrix(5, N * F, new CounterRandom(3, 's').fillNormal(new Float32Array(5 * N * F)));
    const student = new CandidateDiffusion({ model: trained, runtime });
    const rows = await student.sample({ conditions: unitRows(5, D, 6), sources: fresh, rows: 3 });
    await student.release();
    let right = 0;
    for (let i = 0; i < rows.rows; i++) {
      const wanted = best(fresh, Math.floor(i / 3)).map((a) => row(table, a).join());
      if (wanted.includes(row(rows, i).join())) right++;
    }
    expect(right).toBeGreaterThanOrEqual(11);
  });
});
