import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Item, Split } from '../catalog/item.js';
import { splitOf } from '../catalog/split.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { Progress } from '../progress.js';
import { ChatError } from './chatError.js';
import { itemTasks, type QueryTask, setTasks } from './queryTasks.js';
import { type StubChat, type StubReply, type StubRequest, stubChat } from './testing/stubChat.js';
import { type WriteQueriesOptions, writeQueries } from './writeQueries.js';

const temp = tempFolder();
let stub: StubChat;
let reply: (request: StubRequest, index: number) => StubReply | undefined;
let files = 0;

/** Writes `<first word of each title> look`. */
const answer = ({ body }: StubRequest): string => {
  const words = Array.from(body.messages[1].content.matchAll(/^- "(\w+)/gm), ([, word]) => word);
  return JSON.stringify({ queries: words.map((word) => `${word} look`) });
};

beforeEach(async () => {
  reply = () => undefined;
  stub = await stubChat((request, index) => reply(request, index) ?? answer(request));
});
afterEach(() => stub.close());

const write = (tasks: readonly QueryTask[], options: Partial<WriteQueriesOptions> = {}) =>
  writeQueries(tasks, { endpoint: { baseUrl: stub.baseUrl, model: 'm' }, ...options });
const task = (words: string, split?: Split, items: readonly number[] = []): QueryTask => ({
  titles: words.split(' ').map((word) => `${word} thing`),
  items,
  ...(split && { split }),
});

describe('writeQueries', () => {
  it('gives each query the items and split of its list', async () => {
    const tasks = [task('boho lace', 'test', [3, 4]), task('camping fire', undefined)];
    const { queries, unanswered } = await write(tasks, { queriesPerList: 1 });
    expect(queries).toEqual([
      { query: 'boho look', items: [3, 4], split: 'test' },
      { query: 'camping look', items: [], split: splitOf('camping look') },
    ]);
    expect(unanswered).toBe(0);
    expect(stub.requests[0].body.messages[1].content).toContain('Write 1 query.');
  });

  it('keeps queries of the same words once, and none that is known', async () => {
    const queries = ['look of the lace', 'The Lace Look', 'lace look', 'fire look'];
    reply = () => JSON.stringify({ queries });
    const tasks = [task('a', 'train', [1, 2]), task('b', 'test', [3, 4])];
    const written = await write(tasks, { queriesPerList: 4 });
    expect(written.queries).toHaveLength(2);
    const fewer = await write(tasks, { queriesPerList: 4, known: ['look, fire!'] });
    expect(fewer.queries.map(({ query }) => query)).not.toContain('fire look');
  });

  it('puts neither words nor sets on both sides of a split', async () => {
    const word = fc.constantFrom('lace', 'boho', 'fire', 'rain', 'gold');
    const split = fc.constantFrom<Split>('train', 'valid', 'test');
    const some = fc.array(fc.tuple(fc.array(word, { minLength: 1, maxLength: 3 }), split, fc.nat(3)), {
      maxLength: 8,
    });
    const property = fc.asyncProperty(some, fc.nat(), async (lists, seed) => {
      const tasks = lists.map(([words, split, set]) => task(words.join(' '), split, [set, set + 1]));
      const { queries } = await write(tasks, { seed, queriesPerList: 3 });
      expect(new Set(queries.map(({ query }) => query)).size).toBe(queries.length);
      const splits = new Map<number, Split>();
      for (const { items, split } of queries) {
        expect(splits.get(items[0]) ?? split).toBe(split);
        splits.set(items[0], split);
      }
    });
    await fc.assert(property, { numRuns: 10 });
  });

  it('shows the model what is wrong, and passes over lists it cannot answer', async () => {
    reply = ({ body }, index) =>
      index === 0 || body.messages[1].content.includes('rain') ? 'Sure!' : undefined;
    const { queries, unanswered } = await write([task('lace'), task('rain')], { concurrency: 1 });
    expect(queries.map(({ query }) => query)).toEqual(['lace look']);
    expect(unanswered).toBe(1);
    expect(stub.requests).toHaveLength(2 + 3);
    expect(stub.requests[1].body.messages.at(-1)?.content).toContain('no JSON object was found');
  });

  it('goes on where it was stopped, and asks nothing twice', async () => {
    const tasks = ['lace', 'boho', 'fire', 'rain', 'gold', 'lace'].map((word) => task(word));
    const expected = await write(tasks);
    const asked = stub.requests.length;
    expect(asked).toBe(5);

    const cacheFile = temp.path(`answers-${files++}.jsonl`);
    const controller = new AbortController();
    const onProgress = ({ done }: Progress) => {
      if (done === 2) controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    await expect(write(tasks, { cacheFile, signal, onProgress, concurrency: 1 })).rejects.toThrow('enough');
    expect(stub.requests.length - asked).toBe(2);
    reply = (_, index) => (index === asked + 3 ? { status: 401 } : undefined);
    await expect(write(tasks, { cacheFile, concurrency: 1 })).rejects.toBeInstanceOf(ChatError);
    const reports: Progress[] = [];
    expect(await write(tasks, { cacheFile, onProgress: (report) => reports.push(report) })).toEqual(expected);
    expect(reports.map(({ done, total }) => `${done}/${total}`)).toEqual(['1/2', '2/2']);
    await write(tasks, { cacheFile });
    expect(stub.requests.length - asked).toBe(2 + 2 + 2);
  });
});

describe('tasks', () => {
  const items: Item[] = Array.from({ length: 60 }, (_, i) => {
    const category = ['tops', 'shoes', undefined, 'rare'][i === 0 ? 3 : i % 3];
    return { id: `${i}`, text: `t${i}`, title: `t${i}`, ...(category && { category }), metadata: {} };
  });

  it('of a catalog are lists of one category each, of all categories first', () => {
    const tasks = itemTasks(items, 4, 1);
    expect(tasks).toHaveLength(4);
    const categories = tasks.map(({ titles, items: rows }) => {
      expect(rows).toEqual([]);
      expect(titles.length).toBeGreaterThanOrEqual(3);
      expect(titles.length).toBeLessThanOrEqual(12);
      const kinds = new Set(titles.map((title) => items[Number(title.slice(1))].category));
      expect(kinds.size).toBe(1);
      return [...kinds][0];
    });
    expect(new Set(categories.slice(0, 3))).toEqual(new Set(['tops', 'shoes', undefined]));
    const all = itemTasks(items, 100).flatMap(({ titles }) => titles);
    expect(new Set(all).size).toBe(all.length);
    expect(itemTasks(items, 100, 2)).toEqual(itemTasks(items, 100, 2));
  });

  it('of sets are all sets, or a random choice in their order', () => {
    const sets = Array.from({ length: 9 }, (_, i) => ({
      items: [i, i + 10],
      split: 'train' as const,
      title: `s${i}`,
    }));
    expect(setTasks(items, sets)[8]).toEqual({
      titles: ['t8', 't18'],
      name: 's8',
      items: [8, 18],
      split: 'train',
    });
    const chosen = setTasks(items, sets, 4, 7).map(({ name }) => name);
    expect(chosen).toHaveLength(4);
    expect(chosen).toEqual(chosen.toSorted());
  });
});
