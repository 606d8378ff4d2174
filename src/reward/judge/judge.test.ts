import { describe, expect, it } from 'vitest';
import type { Item } from '../../catalog/item.js';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { R4tError } from '../../errors.js';
import { Bm25 } from '../../lexical/bm25.js';
import { matrix } from '../../matrix.js';
import { retrieveFanOuts } from '../../policy/fanOut.js';
import { letterWorld } from '../../policy/testing/world.js';
import { plainIndex } from '../../vectorIndex/testing/plainIndex.js';
import { relevanceReward } from '../relevanceReward.js';
import type { RewardResult } from '../reward.js';
import { hybridJudge } from './hybridJudge.js';
import { Judge, type JudgeFunction, type JudgeQuestion } from './judge.js';
import { openJudge } from './openJudge.js';

const temp = tempFolder();
const itemsOf = (texts: readonly string[]) =>
  texts.map((text, i): Item => ({ id: `${i}`, text, title: text, metadata: {} }));
const items = itemsOf(['tent', 'lamp', 'rope']);
const question = { query: 'camping', queryVector: Float32Array.of(1), items };

describe('a judge', () => {
  it('is asked once for each query and item', async () => {
    const asked: Pick<JudgeQuestion, 'query' | 'rows' | 'items'>[] = [];
    const judge = new Judge(async ({ query, rows, items }) => {
      asked.push({ query, rows, items });
      return rows.map((row) => row / 2);
    });
    expect([...(await judge.relevance({ ...question, rows: [2, 0, 2] }))]).toEqual([1, 0, 1]);
    expect([...(await judge.relevance({ ...question, rows: [1, 2] }))]).toEqual([0.5, 1]);
    await judge.relevance({ ...question, query: 'night', rows: [1] });
    expect(asked).toEqual([
      { query: 'camping', rows: [2, 0], items: [items[2], items[0]] },
      { query: 'camping', rows: [1], items: [items[1]] },
      { query: 'night', rows: [1], items: [items[1]] },
    ]);
  });

  it.each<[() => unknown, string]>([
    [
      () => [1.5, 0],
      'the judge returned 1.5 for the item "tent" and query "camping"; it must return one number',
    ],
    [() => [Number.NaN, 0], 'the judge returned NaN for the item "tent"'],
    [() => ['1', 0], 'the judge returned 1 for the item "tent"'],
    [() => [1], 'the judge returned 1 numbers for 2 items and query "camping"'],
    [() => undefined, 'the judge returned no list for 2 items'],
    [
      () => {
        throw new TypeError('no such field');
      },
      'the judge threw TypeError: no such field for query "camping"',
    ],
  ])('that is broken is told of', async (broken, message) => {
    const asked = new Judge(broken as JudgeFunction).relevance({ ...question, rows: [0, 1] });
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toThrow(R4tError);
  });

  it('may be a module', async () => {
    const path = temp.write(
      'judge.ts',
      'export default ({ items }) => items.map(({ title }) => (title === "lamp" ? 1 : 0));',
    );
    const options = {
      folder: temp.path(),
      vectors: matrix(3, 1),
      index: plainIndex(matrix(3, 1)),
      lexicon: () => Bm25.of(items),
      items,
      queries: [],
    };
    const judge = await openJudge({ kind: 'module', path }, options);
    expect([...(await judge.relevance({ ...question, rows: [0, 1] }))]).toEqual([0, 1]);
    const other = temp.write('other.ts', 'export default 3;');
    await expect(openJudge({ kind: 'module', path: other }, options)).rejects.toThrow(
      'is no function that judges items',
    );
  });

  it('judges the batch of fan-outs before it is scored', async () => {
    const world = await letterWorld();
    const vectors = await world.encoder.encode(['red tent']);
    const queries = { texts: ['red tent'], vectors };
    const subQueries = [world.items[0].text, world.items[1].text];
    const completion = { query: 0, subQueries, tokens: [], logProbs: [], entropies: [] };
    const completions = [completion] as unknown as Parameters<typeof retrieveFanOuts>[0];
    const judge = new Judge(({ rows }) => rows.map((row) => (row === 1 ? 1 : 0)));
    const [plain] = await retrieveFanOuts(completions, queries, world);
    expect(plain.relevance).toBeUndefined();
    const [judged] = await retrieveFanOuts(completions, queries, { ...world, judge });
    expect([...judged.retrieved]).toEqual([0, 1]);
    expect([...judged.relevance!]).toEqual([0, 1]);
    expect((relevanceReward()(judged) as RewardResult).reward).toBeCloseTo(1 / 4, 6);
  });
});

