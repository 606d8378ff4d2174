import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { lexiconOf } from '../lexical/lexicon.js';
import { findSets } from '../retrieve/findSets.js';
import type { MethodSpace } from '../retrieve/method.js';
import type { FanOut } from '../reward/reward.js';
import { teacherSets } from './teacherSets.js';
import { encodedRun, ITEMS } from './testing/encodedRun.js';
import { trainingQueries } from './trainingQueries.js';

const temp = tempFolder();
const queries = ['red', 'a chair', 'red or blue', 'tents and boots', 'white shirt', 'gold'];
const context = encodedRun(temp, { queries: queries.map((query) => ({ query, split: 'train' })) });

/** Sets of each baseline, by query. */
async function baselineSets(): Promise<number[][][]> {
  const { workspace, config } = await context;
  const { k, seed } = config;
  const space: MethodSpace = {
    ...workspace,
    k,
    lexicon: lexiconOf(workspace.items),
    aspects: () => () => undefined,
    settings: {},
    usual: 'plain',
  };
  const batch = await trainingQueries(await context);
  const found: number[][][] = [];
  for (const method of ['plain', 'hybrid', 'mmr', 'dpp'] as const) {
    const sets = await findSets(space, method, batch, { k, seed });
    found.push(sets.map(({ assigned }) => assigned.map(({ item }) => item)));
  }
  return queries.map((_, q) => found.map((sets) => sets[q]));
}

/** A number that looks random, and is the same for the same items in any order. */
const hash = (items: ArrayLike<number>) =>
  (Array.from(items).reduce((sum, i) => sum + (i + 3) ** 3, 0) % 101) / 101;

describe('teacherSets', () => {
  it.each([
    ['liking some sets better than others', hash],
    ['liking the opposite', (items: ArrayLike<number>) => 1 - hash(items)],
  ])('takes for each query the baseline that the reward likes best, %s', async (_, worth) => {
    const reward = ({ retrieved }: FanOut) => worth(retrieved);
    const sets = await teacherSets({ ...(await context), reward }, await trainingQueries(await context));
    const baselines = await baselineSets();
    // The baselines must differ for this to say anything.
    expect(baselines.some((own) => new Set(own.map(worth)).size > 1)).toBe(true);
    sets.forEach((set, q) => {
      expect(baselines[q]).toContainEqual(set);
      expect(worth(set)).toBe(Math.max(...baselines[q].map(worth)));
    });
  });

  it('takes plain search where the reward likes all the same', async () => {
    const sets = await teacherSets(await context, await trainingQueries(await context));
    expect(sets).toEqual((await baselineSets()).map(([plain]) => plain));
    for (const set of sets) for (const item of set) expect(item).toBeLessThan(ITEMS.length);
  });

  it('can be told to stop', async () => {
    const signal = AbortSignal.abort();
    const stopped = teacherSets({ ...(await context), signal }, await trainingQueries(await context));
    await expect(stopped).rejects.toBe(signal.reason);
  });
});
