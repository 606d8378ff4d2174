import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherRead, readQueries as readCatalog } from '../../candidates/reader.js';
import { floats, Graph, parameterFeeds, Session } from '../../engine/index.js';
import { Bm25 } from '../../lexical/bm25.js';
import { CounterRandom } from '../../random.js';
import { runtime, TEXTS } from '../testing/scene.js';
import { plainIndex } from '../testing/world.js';
import { queryFeeds, setFeeds } from './batch.js';
import { chosenLogProbs, readItems } from './model.js';
import type { PointerPolicy } from './pointerPolicy.js';
import {
  config,
  items,
  randomParameters,
  readQueries,
  standard,
  tinyPointer,
  vectors,
} from './testing/tinyPointer.js';

const texts = ['one', 'two', 'three'];
const read = readQueries(texts.length);
const parameters = randomParameters();
let policy: PointerPolicy;

beforeAll(async () => {
  // Finds the rows of `read` again by the queries' texts.
  policy = await tinyPointer({
    read: async (queries) =>
      gatherRead(
        read,
        queries.texts.map((text) => texts.indexOf(text)),
      ),
  });
});
afterAll(() => policy.release());

const ask = { queries: texts, vectors: read.vectors, seed: 3, streams: texts };
const candidatesOf = (query: number, { items: all, size } = read) =>
  all.subarray(query * size, (query + 1) * size);
const rank = (depth: number, own = read) => policy.rank({ read: own, vectors, rows: config.k, depth });

