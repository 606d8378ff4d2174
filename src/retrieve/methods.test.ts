import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dppMap, thetaOf } from '../baselines/dpp.js';
import { fitClassifier } from '../baselines/fitClassifier.js';
import { reciprocalRankFusion } from '../baselines/hybrid.js';
import { BY_RANKS, HEAD } from '../baselines/hybridHits.js';
import { mmr } from '../baselines/mmr.js';
import { SOURCES } from '../candidates/candidates.js';
import { type CandidateRanker, type RankCandidatesOptions, readQueries } from '../candidates/reader.js';
import { SetMemory } from '../candidates/setMemory.js';
import type { Item } from '../catalog/item.js';
import { openCandidateDiffusion } from '../diffusion/modelFiles.js';
import { randomModel, tinyConfig } from '../diffusion/testing/models.js';
import { RidgeSmoother, withConstant } from '../encode/ridgeSmoother.js';
import { initialize } from '../engine/index.js';
import { lexiconOf } from '../lexical/lexicon.js';
import { concatRows, dot, gatherRows, type Matrix, matrix, normalizeRows, row, rowRange } from '../matrix.js';
import { pointerGraph } from '../policy/pointer/model.js';
import { PointerPolicy } from '../policy/pointer/pointerPolicy.js';
import type { Policy } from '../policy/policy.js';
import { letterEncoder, letterWorld } from '../policy/testing/world.js';
import { CounterRandom } from '../random.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { fannedOutSets, withinFilter } from './fannedOut.js';
import { fanOutsOf, findSets, missingPart } from './findSets.js';
import type { FindOptions, MethodSpace, RetrievedSet, SearchDiffusion } from './method.js';
import { METHOD_NAMES, type Method } from './methodNames.js';
import { answerer } from './methods.js';

const ITEMS = 130;
const DIM = 16;
const COLORS = ['red', 'blue', 'green'];

function unitRows(rows: number, name: string): Matrix {
  return normalizeRows(
    matrix(rows, DIM, new CounterRandom(1, name).fillNormal(new Float32Array(rows * DIM))),
  );
}

const vectors = unitRows(ITEMS, 'items');
const queries = { texts: ['red 3', 'blue 40', 'green red 7'], vectors: unitRows(3, 'queries') };
const items = Array.from({ length: ITEMS }, (_, i): Item => {
  const title = `${COLORS[i % 3]} ${i}`;
  return { id: `${i}`, text: title, title, category: COLORS[i % 3], metadata: {} };
});
const encoder = {
  id: 'random',
  dim: DIM,
  encode: async (texts: readonly string[]) =>
    texts.length === 0 ? matrix(0, DIM) : concatRows(texts.map((text) => unitRows(1, text))),
};
const SUB_QUERIES = ['red', 'blue', 'green', 'red 9', 'red 8', 'blue 7', 'blue 6', 'red 5', 'red 4', 'red 3'];
/** Writes the same for every query. */
const policy: Policy = {
  k: 10,
  sample: async (options) =>
    options.queries.map((_, query) => ({
      query,
      subQueries: SUB_QUERIES,
      tokens: new Int32Array(),
      logProbs: new Float32Array(),
      entropies: new Float32Array(),
    })),
};
const diffusion: SearchDiffusion = {
  kind: 'directions',
  sample: async ({ conditions, rows }: { conditions: Matrix; rows: number }) =>
    concatRows(Array.from({ length: conditions.rows }, (_, q) => unitRows(rows, `set ${queries.texts[q]}`))),
};