describe('the hybrid judge', () => {
  // Two hundred items around a right angle to the query, some of them near it.
  const angles = Array.from({ length: 200 }, (_, i) => Math.PI / 2 + 0.2 * Math.sin(i));
  const near = [0.2, 0.4, 0.7];
  near.forEach((angle, i) => {
    angles[i] = angle;
  });
  const vectors = matrix(200, 2, Float32Array.from(angles.flatMap((a) => [Math.cos(a), Math.sin(a)])));
  const texts = angles.map((_, i) => `thing ${i}`);
  const judge = (query: string, named: readonly [number, string][], queryVector = Float32Array.of(1, 0)) => {
    const all = texts.slice();
    for (const [row, text] of named) all[row] = text;
    const ask = hybridJudge({ vectors, index: plainIndex(vectors), lexicon: () => Bm25.of(itemsOf(all)) });
    return async (rows: readonly number[]) => Array.from(await ask({ query, queryVector, rows, items: [] }));
  };

  it('puts the best item at 1, and nothing above 0 that does not stand out', async () => {
    const relevance = await judge('music', [])([...angles.keys()]);
    expect(relevance[0]).toBe(1);
    expect(relevance[1]).toBeGreaterThan(relevance[2]);
    expect(relevance[2]).toBeGreaterThan(0);
    expect(Math.max(...relevance.slice(3))).toBe(0);
  });

  it('knows an item by the words of the query, but not one that lies away from it', async () => {
    const above = angles.findIndex((a, i) => i > 2 && a < Math.PI / 2 - 0.15);
    const below = angles.findIndex((a, i) => i > 2 && a > Math.PI / 2 + 0.15);
    const named: [number, string][] = [
      [above, 'night lamp'],
      [below, 'night lamp'],
    ];
    const [inside, outside, other] = await judge('night lamp', named)([above, below, 9]);
    expect(inside).toBeGreaterThan(0);
    expect(outside).toBe(0);
    expect(other).toBe(0);
  });

  it('goes by words alone where the encoder knows none of them', async () => {
    expect(await judge('qx-40', [[7, 'qx-40']], new Float32Array(2))([7, 0])).toEqual([1, 0]);
  });

  it('takes the spread of a large catalog from a sample, and its best from the index, asked once for all', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => angles[i % 200]);
    // Nearest of all, and not in the sample.
    many[1] = 0.1;
    const large = matrix(20_000, 2, Float32Array.from(many.flatMap((a) => [Math.cos(a), Math.sin(a)])));
    let searches = 0;
    const index = plainIndex(large);
    const counted: typeof index = {
      ...index,
      search(directions, options) {
        searches++;
        return index.search(directions, options);
      },
    };
    const ask = hybridJudge({ vectors: large, index: counted, lexicon: () => Bm25.of(itemsOf(texts)) });
    const questions = ['a', 'b'].map((query) => ({ query, queryVector: Float32Array.of(1, 0), items: [] }));
    const said = await Promise.all(questions.map((question) => ask({ ...question, rows: [1, 0, 2, 9] })));
    expect(searches).toBe(1);
    expect(said[0][0]).toBe(1);
    expect(said[0][1]).toBeLessThan(1);
    expect(said[0][1]).toBeGreaterThan(said[0][2]);
    expect(said[0][3]).toBe(0);
    expect(said[1]).toEqual(said[0]);
  });

  it('is asked for by a config without a judge of its own', async () => {
    const all = itemsOf(texts);
    const lexicon = () => Bm25.of(all);
    const index = plainIndex(vectors);
    const opened = await openJudge('hybrid', {
      folder: '.',
      vectors,
      index,
      lexicon,
      items: all,
      queries: [],
    });
    const rows = [0, 9];
    const said = await opened.relevance({
      query: 'a',
      queryVector: Float32Array.of(1, 0),
      rows,
      items: all,
    });
    expect([...said]).toEqual([1, 0]);
  });
});
