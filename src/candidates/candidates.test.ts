import { describe, expect, it } from 'vitest';
import { classify } from '../baselines/classifier.js';
import { itemSets } from '../baselines/itemSets.js';
import { dot, row, rowRange } from '../matrix.js';
import { randomVectors, runtime } from '../policy/testing/scene.js';
import { CounterRandom } from '../random.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import {
  CANDIDATES,
  type Candidates,
  type CandidatesOptions,
  readCandidates,
  SOURCES,
  standardize,
  standardOf,
} from './candidates.js';
import { compiledMemory } from './compiledMemory.js';
import { checkStandard, rankerOf, readQueries } from './reader.js';
import { SetMemory } from './setMemory.js';
import { labelledQueries, remembered, smallCatalog } from './testing/smallCatalog.js';

const ITEMS = 500;
const training = labelledQueries(40, { rows: 120 });
const sets = remembered(training);
const memory = SetMemory.plain(sets);
const large = { ...smallCatalog(ITEMS), memory };
const queries = { texts: ['a map', 'tent boot mat', 'nothing of it'], vectors: randomVectors(3, 5) };

const itemsOf = ({ items, size }: Candidates, query: number) => [
  ...items.subarray(query * size, (query + 1) * size),
];

/** What a source says of a query's candidates, in their order. */
const said = ({ scores, size }: Candidates, source: (typeof SOURCES)[number], query = 0) =>
  Array.from(
    { length: size },
    (_, i) => scores[(query * size + i) * SOURCES.length + SOURCES.indexOf(source)],
  );

/** All rows by falling score, of equal ones the first. */
const ranked = (scores: ArrayLike<number>, rows: ArrayLike<number> = Array.from(scores, (_, i) => i)) =>
  [...Array(scores.length).keys()].sort((a, b) => scores[b] - scores[a] || a - b).map((i) => rows[i]);

/** What the sources would answer a query with, of the items that may be answered with. */
async function rankingsOf(
  query: number,
  { vectors, lexicon, memory: own }: CandidatesOptions,
  may: (item: number) => boolean = () => true,
  references = training.references,
): Promise<number[][]> {
  const vector = row(queries.vectors, query);
  const cosines = Array.from({ length: vectors.rows }, (_, i) => Math.fround(dot(row(vectors, i), vector)));
  const words = lexicon().scores(queries.texts[query]);
  const lexical = ranked(words).filter((item) => words[item] > 0 && may(item));
  const found = [ranked(cosines), lexical.slice(0, 200)];
  if (!own) return found.map((ranking) => ranking.filter(may));
  const known = itemSets(references).items;
  const [{ classifier, votes, center }] = await own.recall(rowRange(queries.vectors, query, query + 1));
  const around = Array.from({ length: vectors.rows }, (_, i) => Math.fround(dot(row(vectors, i), center)));
  const byMemory = [classifier, votes[2]].map((scores) => ranked(Float32Array.from(scores), known));
  return [...found, ranked(around), ...byMemory, [...own.popular]].map((ranking) => ranking.filter(may));
}

/** One of each ranking after another, what is taken already passed over. */
function byTurns(rankings: readonly number[][], size: number): number[] {
  const taken: number[] = [];
  while (taken.length < size) {
    for (const queue of rankings) {
      const next = queue.find((item) => !taken.includes(item));
      if (next !== undefined && taken.length < size) taken.push(next);
    }
  }
  return taken;
}

/** Finds three rows a direction, whatever is asked. */
const shortSighted = (index: VectorIndex): VectorIndex => ({
  ...index,
  async search(directions, { k, mask }) {
    const { indices, scores } = await index.search(directions, { k, mask });
    indices.forEach((_, i) => {
      if (i % k < 3) return;
      indices[i] = -1;
      scores[i] = Number.NEGATIVE_INFINITY;
    });
    return { indices, scores, k };
  },
});

