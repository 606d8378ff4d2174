import { describe, expect, it } from 'vitest';
import { classify } from '../baselines/classifier.js';
import { itemSets } from '../baselines/itemSets.js';
import { popularItems } from '../baselines/popular.js';
import { rankByNeighbours } from '../baselines/vote.js';
import { dot, matrix, row } from '../matrix.js';
import { randomVectors, runtime } from '../policy/testing/scene.js';
import { compiledMemory } from './compiledMemory.js';
import { NEIGHBOURS, SetMemory } from './setMemory.js';
import { labelledQueries, remembered } from './testing/smallCatalog.js';

const ROWS = 50;
const training = labelledQueries(60, { rows: ROWS });
const sets = remembered(training);
const known = itemSets(training.references).items;
const memory = SetMemory.plain(sets);
const queries = randomVectors(5, 9);
const recalled = await memory.recall(queries);

/** Rows of catalog items in the order of the given scores, one a position, ties by row. */
const ordered = (scores: Float64Array) =>
  [...scores.keys()]
    .sort((a, b) => Math.fround(scores[b]) - Math.fround(scores[a]) || a - b)
    .map((position) => known[position]);

describe('SetMemory', () => {
  it('recalls of every item of a set what the classifier says', () => {
    const classifier = { smoother: sets.smoother, sets: itemSets(training.references) };
    recalled.forEach((said, q) => {
      const { items, scores } = classify(classifier, row(queries, q));
      expect(items).toHaveLength(known.length);
      items.forEach((item, r) => {
        expect(said.classifier[memory.positionOf(item)!]).toBeCloseTo(scores[r], 5);
      });
    });
  });

  it('expects a set where the means of training sets lie, weighed as the classifier weighs them', () => {
    const { catalog, smoother } = sets;
    recalled.forEach(({ center }, q) => {
      const sum = new Float64Array(catalog.cols);
      training.references.forEach((reference, i) => {
        const mean = new Float64Array(catalog.cols);
        for (const item of reference) for (const [j, x] of row(catalog, item).entries()) mean[j] += x;
        const x = Float32Array.of(...row(queries, q), 1);
        const weight = dot(row(smoother, i), x) / Math.hypot(...mean);
        for (const [j, value] of mean.entries()) sum[j] += weight * value;
      });
      sum.forEach((value, j) => {
        expect(center[j]).toBeCloseTo(value / Math.hypot(...sum), 5);
      });
    });
  });

  it('lets the nearest queries vote, by squared cosines, as shares of all votes', () => {
    recalled.forEach(({ votes }, q) => {
      const nearest = training.references
        .map((set, i) => ({ set, cosine: dot(row(training.vectors, i), row(queries, q)) }))
        .sort((a, b) => b.cosine - a.cosine);
      NEIGHBOURS.forEach((count, n) => {
        const voters = nearest.slice(0, count);
        const weight = (of: typeof voters) => of.reduce((sum, v) => sum + Math.max(0, v.cosine) ** 2, 0);
        known.forEach((item, position) => {
          const own = voters.filter(({ set }) => set.includes(item));
          expect(votes[n][position]).toBeCloseTo(weight(own) / weight(voters), 5);
        });
      });
    });
  });

  it('gives votes to those items that the baseline does', () => {
    recalled.forEach(({ votes }, q) => {
      NEIGHBOURS.slice(0, 2).forEach((count, n) => {
        const voted = [...known].filter((_, position) => votes[n][position] > 0);
        const expected = rankByNeighbours(row(queries, q), training, count);
        expect(voted).toEqual([...expected].sort((a, b) => a - b));
      });
    });
  });

  it('answers the same compiled as plain', async () => {
    const compiled = await compiledMemory(sets, runtime);
    (await compiled.recall(queries)).forEach(({ classifier, votes, center }, q) => {
      [classifier, ...votes, center].forEach((values, s) => {
        const expected = [recalled[q].classifier, ...recalled[q].votes, recalled[q].center][s];
        values.forEach((value, position) => {
          expect(value).toBeCloseTo(expected[position], 5);
        });
      });
    });
    expect(compiled.popular).toEqual(memory.popular);
    expect(compiled.logPopularity).toEqual(memory.logPopularity);
    await compiled.release();
    await compiled.release();
    await memory.release();
  });

  it('knows how popular items are', () => {
    expect(memory.popular).toEqual(popularItems(training.references).items);
    known.forEach((item, position) => {
      expect(memory.positionOf(item)).toBe(position);
      const count = training.references.filter((set) => set.includes(item)).length;
      expect(memory.logPopularity[position]).toBeCloseTo(Math.log((count + 1) / 60), 12);
    });
    expect(memory.leastLogPopularity).toBeCloseTo(Math.log(1 / 60), 12);
    expect(memory.positionOf(ROWS)).toBeUndefined();
  });

  it('names the best items by their rows', () => {
    const { classifier } = recalled[0];
    const best = (k: number) => [...memory.best(Float32Array.from(classifier), k)];
    expect(best(7)).toEqual(ordered(classifier).slice(0, 7));
    expect(best(1000)).toEqual(ordered(classifier));
    const mask = Uint8Array.from({ length: ROWS }, (_, row) => row % 2);
    const odd = ordered(classifier).filter((row) => row % 2 === 1);
    expect([...memory.best(Float32Array.from(classifier), 7, mask)]).toEqual(odd.slice(0, 7));
  });

  it('asks all where there are fewer queries than voters, and nobody who is turned away', async () => {
    const two = { vectors: matrix(2, 2, Float32Array.of(1, 0, 0.6, 0.8)), references: [[4, 7], [7]] };
    const small = SetMemory.plain(remembered(two));
    const asked = matrix(3, 2, Float32Array.of(1, 0, 0, 1, -1, 0));
    const [towards, aside, away] = await small.recall(asked);
    for (const votes of towards.votes) {
      expect(votes[0]).toBeCloseTo(1 / 1.36, 6);
      expect(votes[1]).toBeCloseTo(1, 6);
    }
    for (const votes of aside.votes) expect([...votes]).toEqual([0, 1]);
    for (const votes of away.votes) expect([...votes]).toEqual([0, 0]);
  });

  it('counts an item once a set', async () => {
    const once = remembered({ vectors: randomVectors(3, 1), references: [[1, 2], [2], [3]] });
    const twice = SetMemory.plain({ ...once, references: [[1, 2, 1], [2, 2], [3]] });
    const expected = SetMemory.plain(once);
    expect(twice.logPopularity).toEqual(expected.logPopularity);
    expect(await twice.recall(queries)).toEqual(await expected.recall(queries));
  });
});
