import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomCandidates } from '../baselines/testing/candidates.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { InputError } from '../errors.js';
import { matrix, row } from '../matrix.js';
import { letterEncoder, letterWorld, plainIndex } from '../policy/testing/world.js';
import { compileTiny, SETS } from '../serve/testing/tinyRun.js';
import { diversify } from './diversify.js';
import { Retriever } from './retriever.js';
import { SetRetriever } from './setRetriever.js';

const cosine = (a: readonly number[], b: readonly number[]) => {
  const product = (x: readonly number[], y: readonly number[]) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
};

/** Every hit that is left is tried, by the formula of Carbonell & Goldstein. */
function mmrByHand(vectors: number[][], relevance: number[], lambda: number, k: number): number[] {
  const set: number[] = [];
  while (set.length < Math.min(k, vectors.length)) {
    const left = vectors.map((_, i) => i).filter((i) => !set.includes(i));
    const value = (i: number) => {
      const nearest = set.length > 0 ? Math.max(...set.map((j) => cosine(vectors[i], vectors[j]))) : 0;
      return lambda * relevance[i] - (1 - lambda) * nearest;
    };
    set.push(left.reduce((best, i) => (value(i) > value(best) ? i : best)));
  }
  return set;
}

/** det L of a set, L = diag(q) S diag(q), q = exp(theta * relevance), by Laplace expansion. */
function determinantOf(set: readonly number[], vectors: number[][], relevance: number[], theta: number) {
  const expand = (m: number[][]): number =>
    m.length === 0
      ? 1
      : m[0].reduce(
          (sum, x, j) =>
            sum + (j % 2 === 0 ? x : -x) * expand(m.slice(1).map((r) => r.filter((_, c) => c !== j))),
          0,
        );
  return expand(
    set.map((i) =>
      set.map((j) => Math.exp(theta * (relevance[i] + relevance[j])) * cosine(vectors[i], vectors[j])),
    ),
  );
}

const someHits = fc
  .record({ n: fc.integer({ min: 2, max: 7 }), d: fc.integer({ min: 8, max: 12 }) })
  .chain(({ n, d }) => {
    const number = fc.integer({ min: -50, max: 50 }).map((x) => x / 7);
    const vector = fc.array(number, { minLength: d, maxLength: d }).filter((v) => v.some((x) => x !== 0));
    return fc.record({ query: vector, vectors: fc.array(vector, { minLength: n, maxLength: n }) });
  });