describe('readCandidates', () => {
  it('takes the best of every source by turns', async () => {
    const found = await readCandidates(queries, large);
    expect(found.size).toBe(CANDIDATES);
    for (const q of queries.texts.keys())
      expect(itemsOf(found, q)).toEqual(byTurns(await rankingsOf(q, large), CANDIDATES));
  });

  it('takes turns of vectors and words where nothing is remembered', async () => {
    const unlabelled = { ...large, memory: undefined };
    const found = await readCandidates(queries, unlabelled);
    for (const q of queries.texts.keys())
      expect(itemsOf(found, q)).toEqual(byTurns(await rankingsOf(q, unlabelled), CANDIDATES));
  });

  it('takes only what the mask lets pass', async () => {
    const random = new CounterRandom(1, 'mask');
    const mask = Uint8Array.from({ length: ITEMS }, () => (random.uniform() < 0.7 ? 1 : 0));
    const found = await readCandidates(queries, large, { mask });
    expect(found.size).toBe(CANDIDATES);
    for (const q of queries.texts.keys()) {
      const rankings = await rankingsOf(q, large, (item) => mask[item] === 1);
      expect(itemsOf(found, q)).toEqual(byTurns(rankings, CANDIDATES));
    }
  });

  it('follows every source as far as a narrow mask asks', async () => {
    const wide = labelledQueries(400, { rows: 3000, each: 8 });
    const catalog = { ...smallCatalog(3000), memory: SetMemory.plain(remembered(wide)) };
    const mask = Uint8Array.from({ length: 3000 }, (_, i) => (i % 10 === 7 ? 1 : 0));
    const found = await readCandidates(queries, catalog, { mask });
    for (const q of queries.texts.keys()) {
      const rankings = await rankingsOf(q, catalog, (item) => mask[item] === 1, wide.references);
      expect(itemsOf(found, q)).toEqual(byTurns(rankings, CANDIDATES));
    }
  });

  it('takes all that pass where these are few', async () => {
    const mask = new Uint8Array(ITEMS);
    const few = [499, 3, 77, 130];
    for (const item of few) mask[item] = 1;
    const found = await readCandidates(queries, large, { mask });
    expect(found.size).toBe(4);
    for (const q of queries.texts.keys())
      expect(itemsOf(found, q).sort((a, b) => a - b)).toEqual([3, 77, 130, 499]);
    const none = await readCandidates(queries, large, { mask: new Uint8Array(ITEMS) });
    expect(none).toEqual({ size: 0, items: new Int32Array(), scores: new Float32Array() });
  });

  it('takes all of a catalog that is smaller', async () => {
    const found = await readCandidates(queries, { ...smallCatalog(130), memory });
    expect(found.size).toBe(130);
    for (const q of queries.texts.keys())
      expect(itemsOf(found, q).sort((a, b) => a - b)).toEqual([...Array(130).keys()]);
  });

  it('fills up in the order of rows where the index and the words find too little', async () => {
    const index = shortSighted(large.index);
    const unlabelled = { ...large, index, memory: undefined };
    const mask = new Uint8Array(ITEMS).fill(1);
    mask[0] = mask[2] = 0;
    for (const own of [undefined, mask]) {
      const found = await readCandidates(queries, unlabelled, { mask: own });
      expect(found.size).toBe(CANDIDATES);
      for (const q of queries.texts.keys()) {
        const may = (item: number) => own?.[item] !== 0;
        const [dense, lexical] = await rankingsOf(q, unlabelled, may);
        const seen = [dense.slice(0, 3), lexical];
        const chosen = byTurns(seen, Math.min(CANDIDATES, new Set(seen.flat()).size));
        const rest = [...Array(ITEMS).keys()].filter((item) => may(item) && !chosen.includes(item));
        expect(itemsOf(found, q)).toEqual([...chosen, ...rest].slice(0, CANDIDATES));
      }
      // Of 'nothing of it' no item has a word: all but three are filled up.
      expect(itemsOf(found, 2).slice(3, 9)).toEqual(
        [...Array(20).keys()]
          .filter((item) => own?.[item] !== 0 && !itemsOf(found, 2).slice(0, 3).includes(item))
          .slice(0, 6),
      );
    }
  });

  it('reads a query the same in any batch', async () => {
    const together = await readCandidates(queries, large);
    const alone = await readCandidates(
      { texts: [queries.texts[1]], vectors: rowRange(queries.vectors, 1, 2) },
      large,
    );
    expect(itemsOf(alone, 0)).toEqual(itemsOf(together, 1));
    for (const source of SOURCES) expect(said(alone, source)).toEqual(said(together, source, 1));
  });

  it('reads the same with a compiled memory', async () => {
    const compiled = await compiledMemory(sets, runtime);
    const [expected, found] = [
      await readCandidates(queries, large),
      await readCandidates(queries, { ...large, memory: compiled }),
    ];
    expect(found.items).toEqual(expected.items);
    found.scores.forEach((score, i) => {
      expect(score).toBeCloseTo(expected.scores[i], 4);
    });
    await compiled.release();
  });

  it('of no queries, or of no catalog, is nothing', async () => {
    const none = await readCandidates({ texts: [], vectors: randomVectors(0, 1) }, large);
    expect(none.items).toHaveLength(0);
    const empty = await readCandidates(queries, { ...smallCatalog(0), memory });
    expect(empty).toEqual({ size: 0, items: new Int32Array(), scores: new Float32Array() });
  });

  it('stops at an abort signal', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(readCandidates(queries, large, { signal })).rejects.toBe(reason);
  });
});

