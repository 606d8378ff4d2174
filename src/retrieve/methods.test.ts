import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dppMap } from '../baselines/dpp.js';
import { mmr } from '../baselines/mmr.js';
import { concatRows, dot, gatherRows, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import {
  CANDIDATES,
  type MethodOptions,
  type RetrievedSet,
  type SearchSpace,
  searchDirections,
  searchDpp,
  searchMmr,
  searchPlain,
} from './methods.js';

const ITEMS = 130;
const DIM = 16;

function unitRows(rows: number, name: string): Matrix {
  return normalizeRows(
    matrix(rows, DIM, new CounterRandom(1, name).fillNormal(new Float32Array(rows * DIM))),
  );
}

const vectors = unitRows(ITEMS, 'items');
const queries = unitRows(3, 'queries');
let index: ExactIndex;
let space: SearchSpace;
beforeAll(async () => {
  index = await ExactIndex.create({ vectors, threads: 1 });
  space = { index, vectors };
});
afterAll(() => index.release());

/** Catalog rows nearest to a direction, by looking at all of them. */
function nearest(direction: Float32Array, mask?: Uint8Array): number[] {
  const cosines = Array.from({ length: ITEMS }, (_, i) => dot(direction, row(vectors, i)));
  return Array.from(cosines.keys())
    .filter((i) => mask?.[i] !== 0)
    .sort((a, b) => cosines[b] - cosines[a]);
}

const itemsOf = ({ assigned }: RetrievedSet): number[] => assigned.map(({ item }) => item);

/** Every method as a function of the query alone. */
const methods: Record<
  string,
  (space: SearchSpace, queries: Matrix, options: MethodOptions) => Promise<RetrievedSet[]>
> = {
  plain: searchPlain,
  mmr: (space, queries, options) => searchMmr(space, queries, { ...options, lambda: 0.3 }),
  dpp: (space, queries, options) => searchDpp(space, queries, { ...options, theta: 1 }),
  'a fan-out': (space, queries, options) => {
    const fanOuts = Array.from({ length: queries.rows }, (_, i) =>
      concatRows([rowRange(queries, i, i + 1), unitRows(3, 'directions')]),
    );
    return searchDirections(space, concatRows(fanOuts), 4, options);
  },
};

describe.each(Object.entries(methods))('%s', (_, search) => {
  it('returns distinct items with their cosines to the direction that brought them', async () => {
    for (const set of await search(space, queries, { k: 10 })) {
      expect(new Set(itemsOf(set)).size).toBe(10);
      for (const { direction, item, score, rank } of set.assigned) {
        const vector = row(set.directions, direction);
        expect(score).toBeCloseTo(dot(vector, row(vectors, item)), 5);
        expect(nearest(vector)[rank - 1]).toBe(item);
      }
    }
  });

  it('finds the same for a query alone and among others', async () => {
    const all = await search(space, queries, { k: 10 });
    const [alone] = await search(space, rowRange(queries, 2, 3), { k: 10 });
    expect(alone.assigned).toEqual(all[2].assigned);
  });

  it('keeps to the mask, and returns fewer where it leaves fewer than k', async () => {
    const mask = Uint8Array.from({ length: ITEMS }, (_, i) => Number(i % 20 === 0));
    for (const set of await search(space, queries, { k: 10, mask })) {
      expect(itemsOf(set).sort((a, b) => a - b)).toEqual([0, 20, 40, 60, 80, 100, 120]);
      for (const { direction, item, rank } of set.assigned)
        expect(nearest(row(set.directions, direction), mask)[rank - 1]).toBe(item);
    }
    const nothing = new Uint8Array(ITEMS);
    const empty = await search(space, queries, { k: 10, mask: nothing });
    expect(empty.map(itemsOf)).toEqual([[], [], []]);
  });

  it('returns the whole catalog where it has fewer than k items', async () => {
    const few = rowRange(vectors, 0, 4);
    const small = await ExactIndex.create({ vectors: few, threads: 1 });
    const [set] = await search({ index: small, vectors: few }, queries, { k: 10 });
    expect(itemsOf(set).sort()).toEqual([0, 1, 2, 3]);
    await small.release();
  });
});

it('plain search finds the nearest items in their order', async () => {
  const sets = await searchPlain(space, queries, { k: 7 });
  sets.forEach((set, i) => {
    expect(set.directions).toEqual(rowRange(queries, i, i + 1));
    expect(itemsOf(set)).toEqual(nearest(row(queries, i)).slice(0, 7));
    expect(set.assigned.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

it('MMR and DPP choose from the head of plain search only', async () => {
  const found = {
    mmr: await searchMmr(space, queries, { k: 5, lambda: 0.2 }),
    dpp: await searchDpp(space, queries, { k: 5, theta: 0.5 }),
  };
  for (let i = 0; i < queries.rows; i++) {
    const head = nearest(row(queries, i)).slice(0, CANDIDATES);
    const candidates = gatherRows(vectors, head);
    const relevance = head.map((item) => dot(row(queries, i), row(vectors, item)));
    const expected = {
      mmr: mmr({ candidates, relevance, k: 5, lambda: 0.2 }),
      dpp: dppMap({ candidates, relevance, k: 5, theta: 0.5 }),
    };
    for (const name of ['mmr', 'dpp'] as const)
      expect(itemsOf(found[name][i])).toEqual(Array.from(expected[name], (position) => head[position]));
  }
});

it('MMR and DPP are plain search at one end of their scale', async () => {
  const plain = (await searchPlain(space, queries, { k: 5 })).map(itemsOf);
  expect((await searchMmr(space, queries, { k: 5, lambda: 1 })).map(itemsOf)).toEqual(plain);
  expect((await searchDpp(space, queries, { k: 5, theta: 1e6 })).map(itemsOf)).toEqual(plain);
});

it('a fan-out with a direction on every item finds exactly these items', async () => {
  const wanted = [5, 17, 99, 128];
  const [set] = await searchDirections(space, gatherRows(vectors, wanted), 4, { k: 4 });
  expect(itemsOf(set).sort((a, b) => a - b)).toEqual(wanted);
  for (const { score, rank, direction, item } of set.assigned) {
    expect(score).toBeCloseTo(1, 5);
    expect(rank).toBe(1);
    expect(wanted[direction]).toBe(item);
  }
});

it('a fan-out of equal directions shares out their nearest items', async () => {
  const same = gatherRows(queries, [0, 0, 0]);
  const [set] = await searchDirections(space, same, 3, { k: 3 });
  expect(itemsOf(set)).toEqual(nearest(row(queries, 0)).slice(0, 3));
  expect(set.assigned.map(({ direction, rank }) => [direction, rank])).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
});
