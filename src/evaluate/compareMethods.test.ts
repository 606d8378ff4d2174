import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SampleOptions as DiffusionRequest } from '../diffusion/setDiffusion.js';
import { concatRows, gatherRows, matrix, row } from '../matrix.js';
import type { QueryBatch } from '../policy/fanOut.js';
import type { Policy, SampleOptions } from '../policy/policy.js';
import { plainIndex } from '../policy/testing/world.js';
import type { Progress } from '../progress.js';
import { candidateHeads } from '../retrieve/methods.js';
import type { FanOut } from '../reward/reward.js';
import type { Workspace } from '../run/workspace.js';
import { COMPARED, type CompareOptions, compareMethods } from './compareMethods.js';
import { tuneDpp, tuneMmr } from './tune.js';

/** A catalog of four items, a to d; b lies between a and c. */
const vectors = matrix(4, 3, Float32Array.of(1, 0, 0, 0.6, 0.8, 0, 0, 1, 0, 0, 0, 1));
const NAMES = 'abcd';
const workspace: Workspace = {
  items: Array.from(NAMES, (id) => ({ id, text: id, title: id, metadata: {} })),
  vectors,
  index: plainIndex(vectors),
  encoder: {
    id: 'names',
    dim: 3,
    encode: async (texts) =>
      gatherRows(
        vectors,
        texts.map((text) => NAMES.indexOf(text)),
      ),
  },
  queries: [],
  projection: { components: matrix(3, 3), keptVariance: 1 },
};

/** Cosines of query x to a, b, c, d: 0.8, 0.96, 0.6, 0; of query y: 0, 0, 0, 1. */
const VECTORS: Readonly<Record<string, readonly number[]>> = { x: [0.8, 0.6, 0], y: [0, 0, 1] };
const batch = (texts: readonly string[]): QueryBatch => ({
  texts,
  vectors: matrix(texts.length, 3, Float32Array.from(texts.flatMap((text) => VECTORS[text[0]]))),
  references: texts.map((_, i) => [i % 4]),
});

/** Milliseconds. The fakes let time pass, and a first call costs a thousand more. */
let now = 0;
vi.spyOn(performance, 'now').mockImplementation(() => now);
afterAll(() => vi.restoreAllMocks());
const clock = (cost: number): (() => void) => {
  let calls = 0;
  return () => {
    now += cost + (calls++ === 0 ? 1000 : 0);
  };
};

/** Writes `fanOuts` of the query's first letter, one a sample. */
function fakePolicy(fanOuts: Readonly<Record<string, readonly string[]>>, cost: number) {
  const requests: SampleOptions[] = [];
  const tick = clock(cost);
  const policy: Policy = {
    k: 2,
    async sample(request) {
      requests.push(request);
      tick();
      const { queries, samplesPerQuery = 1 } = request;
      return queries.flatMap((text, query) =>
        Array.from({ length: samplesPerQuery }, (_, sample) => ({
          query,
          subQueries: [...fanOuts[text[0]][sample]],
          tokens: new Int32Array(),
          logProbs: new Float32Array(),
          entropies: new Float32Array(),
        })),
      );
    },
  };
  return { ...policy, requests };
}

/** Looks along the query and along d. */
function fakeDiffusion(cost: number) {
  const requests: DiffusionRequest[] = [];
  const tick = clock(cost);
  return {
    requests,
    async sample(request: DiffusionRequest) {
      requests.push(request);
      tick();
      const { conditions } = request;
      const rows = Array.from({ length: conditions.rows }, (_, i) => [
        matrix(1, 3, row(conditions, i)),
        gatherRows(vectors, [3]),
      ]);
      return concatRows(rows.flat());
    },
  };
}

const test = batch(['x0', 'y1', 'x2', 'x3', 'y4']);
let untrained: ReturnType<typeof fakePolicy>;
let policy: ReturnType<typeof fakePolicy>;
let diffusion: ReturnType<typeof fakeDiffusion>;
let options: CompareOptions;
beforeEach(() => {
  untrained = fakePolicy({ x: ['ab', 'ba', 'cd', 'ac', 'cd'], y: ['da', 'ac', 'dc', 'bd', 'ad'] }, 20);
  policy = fakePolicy({ x: ['bd'], y: ['dc'] }, 40);
  diffusion = fakeDiffusion(2);
  options = {
    workspace,
    untrained,
    policy,
    diffusion,
    // Best for x: c and d, first as sample 2. For y: b and d.
    reward: ({ query, subQueries }) =>
      [...(query[0] === 'x' ? 'cd' : 'bd')].filter((name) => subQueries.includes(name)).length,
    test,
    validation: batch(['x', 'y', 'y']),
    k: 2,
    temperature: 0.7,
    batchSize: 2,
    seed: 3,
  };
});

/** Diversity of two items with cosine 0.6: eigenvalues 0.8 and 0.2. */
const NEAR = Math.exp(-0.8 * Math.log(0.8) - 0.2 * Math.log(0.2)) - 1;
/** Distance between unit vectors. */
const distance = (cosine: number) => Math.sqrt(2 - 2 * cosine);

/** What a method should score, from its figures for x and for y: three and two of the test queries. */
function expected(x: readonly [number, number, number], y: readonly [number, number, number]) {
  const [groundedness, diversity, alignment] = x.map((value, i) => 0.6 * value + 0.4 * y[i]);
  return {
    groundedness,
    diversity,
    alignment,
    composite: 0.6 * groundedness + 0.2 * diversity + 0.2 * alignment,
  };
}