describe('scores', async () => {
  const found = await readCandidates(queries, large);
  const eachQuery = [...queries.texts.keys()];

  it('are the cosines', () => {
    for (const q of eachQuery)
      said(found, 'dense', q).forEach((score, i) => {
        const item = itemsOf(found, q)[i];
        expect(score).toBeCloseTo(dot(row(queries.vectors, q), row(large.vectors, item)), 6);
      });
  });

  it('are the words in common as shares of the best item, of the two hundred best', () => {
    let beyond = 0;
    for (const q of eachQuery) {
      const words = large.lexicon().scores(queries.texts[q]);
      const order = ranked(words);
      said(found, 'lexical', q).forEach((score, i) => {
        const item = itemsOf(found, q)[i];
        const counts = order.indexOf(item) < 200 && words[item] > 0;
        expect(score).toBeCloseTo(counts ? words[item] / words[order[0]] : 0, 6);
        if (!counts && words[item] > 0) beyond++;
      });
    }
    expect(beyond).toBeGreaterThan(0);
    expect(new Set(said(found, 'lexical', 2))).toEqual(new Set([0]));
  });

  it('are what the classifier says, also as a logarithm, where differences count from a hundredth on', () => {
    const classifier = { smoother: sets.smoother, sets: itemSets(training.references) };
    for (const q of eachQuery) {
      const { items, scores } = classify(classifier, row(queries.vectors, q));
      const of = new Map(Array.from(items, (item, r) => [item, scores[r]]));
      const logs = said(found, 'logClassifier', q);
      said(found, 'classifier', q).forEach((score, i) => {
        const expected = of.get(itemsOf(found, q)[i]) ?? 0;
        expect(score).toBeCloseTo(expected, 5);
        expect(logs[i]).toBeCloseTo(Math.log(0.01 + Math.max(0, expected)), 3);
      });
    }
  });

  it('are the votes of the nearest three, ten and thirty', () => {
    const shareOf = (q: number, count: number, item: number) => {
      const voters = training.references
        .map((set, i) => ({ set, cosine: dot(row(training.vectors, i), row(queries.vectors, q)) }))
        .sort((a, b) => b.cosine - a.cosine)
        .slice(0, count);
      const weight = (of: typeof voters) => of.reduce((sum, v) => sum + Math.max(0, v.cosine) ** 2, 0);
      return weight(voters.filter(({ set }) => set.includes(item))) / weight(voters);
    };
    for (const q of eachQuery)
      itemsOf(found, q).forEach((item, i) => {
        expect(said(found, 'votesOf3', q)[i]).toBeCloseTo(shareOf(q, 3, item), 5);
        expect(said(found, 'votesOf10', q)[i]).toBeCloseTo(shareOf(q, 10, item), 5);
        expect(said(found, 'logVotesOf30', q)[i]).toBeCloseTo(Math.log(0.01 + shareOf(q, 30, item)), 3);
      });
  });

  it('are the logarithm of how many sets have the item', () => {
    for (const q of eachQuery)
      said(found, 'logPopularity', q).forEach((score, i) => {
        const item = itemsOf(found, q)[i];
        const count = training.references.filter((set) => set.includes(item)).length;
        expect(score).toBeCloseTo(Math.log((count + 1) / 40), 5);
      });
    // Candidates that no set has are among them.
    expect(Math.max(...itemsOf(found, 0))).toBeGreaterThan(120);
  });

  it('are the cosines to where the set is expected', async () => {
    for (const q of eachQuery) {
      const [{ center }] = await memory.recall(rowRange(queries.vectors, q, q + 1));
      said(found, 'center', q).forEach((score, i) => {
        expect(score).toBeCloseTo(dot(row(large.vectors, itemsOf(found, q)[i]), center), 6);
      });
    }
  });

  it('say nothing by labels where there are none', async () => {
    const without = await readCandidates(queries, { ...large, memory: undefined });
    for (const source of SOURCES.slice(2))
      for (const q of eachQuery) expect(new Set(said(without, source, q))).toEqual(new Set([0]));
    expect(Math.max(...said(without, 'dense'))).toBeGreaterThan(0);
    expect(Math.max(...said(without, 'lexical'))).toBe(1);
  });
});