let index: ExactIndex;
let space: MethodSpace;
/** The same with an adapter of the query and a classifier. */
let fitted: MethodSpace;
/** The same with a policy and a diffusion that rank candidates, both with random parameters. */
let ranking: MethodSpace;
const models: { release(): Promise<void> }[] = [];
beforeAll(async () => {
  index = await ExactIndex.create({ vectors, threads: 1 });
  const training = {
    texts: ['one', 'two', 'three'],
    vectors: unitRows(3, 'training'),
    references: [[1, 2], [2, 3, 4], []],
  };
  space = {
    items,
    vectors,
    index,
    encoder,
    subQueryEncoder: encoder,
    k: 10,
    lexicon: lexiconOf(items),
    aspects: () => (item) => items[item].category,
    training,
    policy,
    diffusion,
    settings: {},
    usual: 'plain',
  };
  fitted = {
    ...space,
    adapter: { weights: unitRows(DIM + 1, 'adapter'), strength: 0.5 },
    classifier: await fitClassifier({ ...training, k: 10, seed: 1 }),
  };
  const labelled = { vectors: rowRange(training.vectors, 0, 2), references: training.references.slice(0, 2) };
  const memory = SetMemory.plain({
    ...labelled,
    smoother: new RidgeSmoother(withConstant(labelled.vectors)).matrix(1),
    catalog: vectors,
  });
  const runtime = { threads: 1 };
  const network = randomModel(tinyConfig({ dimension: DIM }));
  const chosen = openCandidateDiffusion(network, { steps: 2, draws: 2 }, runtime);
  const config = { k: 10, sources: SOURCES.length };
  const pointer = await PointerPolicy.create({
    config,
    standard: network.config.standard!,
    parameters: initialize(pointerGraph(config).graph, 1),
    items,
    read: (asked, options) => readQueries(asked, { ...space, memory }, network.config.standard!, options),
    runtime,
  });
  models.push(chosen, pointer, index);
  ranking = { ...space, memory, policy: pointer, diffusion: chosen };
});
afterAll(async () => {
  for (const model of models) await model.release();
});

/** Catalog rows nearest to a direction, by looking at all of them. */
function nearest(direction: Float32Array, mask?: Uint8Array): number[] {
  const cosines = Array.from({ length: ITEMS }, (_, i) => dot(direction, row(vectors, i)));
  return Array.from(cosines.keys())
    .filter((i) => mask?.[i] !== 0)
    .sort((a, b) => cosines[b] - cosines[a]);
}

const itemsOf = ({ assigned }: RetrievedSet): number[] => assigned.map(({ item }) => item);
const find = (method: Method, options: Partial<FindOptions> = {}, from = space) =>
  findSets(from, method, queries, { k: 10, ...options });

describe.each([
  ...METHOD_NAMES.map((method) => ({
    name: method,
    method,
    from: () => (missingPart(space, method) === undefined ? space : fitted),
  })),
  ...(['folm', 'diffusion'] as const).map((method) => ({
    name: `${method} among candidates`,
    method,
    from: () => ranking,
  })),
])('$name', ({ method, from }) => {
  const findHere = (options: Partial<FindOptions> = {}) =>
    findSets(from(), method, queries, { k: 10, ...options });

  it('returns distinct items with their cosines to the direction that brought them', async () => {
    for (const set of await findHere()) {
      expect(new Set(itemsOf(set)).size).toBe(10);
      for (const { direction, item, score, rank } of set.assigned) {
        expect(score).toBeCloseTo(dot(row(set.directions, direction), row(vectors, item)), 5);
        expect(rank).toBeGreaterThanOrEqual(1);
      }
    }
  });

  it('finds the same for a query alone and among others', async () => {
    const all = await findHere();
    const second = { texts: queries.texts.slice(0, 1), vectors: rowRange(queries.vectors, 0, 1) };
    const [alone] = await findSets(from(), method, second, { k: 10 });
    expect(itemsOf(alone)).toEqual(itemsOf(all[0]));
  });

  it('keeps to the mask, and returns fewer where it leaves fewer than k', async () => {
    const mask = Uint8Array.from({ length: ITEMS }, (_, i) => Number(i % 20 === 0));
    for (const set of await findHere({ mask }))
      expect(itemsOf(set).sort((a, b) => a - b)).toEqual([0, 20, 40, 60, 80, 100, 120]);
    const empty = await findHere({ mask: new Uint8Array(ITEMS) });
    expect(empty.map(itemsOf)).toEqual([[], [], []]);
  });

  it('goes on where the set before ended', async () => {
    const first = (await findHere({ k: 10 })).map(itemsOf);
    const more = (await findHere({ k: 10, offset: 10 })).map(itemsOf);
    more.forEach((set, q) => {
      expect(new Set([...first[q], ...set]).size).toBe(20);
    });
  });

  it('gives at most so many items of a group', async () => {
    const groups = { of: Int32Array.from(items, (_, i) => i % 3), most: 2 };
    for (const set of await findHere({ groups })) {
      const counts = [0, 1, 2].map((group) => itemsOf(set).filter((i) => i % 3 === group).length);
      expect(counts).toEqual([2, 2, 2]);
    }
  });

  it('finds a whole budget, the set first where it is a ranking', async () => {
    for (const set of await findHere({ budget: 40 })) {
      expect(new Set(set.retrieved).size).toBe(40);
      if ('rank' in answerer(from(), method))
        expect([...(set.retrieved ?? [])].slice(0, 10)).toEqual(itemsOf(set));
    }
  });
});

