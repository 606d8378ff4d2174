import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readQueries } from '../candidates/reader.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { QueryBatch } from '../environment.js';
import { Bm25 } from '../lexical/bm25.js';
import { gatherRows, matrix } from '../matrix.js';
import { standard, tinyPointer } from '../policy/pointer/testing/tinyPointer.js';
import type { Policy } from '../policy/policy.js';
import { TEXTS } from '../policy/testing/scene.js';
import { letterEncoder, letterWorld } from '../policy/testing/world.js';
import { CounterRandom } from '../random.js';
import type { RewardFunction } from '../reward/reward.js';
import { readShard, shardFile, writeShard } from './shard.js';
import { readSets, type SynthesizeOptions, synthesize } from './synthesize.js';

const K = 3;
const SAMPLES = 2;
const temp = tempFolder();
const world = await letterWorld();

/** Writes names of items, drawn by the query's stream; notes the queries of every call. */
function namingPolicy(): Policy & { readonly asked: string[][] } {
  const asked: string[][] = [];
  return {
    k: K,
    asked,
    async sample({ queries, samplesPerQuery = 1, seed, streams }) {
      asked.push([...queries]);
      return queries.flatMap((_, query) =>
        Array.from({ length: samplesPerQuery }, (_, sample) => {
          const random = new CounterRandom(seed, streams?.[query] ?? query, sample);
          return {
            query,
            subQueries: Array.from({ length: K }, () => TEXTS[random.integer(TEXTS.length)]),
            tokens: new Int32Array(),
            logProbs: new Float32Array(),
            entropies: new Float32Array(),
          };
        }),
      );
    },
  };
}

async function queryBatch(texts: readonly string[]): Promise<QueryBatch> {
  return { texts, vectors: await letterEncoder.encode(texts), references: texts.map((_, i) => [i]) };
}

/** Two shards: 64 queries and 6. */
const queries = await queryBatch(Array.from({ length: 70 }, (_, i) => `query ${i}`));

/** Share of distinct items. */
const distinct: RewardFunction = ({ retrieved }) => new Set(retrieved).size / retrieved.length;

let folders = 0;
const options = (changes: Partial<SynthesizeOptions> = {}): SynthesizeOptions => ({
  policy: namingPolicy(),
  world,
  queries,
  reward: distinct,
  rows: 'items',
  samplesPerQuery: SAMPLES,
  temperature: 0.9,
  topP: 1,
  seed: 1,
  folder: temp.path(`${folders++}`),
  ...changes,
});