describe('diversify', () => {
  it('chooses what the formula of MMR chooses, whatever the scale of the vectors', () => {
    const diversity = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(someHits, diversity, fc.integer({ min: 1, max: 8 }), ({ vectors, query }, share, k) => {
        const relevance = vectors.map((vector) => cosine(vector, query));
        const hits = vectors.map((_, i) => i);
        const set = diversify(hits, { vectors, query, k, diversity: share });
        const worth = (chosen: number[], place: number) => {
          const before = chosen.slice(0, place);
          const nearest = Math.max(
            ...before.map((j) => cosine(vectors[chosen[place]], vectors[j])),
            before.length > 0 ? -2 : 0,
          );
          return (1 - share) * relevance[chosen[place]] - share * nearest;
        };
        // Two hits may be worth the same but for rounding: up to the first such, the sets are the same.
        const expected = mmrByHand(vectors, relevance, 1 - share, k);
        expect(set).toHaveLength(expected.length);
        const other = set.findIndex((hit, place) => hit !== expected[place]);
        if (other >= 0) expect(worth(set, other)).toBeCloseTo(worth(expected, other), 5);
      }),
      { numRuns: 200 },
    );
  });

  it('grows the determinant as much as any other choice would', () => {
    const diversity = fc.double({ min: 0.1, max: 1, noNaN: true });
    fc.assert(
      fc.property(someHits, diversity, fc.integer({ min: 1, max: 4 }), ({ vectors, query }, share, k) => {
        const relevance = vectors.map((vector) => cosine(vector, query));
        const theta = (1 - share) / (2 * share);
        const hits = vectors.map((_, i) => i);
        const set = diversify(hits, { vectors, relevance, k, method: 'dpp', diversity: share });
        expect(new Set(set).size).toBe(Math.min(k, hits.length));
        for (let place = 0; place < set.length; place++) {
          const before = set.slice(0, place);
          const grown = (hit: number) => determinantOf([...before, hit], vectors, relevance, theta);
          const best = Math.max(...hits.filter((hit) => !before.includes(hit)).map(grown));
          // Below it nothing new is left, and relevance decides.
          const least = 1e-4 * (place > 0 ? determinantOf(before, vectors, relevance, theta) : 1);
          if (best > least) expect(grown(set[place]) / best).toBeGreaterThan(1 - 1e-3);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('equals the methods of the same names over the whole catalog', async () => {
    const { candidates: vectors, query } = randomCandidates({ n: 60, d: 12, seed: 5 });
    const world = await letterWorld(Array.from({ length: 60 }, (_, i) => `thing ${i}`));
    const encoder = { id: 'one', dim: 12, encode: async () => matrix(1, 12, query) };
    const space = { ...world, vectors, index: plainIndex(vectors), encoder, subQueryEncoder: encoder };
    const settings = { k: 6, settings: {}, usual: 'plain', aspects: () => () => undefined } as const;
    const retriever = new SetRetriever({ ...space, ...settings });
    const { items: all } = await retriever.search('thing', { method: 'plain', k: 60 });
    const options = { query, vectors: all.map(({ id }) => row(vectors, Number(id))), k: 6 };
    for (const method of ['mmr', 'dpp'] as const)
      for (const diversity of [undefined, 0, 0.05, 0.5]) {
        const { items } = await retriever.search('thing', { method, diversity });
        const set = diversify(all, { ...options, method, diversity });
        const ids = set.map(({ id }) => id);
        expect(ids, `${method} ${diversity}`).toEqual(items.map(({ id }) => id));
      }
  });

  it('leaves the best hits as they are at 0, and gives all where there are fewer than k', () => {
    const vectors = [
      [1, 0],
      [1, 0.1],
      [0, 1],
    ];
    const relevance = [0.5, 0.9, 0.1];
    for (const method of ['mmr', 'dpp'] as const)
      expect(diversify(['a', 'b', 'c'], { vectors, relevance, k: 9, method, diversity: 0 })).toEqual([
        'b',
        'a',
        'c',
      ]);
    expect(diversify(['a', 'b', 'c'], { vectors, relevance, k: 2, diversity: 0.9 })).toEqual(['b', 'c']);
    expect(diversify([], { vectors: [], relevance: [], k: 2 })).toEqual([]);
  });

  it.each([
    ['vectors', { vectors: [[1, 0]] }, 'are 1, the hits are 2'],
    ['vectors[1]', { vectors: [[1, 0], [1]] }, 'has 1 numbers, the first vector 2'],
    [
      'vectors[1]',
      {
        vectors: [
          [1, 0],
          [0, 0],
        ],
      },
      'not all 0',
    ],
    [
      'vectors[0]',
      {
        vectors: [
          [Number.NaN, 0],
          [0, 1],
        ],
      },
      'finite numbers',
    ],
    ['query', { query: [1, 2, 3], relevance: undefined }, 'has 3 numbers'],
    ['relevance', { relevance: undefined }, 'is missing'],
    ['relevance[1]', { relevance: [1] }, 'expected a number for each hit'],
    ['k', { k: 0 }, 'from 1'],
    ['diversity', { diversity: 2 }, 'from 0 to 1'],
    ['method', { method: 'kmeans' }, 'use mmr or dpp'],
  ])('says what is wrong with %s', (field, wrong, says) => {
    const right = {
      vectors: [
        [1, 0],
        [0, 1],
      ],
      relevance: [0.5, 0.4],
      k: 1,
    };
    const ask = () =>
      diversify(['a', 'b'], { ...right, ...wrong } as unknown as Parameters<typeof diversify>[1]);
    expect(ask).toThrow(InputError);
    expect(ask).toThrow(`field "${field}": `);
    expect(ask).toThrow(says);
  });
});

describe('Retriever.diversify', () => {
  const temp = tempFolder();
  let retriever: Retriever;
  beforeAll(async () => {
    const run = await compileTiny(temp, { sets: SETS });
    retriever = await Retriever.load(run, { encoder: letterEncoder, threads: 1 });
  });
  afterAll(() => retriever.close());

  const hits = ['blue-table', 'red-lamp', 'golden-lamp', 'green-boot', 'red-chair', 'green-tent'].map(
    (product, i) => ({ product, price: i }),
  );

  it.each(['auto', 'plain', 'hybrid', 'mmr', 'kmeans', 'vote', 'classifier', 'folm', 'diffusion'] as const)(
    'chooses by %s among the hits alone, as by a filter of their ids',
    async (method) => {
      const options = { id: (hit: (typeof hits)[number]) => hit.product, method, k: 4 };
      const found = await retriever.diversify('something light', hits, options);
      expect(found.hits).toHaveLength(4);
      expect(new Set(found.hits).size).toBe(4);
      for (const hit of found.hits) expect(hits).toContain(hit);
      expect(found.hits.map(({ product }) => product)).toEqual(found.items.map(({ id }) => id));
      expect(found.missing).toEqual([]);
      const filter = { field: 'id', op: 'in', value: hits.map(({ product }) => product) } as const;
      const { items } = await retriever.search('something light', { method, k: 4, filter });
      expect(found.items).toEqual(items);
    },
  );

  it('keeps to what else is asked, and tells which hits it does not know', async () => {
    const ids = ['blue-table', 'red-lamp', 'unheard-of', 'red-chair', 'red-lamp'];
    const found = await retriever.diversify('light', ids, { filter: 'color=red', exclude: ['red-chair'] });
    expect(found).toMatchObject({ hits: ['red-lamp'], missing: ['unheard-of'], passing: 1 });
    expect((await retriever.diversify('light', ids)).hits.sort()).toEqual([
      'blue-table',
      'red-chair',
      'red-lamp',
    ]);
    expect((await retriever.diversify('light', [])).hits).toEqual([]);
  });

  it('refuses hits without ids, and those of another catalog', async () => {
    await expect(retriever.diversify('light', [{ id: 'red-lamp' }, {}])).rejects.toThrow(
      'field "hits[1]": has no id; give `id`, which takes it from a hit',
    );
    await expect(retriever.diversify('light', [{ id: 7 }])).rejects.toThrow(
      'the catalog has none of these 1: ids here look like "red-chair", not "7"',
    );
  });
});
