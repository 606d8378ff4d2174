import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { Policy } from '../policy/policy.js';
import type { FanOut } from '../reward/reward.js';
import { encodedRun, SETS } from './testing/encodedRun.js';
import { knownReward, trainingQueries, validationQueries } from './trainingQueries.js';

const temp = tempFolder();
const open = [
  { query: 'anything', split: 'train' },
  { query: 'whatever', split: 'valid' },
];
const policy: Policy = { k: 3, sample: async () => [] };
const texts = (split: string) => SETS.filter((set) => set.split === split).map(({ query }) => query);

describe('the queries of a run with reference sets', () => {
  const context = encodedRun(temp, {
    sets: SETS,
    queries: open,
    config: { task: 'wscr' },
    reward: () => 0.5,
  });

  it('are those that have one, for learning and for judging', async () => {
    const training = await trainingQueries(await context);
    expect(training.texts).toEqual(texts('train'));
    expect(training.vectors.rows).toBe(12);
    expect(training.references?.[0]).toEqual([12, 13, 14]);
    expect((await validationQueries(await context)).texts).toEqual(texts('valid'));
  });

  it("are all of them for a policy of the user's, which is asked and not taught", async () => {
    const asked = await trainingQueries({ ...(await context), policy });
    expect(asked.texts).toEqual([...texts('train'), 'anything']);
  });

  it('earn the reward where the set is known, and nothing elsewhere', async () => {
    const reward = knownReward(await context);
    const worth = (reference: readonly number[]) => reward({ reference } as FanOut);
    expect([worth([1]), worth([])]).toEqual([0.5, 0]);
  });
});

it('without reference sets all queries are learnt from, and earn the reward', async () => {
  const context = await encodedRun(temp, { queries: open, reward: () => 0.5 });
  const training = await trainingQueries(context);
  expect([training.texts, training.references]).toEqual([['anything'], undefined]);
  expect((await validationQueries(context)).texts).toEqual(['whatever']);
  expect(knownReward(context)({ reference: [] as readonly number[] } as FanOut)).toBe(0.5);
});