describe('standardize', () => {
  it('brings scores to mean 0 and deviation 1 by their own standard', async () => {
    const { scores } = await readCandidates(queries, large);
    const standard = standardOf(scores);
    const own = standardize(scores.slice(), standard);
    const { means, deviations } = standardOf(own);
    for (const mean of means) expect(mean).toBeCloseTo(0, 4);
    for (const deviation of deviations) expect(deviation).toBeCloseTo(1, 4);
    // Back again by hand.
    own.forEach((x, i) => {
      const source = i % SOURCES.length;
      expect(x * standard.deviations[source] + standard.means[source]).toBeCloseTo(scores[i], 4);
    });
  });

  it('leaves a source at 0 that says the same of all', () => {
    const scores = Float32Array.from({ length: 5 * SOURCES.length }, (_, i) => (i % SOURCES.length) / 7);
    const { means, deviations } = standardOf(scores);
    means.forEach((mean, source) => {
      expect(mean).toBeCloseTo(source / 7, 6);
    });
    for (const deviation of deviations) expect(deviation).toBeGreaterThan(0);
    for (const x of standardize(scores.slice(), { means, deviations }))
      expect(Math.abs(x)).toBeLessThan(1e-2);
  });
});

describe('readQueries', () => {
  it('reads candidates by the standard that a model knows', async () => {
    const mask = Uint8Array.from({ length: ITEMS }, (_, i) => i % 2);
    const found = await readCandidates(queries, large, { mask });
    const standard = { means: SOURCES.map((_, i) => i / 10), deviations: SOURCES.map((_, i) => 1 + i) };
    const read = await readQueries(queries, large, standard, { mask });
    expect(read).toEqual({
      vectors: queries.vectors,
      size: found.size,
      items: found.items,
      scores: found.scores.map((x, i) => (x - (i % SOURCES.length) / 10) / (1 + (i % SOURCES.length))),
    });
  });
});

it('refuses a model of other sources', () => {
  const standard = (length: number) => ({ means: Array(length).fill(0), deviations: Array(length).fill(1) });
  expect(() => checkStandard(standard(SOURCES.length), 'model.json')).not.toThrow();
  expect(() => checkStandard(standard(8), 'model.json')).toThrow(
    'model.json: reads 8 sources of a candidate, this r4t has 9; compile again with --force',
  );
});

describe('rankerOf', () => {
  it('knows models that rank candidates from those that do not', () => {
    const ranker = { kind: 'candidates' };
    expect(rankerOf(ranker)).toBe(ranker);
    for (const other of [undefined, {}, { kind: 'directions' }]) expect(rankerOf(other)).toBeUndefined();
  });
});
