import { describe, expect, it } from 'vitest';
import { likeParameters, type Parameters } from '../../engine/index.js';
import { coverage } from '../../reward/objectives.js';
import type { RewardFunction } from '../../reward/reward.js';
import type { StepReport } from '../../training.js';
import { ExactIndex } from '../../vectorIndex/exactIndex.js';
import { runtime, TEXTS } from '../testing/scene.js';
import { letterEncoder } from '../testing/world.js';
import { imitate } from './imitate.js';
import { PointerPolicy } from './pointerPolicy.js';
import { type ReinforceOptions, reinforce } from './reinforce.js';
import { config, randomParameters, readQueries, vectors } from './testing/tinyPointer.js';

/** Twenty queries whose sets are the items of the highest first source: what there is to learn is to trust it. */
const queries = readQueries(20, 5);
const best = (query: number, count: number) => {
  const said = (item: number) => queries.sources.data[(query * config.items + item) * config.sources];
  return [...Array(config.items).keys()].sort((a, b) => said(b) - said(a)).slice(0, count);
};
const references = Array.from({ length: 20 }, (_, q) => best(q, 4));

const copyOf = ({ state }: StepReport) => ({
  step: state.step,
  groups: Object.fromEntries(
    Object.entries(state.groups).map(([name, p]) => [name, likeParameters(p, true)]),
  ),
});
const numbers = (parameters: Parameters) => [...parameters.values()].map(({ data }) => [...data]);

describe('imitate', () => {
  const options = { config, vectors, queries, references, seed: 1, runtime };

  it('learns which source to trust', async () => {
    const losses: number[] = [];
    await imitate({ ...options, steps: 60, onStep: ({ metrics }) => void losses.push(metrics.loss) });
    // One of 30 items at random is log(30) = 3.4; any of the three or four left is about 1.1.
    expect(losses[0]).toBeGreaterThan(3);
    expect(losses.at(-1)).toBeLessThan(1.9);
  });

  it('goes on from a checkpoint as if it had not stopped', async () => {
    const whole = await imitate({ ...options, steps: 4 });
    let saved: StepReport['state'] | undefined;
    await imitate({
      ...options,
      steps: 4,
      onStep: (report) => {
        if (report.step === 2) saved = copyOf(report);
      },
    });
    expect(numbers(await imitate({ ...options, steps: 4, resume: saved }))).toEqual(numbers(whole));
  });
});

describe('reinforce', () => {
  const items = TEXTS.map((text, i) => ({ id: `${i}`, text, title: text, metadata: {} }));
  const reward: RewardFunction = ({ retrieved, reference }) => {
    const raw = coverage(retrieved, reference);
    return { reward: raw, components: { coverage: { raw, normalized: raw } } };
  };
  const train = async (changes: Partial<ReinforceOptions> = {}) => {
    const index = await ExactIndex.create({ vectors, ...runtime });
    const world = { items, vectors, index, encoder: letterEncoder, subQueryEncoder: letterEncoder };
    const parameters = randomParameters(2);
    const policy = await PointerPolicy.create({
      config,
      parameters,
      items,
      vectors,
      sources: () => queries.sources,
      runtime,
    });
    const rewards: number[] = [];
    const trained = await reinforce({
      config,
      policy,
      world,
      queries: { texts: references.map((_, i) => `query ${i}`), vectors: queries.vectors, references },
      read: queries,
      reward,
      steps: 3,
      queriesPerStep: 8,
      groupSize: 4,
      credit: 'set',
      epochs: 1,
      learningRate: 2e-2,
      coefficients: { clip: 0.2, klOld: 0.05, klReverse: 0.05 },
      seed: 1,
      runtime,
      ...changes,
      onStep: async (report) => {
        rewards.push(report.metrics.reward);
        await changes.onStep?.(report);
      },
    });
    await policy.release();
    await index.release();
    return { trained, rewards };
  };

  it('raises the reward', async () => {
    const { rewards } = await train({ steps: 40, queriesPerStep: 16, groupSize: 8 });
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(mean(rewards.slice(-5))).toBeGreaterThan(mean(rewards.slice(0, 5)) + 0.15);
  });

  it('goes on from a checkpoint as if it had not stopped', async () => {
    const whole = await train();
    let saved: StepReport['state'] | undefined;
    await train({
      onStep: (report) => {
        if (report.step === 1) saved = copyOf(report);
      },
    });
    const resumed = await train({ resume: saved });
    expect(resumed.rewards).toEqual(whole.rewards.slice(1));
    expect(numbers(resumed.trained)).toEqual(numbers(whole.trained));
  });

  it('keeps the parameters it began with at a learning rate of 0', async () => {
    const { trained } = await train({ steps: 1, learningRate: 0 });
    expect(numbers(trained)).toEqual(numbers(randomParameters(2)));
  });
});