it('plain search finds the nearest items in their order', async () => {
  const sets = await find('plain', { k: 7 });
  sets.forEach((set, i) => {
    expect(set.directions).toEqual(rowRange(queries.vectors, i, i + 1));
    expect(itemsOf(set)).toEqual(nearest(row(queries.vectors, i)).slice(0, 7));
    expect(set.assigned.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

it('MMR and DPP choose from the head of plain search only', async () => {
  const found = {
    mmr: await find('mmr', { k: 5, diversity: 0.8 }),
    dpp: await find('dpp', { k: 5, diversity: 0.5 }),
  };
  for (let i = 0; i < 3; i++) {
    const head = nearest(row(queries.vectors, i)).slice(0, HEAD);
    const candidates = gatherRows(vectors, head);
    const relevance = head.map((item) => dot(row(queries.vectors, i), row(vectors, item)));
    const expected = {
      mmr: mmr({ candidates, relevance, k: 5, lambda: 0.2 }),
      dpp: dppMap({ candidates, relevance, k: 5, theta: thetaOf(0.5) }),
    };
    for (const name of ['mmr', 'dpp'] as const)
      expect(itemsOf(found[name][i])).toEqual(Array.from(expected[name], (position) => head[position]));
  }
});

it('hybrid can go by ranks alone', async () => {
  const byRanks = { ...space, settings: { hybrid: BY_RANKS } };
  const found = (await findSets(byRanks, 'hybrid', queries, { k: 10 })).map(itemsOf);
  const dense = (await findSets(space, 'plain', queries, { k: HEAD })).map(itemsOf);
  const expected = queries.texts.map((text, q) => {
    const { items } = space.lexicon().search(text, { k: HEAD });
    return [...reciprocalRankFusion([items, dense[q]], { k: 10 }).items];
  });
  expect(found).toEqual(expected);
  expect(found).not.toEqual((await findSets(space, 'hybrid', queries, { k: 10 })).map(itemsOf));
});

it('MMR, DPP and hybrid are plain search at one end of their scale', async () => {
  const plain = (await find('plain')).map(itemsOf);
  for (const method of ['mmr', 'dpp'] as const)
    expect((await find(method, { diversity: 0 })).map(itemsOf)).toEqual(plain);
  const dense = { ...space, settings: { hybrid: 0 } };
  expect((await findSets(dense, 'hybrid', queries, { k: 10 })).map(itemsOf)).toEqual(plain);
});

it('a setting is what the request says, else what validation chose', async () => {
  const tuned = { ...space, settings: { mmr: 0.9 } };
  const asked = await findSets(tuned, 'mmr', queries, { k: 10, diversity: 0.2 });
  expect(asked.map(itemsOf)).toEqual((await find('mmr', { diversity: 0.2 })).map(itemsOf));
  const chosen = await findSets(tuned, 'mmr', queries, { k: 10 });
  expect(chosen.map(itemsOf)).toEqual((await find('mmr', { diversity: 0.9 })).map(itemsOf));
  expect(chosen.map(itemsOf)).not.toEqual(asked.map(itemsOf));
});

it('a group cap keeps the order and takes few of a category', async () => {
  const capped = { ...space, settings: { groupCap: 1 } };
  for (const [q, set] of (await findSets(capped, 'groupCap', queries, { k: 3 })).entries()) {
    const order = nearest(row(queries.vectors, q));
    const firsts = [0, 1, 2].map((color) => order.findIndex((item) => item % 3 === color));
    expect(itemsOf(set)).toEqual(firsts.sort((a, b) => a - b).map((place) => order[place]));
  }
});

it('labels: the commonest items, and the votes of the nearest training queries', async () => {
  expect(itemsOf((await find('popular', { k: 4 }))[0])).toEqual([2, 1, 3, 4]);
  const near = { ...queries, vectors: gatherRows(space.training!.vectors, [1, 1, 1]) };
  const one = { ...space, settings: { vote: 1 } };
  expect(itemsOf((await findSets(one, 'vote', near, { k: 3 }))[0])).toEqual([2, 3, 4]);
});

it.each(['folm', 'diffusion', 'keywords'] as const)(
  'directions of %s lean towards their own query as far as they are told',
  async (method) => {
    const world = await letterWorld();
    const texts = ['red tent', 'blue boot'];
    const own = { texts, vectors: await letterEncoder.encode(texts) };
    const drawn = await letterEncoder.encode(SUB_QUERIES.slice(0, 2));
    const letters: MethodSpace = {
      ...world,
      k: 2,
      lexicon: lexiconOf(world.items),
      aspects: () => () => undefined,
      policy,
      diffusion: { kind: 'directions', sample: async () => concatRows([drawn, drawn]) },
      settings: {},
      usual: 'plain',
    };
    const alone = await fanOutsOf(letters, method, own, { k: 2, diversity: 1 });
    const leaning = await fanOutsOf(letters, method, own, { k: 2, diversity: 0.7 });
    leaning?.forEach(({ directions }, q) => {
      for (let i = 0; i < directions.rows; i++) {
        const query = row(own.vectors, q);
        const sum = row(alone![q].directions, i).map((x, j) => 0.7 * x + 0.3 * query[j]);
        row(directions, i).forEach((x, j) => {
          expect(x).toBeCloseTo(sum[j] / Math.hypot(...sum), 5);
        });
      }
    });
  },
);

it('says what is missing', () => {
  const bare: MethodSpace = { ...space, training: undefined, policy: undefined, diffusion: undefined };
  const missing = METHOD_NAMES.filter((method) => missingPart(bare, method) !== undefined);
  expect(missing).toEqual([
    'nearestQueries',
    'adapter',
    'adapterMmr',
    'popular',
    'vote',
    'classifier',
    'folm',
    'diffusion',
  ]);
});

describe('a model that ranks candidates', () => {
  /** Likes items by a number of theirs, and ranks no more than 40 of a query's candidates. */
  const liking = (item: number) => (37 * item) % ITEMS;
  function ranker(): { asked: RankCandidatesOptions[]; model: CandidateRanker } {
    const asked: RankCandidatesOptions[] = [];
    const model: CandidateRanker = {
      kind: 'candidates',
      standard: { means: SOURCES.map(() => 0), deviations: SOURCES.map(() => 1) },
      async rank(options) {
        asked.push(options);
        const { read, depth } = options;
        return Array.from({ length: read.vectors.rows }, (_, q) =>
          read.items
            .slice(q * read.size, (q + 1) * read.size)
            .sort((a, b) => liking(a) - liking(b))
            .subarray(0, Math.min(40, depth)),
        );
      },
    };
    return { asked, model };
  }
  const best = Array.from({ length: ITEMS }, (_, i) => i).sort((a, b) => liking(a) - liking(b));

  it('is answered with as it ranks, beside one that draws directions', async () => {
    const { model } = ranker();
    const own: MethodSpace = { ...space, diffusion: model };
    for (const [q, set] of (await findSets(own, 'diffusion', queries, { k: 10 })).entries()) {
      expect(itemsOf(set)).toEqual(best.slice(0, 10));
      expect(set.directions).toEqual(rowRange(queries.vectors, q, q + 1));
      expect(set.subQueries).toBeUndefined();
      expect(set.assigned.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
    expect((await find('folm', {}, own)).map(itemsOf)).toEqual((await find('folm')).map(itemsOf));
    expect(await fanOutsOf(own, 'diffusion', queries, { k: 10 })).toBeUndefined();
    expect(await fanOutsOf(own, 'folm', queries, { k: 10 })).toHaveLength(3);
  });

  it('is answered with after what was given for the very query', async () => {
    const texts = [...space.training!.texts];
    texts[2] = 'Blue 40';
    const own: MethodSpace = {
      ...space,
      diffusion: ranker().model,
      training: { ...space.training!, texts, references: space.training!.references.with(2, [90, 20]) },
    };
    const given = [90, 20].sort((a, b) => liking(a) - liking(b));
    const [first, second] = (await find('diffusion', {}, own)).map(itemsOf);
    expect(first).toEqual(best.slice(0, 10));
    expect(second).toEqual([...given, ...best.filter((item) => !given.includes(item))].slice(0, 10));
  });

  it('is asked for the set of the request, of no more items than it has learnt to choose', async () => {
    const { model, asked } = ranker();
    const own: MethodSpace = { ...space, diffusion: model };
    const signal = new AbortController().signal;
    await find('diffusion', { k: 4, steps: 3, seed: 7, signal }, own);
    await find('diffusion', { k: 25 }, own);
    expect(asked[0]).toMatchObject({ rows: 4, depth: 4, steps: 3, seed: 7, streams: queries.texts, signal });
    expect(asked[1]).toMatchObject({ rows: 10, depth: 25 });
    const { read } = asked[0];
    expect([read.size, read.vectors]).toEqual([ITEMS, queries.vectors]);
  });

  it('is given candidates that pass a filter alone', async () => {
    const { model, asked } = ranker();
    const mask = Uint8Array.from({ length: ITEMS }, (_, i) => Number(i % 3 === 1));
    const passes = best.filter((i) => mask[i] === 1);
    for (const set of await find('diffusion', { mask, filtered: true }, { ...space, diffusion: model }))
      expect(itemsOf(set)).toEqual(passes.slice(0, 10));
    expect(new Set(asked[0].read.items)).toEqual(new Set(passes));
  });

  it('is followed by plain search where it ranks too few', async () => {
    const { model } = ranker();
    const sets = await find('diffusion', { budget: 100 }, { ...space, diffusion: model });
    for (const [q, { retrieved }] of sets.entries()) {
      const chosen = best.slice(0, 40);
      const rest = nearest(row(queries.vectors, q)).filter((item) => !chosen.includes(item));
      expect([...(retrieved ?? [])]).toEqual([...chosen, ...rest.slice(0, 60)]);
    }
  });

  it('says how little of a kind may come again: what a request leaves of its chance', async () => {
    const { model, asked } = ranker();
    const own: MethodSpace = { ...space, diffusion: model, settings: { diffusion: 0.2 } };
    const repeats = async (options: Partial<FindOptions>) => {
      asked.length = 0;
      await find('diffusion', { k: 5, ...options }, own);
      return asked[0].repeats;
    };
    expect((await repeats({ diversity: 0.9 }))?.keep).toBeCloseTo(0.1);
    // What validation chose, where nobody says.
    expect((await repeats({}))?.keep).toBeCloseTo(0.8);
    expect(await repeats({ diversity: 0 })).toBeUndefined();
    const { aspectOf } = (await repeats({}))!;
    expect(items.map((_, i) => aspectOf(i))).toEqual(items.map(({ category }) => category));
  });

  it('is followed by turns from its own ranking and the one that is to follow', async () => {
    const { model } = ranker();
    const own: MethodSpace = { ...space, diffusion: model, rest: { method: 'bm25', byTurns: true } };
    const depth = 30;
    const alone = await find('diffusion', { budget: depth }, { ...own, rest: undefined });
    const words = await find('bm25', { budget: depth }, own);
    const sets = await find('diffusion', { budget: depth }, own);
    for (const [q, { retrieved = [] }] of sets.entries()) {
      const [first, second] = [[...alone[q].retrieved!].slice(10), [...words[q].retrieved!]];
      const turns = first.flatMap((item, i) => [item, second[i]]);
      const expected = [...new Set([...best.slice(0, 10), ...turns, ...second])].slice(0, depth);
      expect([...retrieved]).toEqual(expected);
    }
  });

  it('is followed by the ranking that is to follow at once, where that was better', async () => {
    const { model } = ranker();
    const own: MethodSpace = { ...space, diffusion: model, rest: { method: 'plain', byTurns: false } };
    const sets = await find('diffusion', { budget: 30 }, own);
    for (const [q, { retrieved = [] }] of sets.entries()) {
      const near = nearest(row(queries.vectors, q));
      expect([...retrieved]).toEqual([...new Set([...best.slice(0, 10), ...near])].slice(0, 30));
    }
  });

  it('is not led by what was chosen for a model of directions, nor the other way round', async () => {
    const { model } = ranker();
    const settings = { diffusion: 0.5, folm: 0 };
    const own: MethodSpace = { ...space, diffusion: model, settings };
    expect((await find('diffusion', {}, own)).map(itemsOf)).toEqual(
      queries.texts.map(() => best.slice(0, 10)),
    );
    // At 0 its directions would all be the query.
    expect((await find('folm', {}, own)).map(itemsOf)).toEqual((await find('folm')).map(itemsOf));
  });
});

describe('withinFilter', () => {
  it('gives the place of a direction that leads to nothing that passes to the query', async () => {
    const query = row(queries.vectors, 0);
    const order = nearest(query);
    // What passes: the query's five nearest items, and one that lies far off.
    const far = order[ITEMS - 1];
    const mask = Uint8Array.from(items, (_, i) => Number(order.indexOf(i) < 5 || i === far));
    const passes = order.filter((i) => mask[i] === 1);
    const best = (i: number) => Math.max(...passes.map((j) => dot(row(vectors, i), row(vectors, j))));
    const lost = order.reduce((a, b) => (best(b) < best(a) ? b : a));
    expect(best(lost)).toBeLessThan(dot(query, row(vectors, order[1])));
    const fanOut = { directions: gatherRows(vectors, [far, lost]), subQueries: ['far', 'lost'] };
    const one = { texts: queries.texts.slice(0, 1), vectors: rowRange(queries.vectors, 0, 1) };
    const [within] = await withinFilter(space, [fanOut], one, { k: 2, mask });
    expect([...row(within.directions, 0)]).toEqual([...row(vectors, far)]);
    expect([...row(within.directions, 1)]).toEqual([...query]);
    expect(within.subQueries).toEqual(['far', queries.texts[0]]);
    const [set] = await fannedOutSets(space, [within], { k: 2, mask });
    expect(new Set(itemsOf(set))).toEqual(new Set([far, order[0]]));
  });

  it('changes nothing where every direction finds something near', async () => {
    const mask = new Uint8Array(ITEMS).fill(1);
    const fanOut = { directions: gatherRows(vectors, [3, 4]) };
    const one = { texts: queries.texts.slice(0, 1), vectors: rowRange(queries.vectors, 0, 1) };
    expect(await withinFilter(space, [fanOut], one, { k: 2, mask })).toEqual([fanOut]);
  });
});

describe('fannedOutSets', () => {
  it('with a direction on every item finds exactly these items', async () => {
    const wanted = [5, 17, 99, 128];
    const [set] = await fannedOutSets(space, [{ directions: gatherRows(vectors, wanted) }], { k: 4 });
    expect(itemsOf(set).sort((a, b) => a - b)).toEqual(wanted);
    for (const { score, rank, direction, item } of set.assigned) {
      expect(score).toBeCloseTo(1, 5);
      expect(rank).toBe(1);
      expect(wanted[direction]).toBe(item);
    }
  });

  it('shares out the nearest items of equal directions', async () => {
    const same = gatherRows(queries.vectors, [0, 0, 0]);
    const [set] = await fannedOutSets(space, [{ directions: same }], { k: 3 });
    expect(itemsOf(set)).toEqual(nearest(row(queries.vectors, 0)).slice(0, 3));
    expect(set.assigned.map(({ direction, rank }) => [direction, rank])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('takes fan-outs of different sizes', async () => {
    const fanOuts = [1, 4].map((n) => ({ directions: unitRows(n, `fan-out ${n}`) }));
    const sets = await fannedOutSets(space, fanOuts, { k: 6, budget: 20 });
    for (const [i, fanOut] of fanOuts.entries()) {
      const [alone] = await fannedOutSets(space, [fanOut], { k: 6, budget: 20 });
      expect(sets[i]).toEqual(alone);
    }
  });
});