describe('PointerPolicy.sample', () => {
  it('chooses k different candidates for every sample, with their titles as sub-queries', async () => {
    const sets = await policy.sample({ ...ask, samplesPerQuery: 4 });
    expect(sets.map(({ query }) => query)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    for (const { query, items: chosen = new Int32Array(), subQueries } of sets) {
      expect(new Set(chosen).size).toBe(3);
      for (const item of chosen) expect(candidatesOf(query)).toContain(item);
      expect(subQueries).toEqual(Array.from(chosen, (item) => items[item].title));
    }
    expect(new Set(sets.slice(0, 4).map(({ subQueries }) => subQueries.join())).size).toBeGreaterThan(1);
  });

  it('chooses nothing that a mask leaves out, and fewer items where fewer may be', async () => {
    const catalog = {
      vectors,
      index: plainIndex(vectors),
      lexicon: () => Bm25.of(TEXTS.map((text) => ({ text }))),
    };
    const own = await tinyPointer({
      read: (queries, options) => readCatalog(queries, catalog, standard, options),
    });
    const mask = new Uint8Array(TEXTS.length);
    const chosen = async () =>
      (await own.sample({ ...ask, mask })).map(({ items }) => [...(items ?? [])].sort((a, b) => a - b));
    mask[4] = mask[9] = 1;
    expect(await chosen()).toEqual([
      [4, 9],
      [4, 9],
      [4, 9],
    ]);
    mask.fill(0);
    expect(await chosen()).toEqual([[], [], []]);
    await own.release();
  });

  it('answers a query the same in any batch', async () => {
    const together = await policy.sample(ask);
    const { vectors: own } = gatherRead(read, [1]);
    const [set] = await policy.sample({ ...ask, queries: ['two'], streams: ['two'], vectors: own });
    expect(set.items).toEqual(together[1].items);
    set.logProbs.forEach((logProb, t) => {
      expect(logProb).toBeCloseTo(together[1].logProbs[t], 5);
    });
  });
});

describe('PointerPolicy.choose', () => {
  it.each([
    { candidates: 20, places: 3 },
    { candidates: 3, places: 3 },
    { candidates: 2, places: 2 },
  ])(
    'says the log-probabilities that the training graph has for the same choices among $candidates',
    async ({ candidates, places }) => {
      const own = readQueries(4, { seed: 6, size: candidates });
      const rows = [2, 0, 3];
      const sets = await policy.choose(own, rows, {
        samplesPerQuery: 2,
        temperature: 1,
        random: (q, sample) => new CounterRandom(1, 'graph', q, sample),
      });
      const graph = new Graph();
      const logProbs = chosenLogProbs(graph, config, readItems(graph, config));
      const session = await Session.compile(graph, { logProbs }, runtime);
      const chosen = sets.map((set) => set.places);
      const { weights, ...feeds } = setFeeds(chosen, rows.length, candidates, config);
      const result = await session.run({
        ...queryFeeds(own, rows),
        ...feeds,
        ...parameterFeeds(parameters),
      });
      await session.release();
      const known = floats(result.logProbs);
      const counted = floats(weights);
      expect(counted.reduce((a, b) => a + b)).toBe(sets.length * places);
      sets.forEach((set, s) => {
        expect(set.places).toHaveLength(places);
        set.logProbs.forEach((logProb, t) => {
          expect(counted[s * config.k + t]).toBe(1);
          expect(logProb).toBeCloseTo(known[s * config.k + t], 4);
        });
      });
    },
  );

  it('draws items as often as it says', async () => {
    const sets = await policy.choose(read, [0], {
      samplesPerQuery: 4000,
      temperature: 1,
      random: (_, sample) => new CounterRandom(1, 'often', sample),
    });
    const counts = new Map<number, { n: number; p: number }>();
    for (const { items: chosen, logProbs } of sets) {
      const { n } = counts.get(chosen[0]) ?? { n: 0 };
      counts.set(chosen[0], { n: n + 1, p: Math.exp(logProbs[0]) });
    }
    // Five deviations of a binomial count.
    for (const { n, p } of counts.values())
      expect(Math.abs(n / 4000 - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 4000));
  });

  it('gives every sample of every query a stream of its own', async () => {
    const asked: string[] = [];
    await policy.choose(readQueries(18), [...Array(18).keys()].reverse(), {
      samplesPerQuery: 2,
      temperature: 1,
      random: (query, sample) => {
        asked.push(`${query}/${sample}`);
        return new CounterRandom(1, query, sample);
      },
    });
    expect(asked).toEqual([...Array(18).keys()].flatMap((query) => [`${query}/0`, `${query}/1`]));
  });

  it('names items by their rows in the catalog, places by those among the candidates', async () => {
    const sets = await policy.choose(read, [1, 2], { samplesPerQuery: 1, temperature: 0 });
    sets.forEach((set, i) => {
      expect([...set.items]).toEqual(Array.from(set.places, (place) => candidatesOf(i + 1)[place]));
    });
  });
});

describe('PointerPolicy.rank', () => {
  it('begins with the greedy set and goes on to other candidates, each once', async () => {
    const greedy = await policy.sample({ ...ask, temperature: 0 });
    const ranked = await rank(8);
    ranked.forEach((rows, q) => {
      expect(rows).toHaveLength(8);
      expect([...rows.subarray(0, 3)]).toEqual([...(greedy[q].items ?? [])]);
      expect(new Set(rows).size).toBe(8);
      for (const row of rows) expect(candidatesOf(q)).toContain(row);
    });
  });

  it('goes on the same whatever the depth, until there are no more candidates', async () => {
    const [five, all] = [await rank(5), await rank(99)];
    all.forEach((rows, q) => {
      expect([...five[q]]).toEqual([...rows.subarray(0, 5)]);
      expect([...rows].sort((a, b) => a - b)).toEqual([...candidatesOf(q)].sort((a, b) => a - b));
    });
  });

  it('does not depend on the order of the candidates', async () => {
    const { size } = read;
    const order = new CounterRandom(5, 'order').permutation(size);
    const shuffled = {
      ...read,
      items: read.items.map((_, at) => read.items[at - (at % size) + order[at % size]]),
      scores: read.scores.map((_, at) => {
        const candidate = Math.floor(at / config.sources);
        const from = candidate - (candidate % size) + order[candidate % size];
        return read.scores[from * config.sources + (at % config.sources)];
      }),
    };
    expect(await rank(size, shuffled)).toEqual(await rank(size));
  });

  it('ranks a query the same in any batch, also beyond those that are read at a time', async () => {
    const many = readQueries(20, { seed: 8 });
    const together = await rank(6, many);
    for (const q of [0, 15, 16, 19]) expect(await rank(6, gatherRead(many, [q]))).toEqual([together[q]]);
  });

  it('shows no kind twice while another is left, where repeats are not to be', async () => {
    const aspectOf = (item: number) => item % 5;
    const options = { read, vectors, rows: config.k, depth: config.k };
    const sets = await policy.rank({ ...options, repeats: { aspectOf, keep: 0 } });
    for (const set of sets) expect(new Set(Array.from(set, aspectOf)).size).toBe(config.k);
    expect(await policy.rank({ ...options, repeats: { aspectOf, keep: 1 } })).toEqual(await rank(config.k));
  });

  it('of a query without candidates is empty', async () => {
    expect(await rank(5, readQueries(2, { size: 0 }))).toEqual([new Int32Array(), new Int32Array()]);
  });

  it('stops at an abort signal', async () => {
    const reason = new Error('enough');
    const options = { read, vectors, rows: 3, depth: 3, signal: AbortSignal.abort(reason) };
    await expect(policy.rank(options)).rejects.toBe(reason);
  });
});
