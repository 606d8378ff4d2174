import { afterAll, describe, expect, it, vi } from 'vitest';
import { SOURCES } from '../candidates/candidates.js';
import type { ReadQueries } from '../candidates/reader.js';
import { encodeOnnx, type Feeds, floats, Graph, Session } from '../engine/index.js';
import { concatRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { anchorsOf, denoiseAnchored } from './anchorHead.js';
import { CandidateDiffusion } from './candidateDiffusion.js';
import type { DiffusionModel } from './model.js';
import { candidateModelOnnx } from './modelFiles.js';
import { dpmSolverPlusPlus2M } from './sampling.js';
import { samplingSigmas } from './samplingGrid.js';
import type { ModelSession } from './setSampler.js';
import { partOfRead, randomModel, randomRead, tinyConfig, unitRows } from './testing/models.js';
import { conditionMemory } from './transformer.js';

const [D, F] = [8, SOURCES.length];
/** Candidates of a query, among the items of the catalog. */
const [N, ITEMS] = [14, 40];
const ROWS = 4;
const DRAWS = 3;
const runtime = { threads: 1 };
const model = randomModel(tinyConfig());
const { config } = model;
const vectors = unitRows(ITEMS, D, 9);
const read = randomRead({ queries: 11, size: N, items: ITEMS, dimension: D });
const streams = Array.from({ length: 11 }, (_, q) => `query ${q}`);

const load = (steps: number) => Session.load(candidateModelOnnx(model, steps), runtime);
const diffusion = new CandidateDiffusion({ config, steps: 3, draws: DRAWS, load });
const rank = (
  queries: ReadQueries,
  options: { steps?: number; seed?: number; streams?: string[]; depth?: number } = {},
) => diffusion.rank({ read: queries, vectors, rows: ROWS, depth: N, streams, ...options });
afterAll(() => diffusion.release());

describe('CandidateDiffusion', () => {
  it('ranks every candidate once, and nothing else', async () => {
    const rankings = await rank(read);
    expect(rankings).toHaveLength(11);
    rankings.forEach((ranking, q) => {
      expect([...ranking].sort()).toEqual([...read.items.subarray(q * N, (q + 1) * N)].sort());
    });
  });

  it.each([1, 2, 3, 6])('ranks by what %s steps one at a time say', async (steps) => {
    const rankings = await rank(read, { steps, seed: 5 });
    const stepwise = await stepByStep(model);
    for (let q = 0; q < 11; q++) {
      const { inclusion, order } = await stepwise.inclusion(q, { steps, seed: 5 });
      const places = [...rankings[q]].map((item) => read.items.indexOf(item, q * N) - q * N);
      const by = (values: readonly number[], some: readonly number[]) => some.map((place) => values[place]);
      const [set, others] = [places.slice(0, ROWS), places.slice(ROWS)];
      // What the steps leave equal up to rounding may come in any order.
      expect(Math.min(...by(inclusion, set))).toBeGreaterThan(Math.max(...by(inclusion, others)) - 1e-3);
      expectFalling(by(order, set), 1e-5);
      expectFalling(by(inclusion, others), 1e-3);
    }
    await stepwise.release();
  });

  it('without steps sorts by the order of the candidates, whatever the noise is called', async () => {
    const rankings = await rank(read, { steps: 0, seed: 5 });
    const stepwise = await stepByStep(model);
    for (let q = 0; q < 11; q++) {
      const { order } = await stepwise.inclusion(q, { steps: 1, seed: 1 });
      const places = [...order.keys()].sort((a, b) => order[b] - order[a]);
      expect([...rankings[q]]).toEqual(places.map((place) => read.items[q * N + place]));
    }
    await stepwise.release();
    expect(await rank(read, { steps: 0, seed: 6, streams: undefined })).toEqual(rankings);
    // Where sets are drawn, the first items are others.
    expect(await rank(read, { steps: 3 })).not.toEqual(rankings);
  });

  it.each([0, 2])('with %s steps answers with no more items than are wanted', async (steps) => {
    const whole = await rank(read, { steps, seed: 3 });
    for (const depth of [ROWS, ROWS + 3, N, N + 10]) {
      const rankings = await rank(read, { steps, seed: 3, depth });
      expect(rankings).toEqual(whole.map((ranking) => ranking.slice(0, depth)));
    }
  });

  it('answers a text the same whatever is in the batch', async () => {
    const together = await rank(read, { steps: 2, seed: 3 });
    for (const q of [0, 6, 9]) {
      const [alone] = await rank(partOfRead(read, q, q + 1), { steps: 2, seed: 3, streams: [streams[q]] });
      expect(alone).toEqual(together[q]);
    }
  });

  it('answers the same by the same seed, and not always by another', async () => {
    const rankings = (seed: number) => rank(read, { steps: 1, seed });
    expect(await rankings(1)).toEqual(await rankings(1));
    expect(await rankings(1)).not.toEqual(await rankings(2));
  });

  it('names noise by the query vector where there is no text', async () => {
    const unnamed = await rank(read, { streams: undefined });
    const [alone] = await rank(partOfRead(read, 4, 5), { streams: undefined });
    expect(alone).toEqual(unnamed[4]);
  });

  it('answers with all candidates where there are fewer than a set has rows', async () => {
    const few = randomRead({ queries: 3, size: 2, items: ITEMS, dimension: D });
    const rankings = await rank(few);
    rankings.forEach((ranking, q) => {
      expect([...ranking].sort()).toEqual([...few.items.subarray(2 * q, 2 * q + 2)].sort());
    });
  });

  it('answers with nothing where there are no candidates, and asks no model', async () => {
    const none = randomRead({ queries: 3, size: 0, items: ITEMS, dimension: D });
    const never = vi.fn();
    const idle = new CandidateDiffusion({ config, steps: 3, draws: DRAWS, load: never });
    const rankings = await idle.rank({ read: none, vectors, rows: ROWS, depth: N });
    expect(rankings).toEqual([0, 1, 2].map(() => new Int32Array()));
    expect(never).not.toHaveBeenCalled();
  });

  it('refuses a model whose rows are no candidates, and settings out of range', async () => {
    const edm = tinyConfig({ head: 'edm' });
    expect(() => new CandidateDiffusion({ config: edm, steps: 3, draws: 1, load })).toThrow(RangeError);
    const ask = (changes: object) => diffusion.rank({ read, vectors, rows: ROWS, depth: N, ...changes });
    await expect(ask({ rows: 0 })).rejects.toThrow('rows');
    for (const steps of [1.5, -1, Number.NaN]) await expect(ask({ steps })).rejects.toThrow('steps');
    await expect(ask({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});

describe('with a model that says what it is told to', () => {
  /** Answers `inclusion` [draws, size] and `order` [size] for every query. */
  class Told implements ModelSession {
    readonly asked: Feeds[] = [];
    released = 0;

    constructor(
      private readonly inclusion: readonly (readonly number[])[],
      private readonly order: readonly number[],
    ) {}

    async run(feeds: Feeds) {
      this.asked.push(feeds);
      const [queries] = feeds.features.dims;
      const repeated = (values: readonly number[]) =>
        Float32Array.from(Array.from({ length: queries }, () => values).flat());
      const size = this.order.length;
      return {
        inclusion: {
          data: repeated(this.inclusion.flat()),
          dims: [queries * this.inclusion.length, size],
        },
        order: { data: repeated(this.order), dims: [queries, size] },
      };
    }

    async release() {
      this.released++;
    }
  }

  const told = (inclusion: readonly (readonly number[])[], order: readonly number[]) => {
    const session = new Told(inclusion, order);
    const loaded = vi.fn(async () => session);
    const ranker = new CandidateDiffusion({ config, steps: 3, draws: inclusion.length, load: loaded });
    return { session, loaded, ranker };
  };

  it('the set comes first, in its order, then the rest by the mean of its draws', async () => {
    // Means: 0.45, 0.7, 0.5, 0.65, 0.1.
    const { ranker } = told(
      [
        [0.9, 0.5, 0.3, 0.6, 0.2],
        [0.0, 0.9, 0.7, 0.7, 0.0],
      ],
      [9, -1, 5, 2, 7],
    );
    const five = randomRead({ queries: 2, size: 5, items: ITEMS, dimension: D });
    const rankings = await ranker.rank({ read: five, vectors, rows: 3, depth: 5 });
    rankings.forEach((ranking, q) => {
      expect([...ranking]).toEqual([2, 3, 1, 0, 4].map((place) => five.items[q * 5 + place]));
    });
  });

  it('without steps no noise is fed, and the order of all is the answer', async () => {
    const { ranker, session, loaded } = told([[0.9, 0.5, 0.3, 0.6, 0.2]], [1, -1, 5, 2, 7]);
    const five = randomRead({ queries: 2, size: 5, items: ITEMS, dimension: D });
    const rankings = await ranker.rank({ read: five, vectors, rows: 2, depth: 5, steps: 0 });
    rankings.forEach((ranking, q) => {
      expect([...ranking]).toEqual([4, 2, 3, 0, 1].map((place) => five.items[q * 5 + place]));
    });
    expect(loaded.mock.calls).toEqual([[0]]);
    expect(session.asked.map((feeds) => Object.keys(feeds))).toEqual([['features']]);
  });

  it('every query is asked once, with its own candidates and what the sources say of them', async () => {
    const size = 3;
    const many = randomRead({ queries: 19, size, items: ITEMS, dimension: D });
    const { ranker, session } = told([[0, 0, 0]], [0, 0, 0]);
    await ranker.rank({ read: many, vectors, rows: 2, depth: 3 });
    const fed = (name: string) => session.asked.flatMap((feeds) => [...floats(feeds[name])]);
    expect(fed('condition')).toEqual([...many.vectors.data]);
    expect(fed('features')).toEqual([...many.scores]);
    expect(fed('anchors')).toEqual([...many.items].flatMap((item) => [...row(vectors, item)]));
    for (const feeds of session.asked) {
      const [queries] = feeds.features.dims;
      expect(feeds.noise.dims).toEqual([queries, 2, D]);
      expect(feeds.features.dims).toEqual([queries, size, F]);
    }
  });

  it('is loaded once for as many steps, and freed', async () => {
    const { ranker, session, loaded } = told([[0, 0]], [0, 0]);
    const two = randomRead({ queries: 1, size: 2, items: ITEMS, dimension: D });
    for (const steps of [undefined, 3, 2, 2])
      await ranker.rank({ read: two, vectors, rows: 1, depth: 2, steps });
    expect(loaded.mock.calls).toEqual([[3], [2]]);
    await ranker.release();
    expect(session.released).toBe(2);
  });
});

describe('a model that could not be loaded', () => {
  const one = randomRead({ queries: 1, size: 3, items: ITEMS, dimension: D });
  const request = { read: one, vectors, rows: 2, depth: 3, steps: 0 };

  it('is tried again by the next request', async () => {
    const failing = vi.fn(load).mockRejectedValueOnce(new Error('no memory'));
    const ranker = new CandidateDiffusion({ config, steps: 3, draws: DRAWS, load: failing });
    const both = [ranker.rank(request), ranker.rank(request)];
    for (const asked of both) await expect(asked).rejects.toThrow('no memory');
    expect(failing).toHaveBeenCalledTimes(1);
    expect(await ranker.rank(request)).toEqual(await diffusion.rank(request));
    await ranker.rank(request);
    expect(failing).toHaveBeenCalledTimes(2);
    await ranker.release();
  });

  it('does not keep the others from being freed', async () => {
    const release = vi.fn();
    const order = { data: new Float32Array(3), dims: [1, 3] };
    let fail = (_: Error) => {};
    const hanging = new Promise<ModelSession>((_, reject) => {
      fail = reject;
    });
    const ranker = new CandidateDiffusion({
      config,
      steps: 3,
      draws: DRAWS,
      load: (steps) => (steps > 0 ? hanging : Promise.resolve({ run: async () => ({ order }), release })),
    });
    const asked = ranker.rank({ ...request, steps: 2 });
    await ranker.rank(request);
    const released = ranker.release();
    fail(new Error('no memory'));
    await expect(asked).rejects.toThrow('no memory');
    await released;
    expect(release).toHaveBeenCalledTimes(1);
  });
});

/** The same by the single denoising step, the sampler of `sampling.ts` and float64. */
async function stepByStep({ config, parameters }: DiffusionModel) {
  const graph = new Graph();
  const query = graph.input('condition', ['queries', D]);
  const inputs = {
    x: graph.input('x', ['batch', ROWS, D]),
    sigma: graph.input('sigma', [1, 1, 1]),
    condition: conditionMemory(config, query),
  };
  const given = {
    vectors: graph.input('anchors', ['queries', N, D]),
    sources: graph.input('features', ['queries', N, F]),
  };
  const anchors = anchorsOf(given);
  const outputs = { ...denoiseAnchored(config, inputs, anchors), order: anchors.order };
  const weights = new Map([...parameters].map(([name, { data }]) => [name, data]));
  const session = await Session.load(encodeOnnx(graph, { outputs, weights }), runtime);

  /** How likely each candidate of query `q` is to be in a set, and the score of its order, [N]. */
  async function inclusion(q: number, { steps, seed }: { steps: number; seed: number }) {
    const own = partOfRead(read, q, q + 1);
    const candidates = concatRows(
      [...own.items].map((item) => ({ data: row(vectors, item), rows: 1, cols: D })),
    );
    const mean = new Array<number>(N).fill(0);
    let order: number[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      const sigmas = samplingSigmas(config, 'dpmSolverPlusPlus2M', steps);
      const random = new CounterRandom(seed, 'diffusion/sample', streams[q], draw);
      const x = random.fillNormal(new Float32Array(ROWS * D), sigmas[0]);
      let posterior = new Float32Array();
      await dpmSolverPlusPlus2M(
        async (x, sigma) => {
          const result = await session.run({
            x: { data: x, dims: [1, ROWS, D] },
            sigma: { data: Float32Array.of(sigma), dims: [1, 1, 1] },
            condition: { data: own.vectors.data, dims: [1, D] },
            anchors: { data: candidates.data, dims: [1, N, D] },
            features: { data: own.scores, dims: [1, N, F] },
          });
          posterior = Float32Array.from(floats(result.posterior));
          order = [...floats(result.order)];
          return floats(result.clean);
        },
        x,
        sigmas,
        { random },
      );
      for (let i = 0; i < N; i++) {
        let free = 1;
        for (let r = 0; r < ROWS; r++) free *= 1 - posterior[r * N + i];
        mean[i] += (1 - free) / DRAWS;
      }
    }
    return { inclusion: mean, order };
  }
  return { inclusion, release: () => session.release() };
}

function expectFalling(values: readonly number[], slack: number): void {
  for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThan(values[i - 1] + slack);
}