const filesOf = (folder: string): Record<string, Buffer> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`)]));

const read = (folder: string, rewardQuantile?: number) =>
  readSets({ folder, queries: queries.texts.length, vectors: world.vectors, rewardQuantile });

/** What the policy wrote for every set, in the order of the sets. */
async function subQueries({ seed }: { readonly seed: number }): Promise<string[][]> {
  const streams = queries.texts.map((text) => `synthesis/${text}`);
  const request = {
    queries: queries.texts,
    vectors: queries.vectors,
    samplesPerQuery: SAMPLES,
    seed,
    streams,
  };
  return (await namingPolicy().sample(request)).map((c) => [...c.subQueries]);
}

describe('synthesize', () => {
  it('makes n sets a query, numbered by their query', async () => {
    const own = options();
    await synthesize(own);
    const sets = await read(own.folder);
    expect([...sets.queryOf]).toEqual(queries.texts.flatMap((_, i) => Array(SAMPLES).fill(i)));
    expect(sets.rows).toHaveLength(70 * SAMPLES * K);
    expect(readdirSync(own.folder)).toEqual([
      'files.json',
      'shard-00000.safetensors',
      'shard-00001.safetensors',
    ]);
  });

  it('stores for open-ended retrieval the rows of the items which the sub-queries retrieved', async () => {
    const own = options();
    await synthesize(own);
    const { rows, rewards, table } = await read(own.folder);
    expect(table).toBe(world.vectors);
    const texts = await subQueries(own);
    const directions = await letterEncoder.encode(texts.flat());
    expect(rows).toEqual((await world.index.search(directions, { k: 1 })).indices);
    const expected = texts.map((_, i) => new Set(rows.subarray(i * K, (i + 1) * K)).size / K);
    expect(rewards).toEqual(Float32Array.from(expected));
  });

  it('stores for reference sets the sub-query embeddings, each once a shard, and reads shards as one', async () => {
    const own = options({ rows: 'sub-queries' });
    await synthesize(own);
    const texts = await subQueries(own);
    const [first, second] = [64 * SAMPLES, 70 * SAMPLES].map((end, i) =>
      texts.slice(i * 64 * SAMPLES, end).flat(),
    );
    const shards = [await readShard(shardFile(own.folder, 0)), await readShard(shardFile(own.folder, 1))];
    expect(shards.map(({ table }) => table?.rows)).toEqual([new Set(first).size, new Set(second).size]);
    const { rows, table } = await read(own.folder);
    expect(gatherRows(table, rows)).toEqual(await letterEncoder.encode([...first, ...second]));
  });

  it('hands references and what the budget buys to the reward', async () => {
    const seen: number[][] = [];
    const reward: RewardFunction = ({ reference, withinBudget }) =>
      seen.push([...reference, withinBudget.length]);
    await synthesize(options({ reward, budget: 4 }));
    expect(seen).toEqual(queries.texts.flatMap((_, i) => Array(SAMPLES).fill([i, 4])));
  });

  it('makes nothing anew, and a lost shard again to the last bit', async () => {
    const own = options();
    await synthesize(own);
    const before = filesOf(own.folder);

    const second = namingPolicy();
    const done: number[] = [];
    await synthesize({ ...own, policy: second, onProgress: (p) => done.push(p.done) });
    expect(second.asked).toEqual([]);
    expect(done).toEqual([64, 70]);

    rmSync(shardFile(own.folder, 1));
    const third = namingPolicy();
    await synthesize({ ...own, policy: third });
    expect(third.asked).toEqual([queries.texts.slice(64)]);
    expect(filesOf(own.folder)).toEqual(before);
  });

  it('samples a query the same whatever the other queries are', async () => {
    const catalog = { ...world, lexicon: () => Bm25.of(world.items) };
    const policy = await tinyPointer({
      items: world.items,
      read: (queries, options) => readQueries(queries, catalog, standard, options),
    });
    const texts = ['red tent', 'a lamp for the golden table', 'boots'];
    const setsOf = async (batch: readonly string[]) => {
      const own = options({ policy, queries: await queryBatch(batch) });
      await synthesize(own);
      const { rows } = await readShard(shardFile(own.folder, 0));
      const perQuery = SAMPLES * K;
      return new Map(batch.map((text, i) => [text, rows.slice(i * perQuery, (i + 1) * perQuery)]));
    };
    const together = await setsOf(texts);
    const reordered = await setsOf([texts[2], texts[0]]);
    expect(reordered.get('boots')).toEqual(together.get('boots'));
    expect(reordered.get('red tent')).toEqual(together.get('red tent'));
    expect((await setsOf([texts[1]])).get(texts[1])).toEqual(together.get(texts[1]));
    await policy.release();
  });

  it('leaves whole shards only when it is stopped, and goes on from there', async () => {
    const whole = options();
    await synthesize(whole);
    const own = options();
    const controller = new AbortController();
    const reason = new Error('stopped');
    const onProgress = () => controller.abort(reason);
    await expect(synthesize({ ...own, signal: controller.signal, onProgress })).rejects.toBe(reason);
    expect(readdirSync(own.folder)).toEqual(['files.json', 'shard-00000.safetensors']);
    await synthesize(own);
    expect(filesOf(own.folder)).toEqual(filesOf(whole.folder));
  });

  it('makes a deleted shard again, and does not go on from a damaged one', async () => {
    const whole = options();
    await synthesize(whole);
    const before = filesOf(whole.folder);
    const shard = shardFile(whole.folder, 0);
    rmSync(shard);
    await synthesize(whole);
    expect(filesOf(whole.folder)).toEqual(before);
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(shard, bytes);
    await expect(synthesize(whole)).rejects.toThrow(
      `${shard}: holds other bytes than were written (SHA-256); delete the folder ${whole.folder}`,
    );
  });

  it('leaves no shard behind when the policy fails in the middle', async () => {
    const own = options();
    const broken: Policy = { k: K, sample: () => Promise.reject(new Error('out of memory')) };
    await expect(synthesize({ ...own, policy: broken })).rejects.toThrow('out of memory');
    expect(existsSync(own.folder)).toBe(false);
  });
});

describe('readSets', () => {
  /** Sets of one row in a shard; set i earned `rewards[i]` and answers query `queryOf(i)`. */
  async function stored(rewards: readonly number[], queryOf = (_set: number) => 0): Promise<string> {
    const folder = temp.path(`${folders++}`);
    const numbers = Int32Array.from(rewards.keys());
    await writeShard(shardFile(folder, 0), {
      queryOf: numbers.map(queryOf),
      rows: numbers,
      rewards: Float32Array.from(rewards),
    });
    return folder;
  }
  const vectors = matrix(10, 1);
  const kept = async (rewards: readonly number[], rewardQuantile: number) => {
    const sets = await readSets({ folder: await stored(rewards), queries: 1, vectors, rewardQuantile });
    expect(sets.queryOf).toEqual(new Int32Array(sets.rows.length));
    expect([...sets.rewards]).toEqual(Array.from(sets.rows, (i) => Math.fround(rewards[i])));
    return [...sets.rows];
  };
  const rewards = [0.3, 0.9, 0.1, 0.7, 0.5, 0.2, 0.8, 0.4, 1, 0.6];

  it.each([
    [0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [0.25, [0, 1, 3, 4, 6, 7, 8, 9]],
    [0.5, [1, 3, 6, 8, 9]],
    [0.9, [8]],
    [1, [8]],
  ])('keeps the sets from quantile %s up', async (quantile, expected) => {
    expect(await kept(rewards, quantile)).toEqual(expected);
  });

  it('keeps all of equal reward, negative ones too', async () => {
    expect(await kept([-1, -1, -1, -1], 0.75)).toEqual([0, 1, 2, 3]);
    expect(await kept([-3, -10, -1, -2], 0.5)).toEqual([2, 3]);
  });

  it('keeps the best sets of every query, not the easiest queries', async () => {
    const folder = await stored([0.9, 0.8, 0.2, 0.1], (set) => Math.floor(set / 2));
    const sets = await readSets({ folder, queries: 1, vectors, rewardQuantile: 0.5 });
    expect([...sets.rows]).toEqual([0, 2]);
    expect([...sets.queryOf]).toEqual([0, 1]);
  });

  it('names the shard that is missing', async () => {
    const folder = await stored(rewards);
    await expect(readSets({ folder, queries: 65, vectors })).rejects.toThrow(
      `${shardFile(folder, 1)}: does not exist`,
    );
  });

  it('keeps sets whole and with their table when it drops some', async () => {
    const own = options({ rows: 'sub-queries' });
    await synthesize(own);
    const all = await read(own.folder);
    const best = await read(own.folder, 0.5);
    const expected = Array.from(all.rewards.keys()).filter((i) => {
      const own = all.rewards.filter((_, j) => all.queryOf[j] === all.queryOf[i]).sort();
      return all.rewards[i] >= own[Math.floor(own.length / 2)];
    });
    expect(expected.length).toBeLessThan(all.rewards.length);
    expect(best.queryOf).toEqual(Int32Array.from(expected, (i) => all.queryOf[i]));
    expect(best.table).toEqual(all.table);
    expect([...best.rows]).toEqual(expected.flatMap((i) => [...all.rows.subarray(i * K, (i + 1) * K)]));
  });
});