describe('compareMethods', () => {
  it('measures every method on all test queries', async () => {
    const { methods, queries } = await compareMethods(options);
    expect(queries).toBe(5);
    expect(Object.keys(methods)).toEqual(COMPARED);
    const figures = {
      // x: b and a; y: d and, of three at cosine 0, the first.
      plain: expected([1 - distance(0.96), NEAR, 0.88], [1, 1, 0.5]),
      untrained: expected([1, NEAR, 0.88], [1, 1, 0.5]),
      bestOfN: expected([1, 1, 0.3], [1, 1, 0.5]),
      folm: expected([1, 1, 0.48], [1, 1, 0.5]),
      // x: b along the query, d; y: both look along d, and the second gets a.
      diffusion: expected([1 - distance(0.96) / 2, 1, 0.48], [1 - distance(0) / 2, 1, 0.5]),
    };
    for (const [name, figure] of Object.entries(figures)) {
      for (const [metric, value] of Object.entries(figure))
        expect([name, metric, methods[name as 'plain'][metric as 'composite']]).toEqual([
          name,
          metric,
          expect.closeTo(value, 5),
        ]);
    }
  });

  it('keeps the sets in the order of the queries', async () => {
    const { sets } = await compareMethods(options);
    const names = (method: (typeof COMPARED)[number]) =>
      sets[method].map(({ assigned }) =>
        assigned
          .map(({ item }) => NAMES[item])
          .sort()
          .join(''),
      );
    expect(names('plain')).toEqual(['ab', 'ad', 'ab', 'ab', 'ad']);
    expect(names('untrained')).toEqual(['ab', 'ad', 'ab', 'ab', 'ad']);
    expect(names('bestOfN')).toEqual(['cd', 'bd', 'cd', 'cd', 'bd']);
    expect(names('folm')).toEqual(['bd', 'cd', 'bd', 'bd', 'cd']);
    expect(names('diffusion')).toEqual(['bd', 'ad', 'bd', 'bd', 'ad']);
  });

  it('lets the reward choose among N samples, the first of equals', async () => {
    const seen: FanOut[] = [];
    const reward = (fanOut: FanOut) => {
      seen.push(fanOut);
      return 1;
    };
    const { sets } = await compareMethods({ ...options, reward, bestOf: 3 });
    expect(sets.bestOfN.map(({ assigned }) => assigned.map(({ item }) => NAMES[item]).sort())).toEqual(
      sets.untrained.map(({ assigned }) => assigned.map(({ item }) => NAMES[item]).sort()),
    );
    // The first batch is run once more, unmeasured.
    expect(seen).toHaveLength(3 * (5 + 2));
    expect(seen.at(-1)).toMatchObject({ query: 'y4', subQueries: ['d', 'c'], reference: [0] });
  });

  it('asks the models for the test queries only, in batches, each query with its own stream', async () => {
    await compareMethods(options);
    const batches = [['x0', 'y1'], ['x0', 'y1'], ['x2', 'x3'], ['y4']];
    expect(policy.requests.map(({ queries }) => queries)).toEqual(batches);
    for (const { queries, streams, seed, temperature, samplesPerQuery } of policy.requests) {
      expect(streams).toEqual(queries.map((text) => `evaluate/${text}`));
      expect({ seed, temperature, samplesPerQuery }).toEqual({
        seed: 3,
        temperature: 0.7,
        samplesPerQuery: 1,
      });
    }
    expect(untrained.requests.map(({ samplesPerQuery }) => samplesPerQuery)).toEqual([
      1, 1, 1, 1, 5, 5, 5, 5,
    ]);
    expect(diffusion.requests.map(({ conditions, rows }) => [conditions.rows, rows])).toEqual(
      batches.map((texts) => [texts.length, 2]),
    );
  });

  it('tunes MMR and DPP on the validation queries, whatever the test queries are', async () => {
    for (const texts of [['x'], ['y'], ['x', 'y', 'y']]) {
      const validation = batch(texts);
      const heads = await candidateHeads(workspace, validation.vectors);
      const lists = heads.map((head, i) => ({ ...head, query: row(validation.vectors, i) }));
      const tuned = { lambda: tuneMmr(lists, { k: 2 }).best, theta: tuneDpp(lists, { k: 2 }).best };
      for (const queries of [['x'], ['y', 'y']])
        expect(await compareMethods({ ...options, validation, test: batch(queries) })).toMatchObject(tuned);
    }
    await expect(compareMethods({ ...options, validation: batch([]) })).rejects.toThrow('validation query');
  });

  it('times a query from its embedding to its items, without the first call', async () => {
    const { methods, fanoutSpeedup } = await compareMethods(options);
    const perQuery = Object.fromEntries(COMPARED.map((name) => [name, methods[name].msPerQuery]));
    // Three batches of five queries.
    expect(perQuery).toEqual({
      plain: 0,
      mmr: 0,
      dpp: 0,
      untrained: 12,
      bestOfN: 12,
      folm: 24,
      diffusion: 1.2,
    });
    expect(fanoutSpeedup).toBe(20);
  });

  it('reports every method, and stops when told to', async () => {
    const reports: Progress[] = [];
    const { methods } = await compareMethods({ ...options, onProgress: (report) => reports.push(report) });
    expect(reports.map(({ done, total }) => [done, total])).toEqual(COMPARED.map((_, i) => [i + 1, 7]));
    expect(reports.at(-1)?.metrics).toEqual({ composite: methods.diffusion.composite });
    const signal = AbortSignal.abort();
    await expect(compareMethods({ ...options, signal })).rejects.toBe(signal.reason);
  });
});
