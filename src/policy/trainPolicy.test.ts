import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { likeParameters, type Parameters, type TrainerState } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import { R4tError } from '../errors.js';
import { row } from '../matrix.js';
import type { Progress } from '../progress.js';
import type { RewardFunction } from '../reward/reward.js';
import type { StepReport } from '../training.js';
import { DecoderPolicy } from './decoderPolicy.js';
import { randomParameters, runtime, type Scene, scene } from './testing/scene.js';
import { letterEncoder, letterWorld } from './testing/world.js';
import {
  collapseWarning,
  duplicateShare,
  miniBatchOrder,
  queryPicker,
  type TrainPolicyOptions,
  trainPolicy,
} from './trainPolicy.js';

const tiny = scene({ layers: 1, format: { k: 3, maxTokens: 3 }, vocabularySize: 90 });
const TEXTS = ['things for a party', 'camping', 'a warm room', 'rainy day', 'gifts', 'red'];
const queries: QueryBatch = { texts: TEXTS, vectors: await letterEncoder.encode(TEXTS) };
const world = await letterWorld();

/** The share of sub-queries that say "red". */
const redness: RewardFunction = ({ subQueries }) => {
  const raw = subQueries.filter((text) => text.includes('red')).length / subQueries.length;
  return { reward: raw, components: { red: { raw, normalized: raw } } };
};

interface Outcome {
  readonly parameters: Parameters;
  readonly metrics: Readonly<Record<string, number>>[];
  readonly progress: Progress[];
  /** Copies of the trainer's state after each step. */
  readonly states: TrainerState[];
}

interface TrainingRun extends Partial<TrainPolicyOptions> {
  readonly of?: Scene;
  readonly start?: Parameters;
}

async function train({
  of = tiny,
  start = randomParameters(of, 5),
  onStep,
  ...options
}: TrainingRun = {}): Promise<Outcome> {
  const policy = await DecoderPolicy.create({ ...of, parameters: start, runtime });
  const outcome = { metrics: [], progress: [], states: [] } as Omit<Outcome, 'parameters'>;
  try {
    const parameters = await trainPolicy({
      ...of,
      parameters: start,
      policy,
      world,
      queries,
      reward: redness,
      steps: 4,
      queriesPerStep: 4,
      groupSize: 4,
      miniBatch: 6,
      epochs: 2,
      learningRate: 0.01,
      coefficients: { clip: 0.2, klOld: 0.05, klReverse: 0.05 },
      seed: 9,
      runtime,
      onProgress: (report) => outcome.progress.push(report),
      ...options,
      async onStep(report) {
        outcome.metrics.push(report.metrics);
        outcome.states.push(copyOf(report.state));
        await onStep?.(report);
      },
    });
    expect(policy.parameters).toBe(parameters);
    return { parameters, ...outcome };
  } finally {
    await policy.release();
  }
}

const copyOf = ({ step, groups }: TrainerState): TrainerState => ({
  step,
  groups: Object.fromEntries(
    Object.entries(groups).map(([key, group]) => [key, likeParameters(group, true)]),
  ),
});

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Without what a clock measured. */
const reproducible = (metrics: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(metrics).filter(([name]) => !/seconds?$/i.test(name)));

describe('trainPolicy', () => {
  it('raises the reward', async () => {
    const { metrics, parameters } = await train({
      steps: 40,
      queriesPerStep: 6,
      groupSize: 8,
      miniBatch: 48,
      learningRate: 0.02,
    });
    const rewards = metrics.map((m) => m.reward);
    expect(rewards[0]).toBeLessThan(0.5);
    expect(mean(rewards.slice(-5))).toBeGreaterThan(0.9);

    const policy = await DecoderPolicy.create({ ...tiny, parameters, runtime, frozen: true });
    const [unseen] = await policy.sample({
      queries: ['a picnic'],
      vectors: await letterEncoder.encode(['a picnic']),
      seed: 1,
      temperature: 0,
    });
    await policy.release();
    expect(unseen.subQueries.join(' ')).toContain('red');
  });

  it('reports every figure at every step', async () => {
    const { metrics, progress, states } = await train();
    expect(metrics).toHaveLength(4);
    for (const m of metrics) {
      for (const [name, value] of Object.entries(m))
        expect([name, Number.isFinite(value)]).toEqual([name, true]);
      expect(m.red).toBeCloseTo(m.reward, 12);
      expect(m['red.raw']).toBe(m.red);
      expect(m.tokensPerSubQuery).toBeGreaterThanOrEqual(1);
      expect(m.tokensPerSubQuery).toBeLessThanOrEqual(3);
      expect(m.entropy).toBeGreaterThan(0);
      expect(m.kl).toBeGreaterThanOrEqual(0);
    }
    expect(Object.keys(metrics[0])).toEqual(
      expect.arrayContaining([
        'loss',
        'kl',
        'clipShare',
        'zeroVarianceGroups',
        'duplicateShare',
        'tokensPerSecond',
      ]),
    );
    expect(progress.map(({ stage, done, total }) => [stage, done, total])).toEqual(
      [1, 2, 3, 4].map((done) => ['policy/rl', done, 4]),
    );
    // Two epochs of 16 completions in mini-batches of 6.
    expect(states.map((state) => state.step)).toEqual([6, 12, 18, 24]);
  });

  it('has moved nothing when the first mini-batch is evaluated', async () => {
    const { metrics } = await train({ steps: 1, epochs: 1, miniBatch: 16 });
    expect(Math.abs(metrics[0].kl)).toBeLessThan(1e-6);
    expect(metrics[0].clipShare).toBe(0);
  });

  it('does not let a component hide a figure of its own', async () => {
    const reward: RewardFunction = () => ({
      reward: 0.5,
      components: { entropy: { raw: -7, normalized: -7 }, reward: { raw: -8, normalized: -8 } },
    });
    const { metrics, progress } = await train({ steps: 1, reward });
    expect(metrics[0].reward).toBe(0.5);
    expect(metrics[0].entropy).toBeGreaterThan(0);
    expect(metrics[0].zeroVarianceGroups).toBe(4);
    expect(progress[0].warning).toBeUndefined();
  });

  it('resumed, goes on bit for bit as without the break', async () => {
    const whole = await train({ steps: 5 });
    const resumed = await train({ steps: 5, resume: whole.states[1] });
    expect(resumed.metrics.map(reproducible)).toEqual(whole.metrics.slice(2).map(reproducible));
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(resumed.states.at(-1)).toEqual(whole.states.at(-1));
  });

  it('resumed at its end, has nothing left to do', async () => {
    const { states, parameters } = await train({ steps: 2 });
    const again = await train({ steps: 2, resume: states[1] });
    expect(again.metrics).toEqual([]);
    expect(again.parameters).toEqual(parameters);
  });

  it('refuses a checkpoint from the middle of a rollout', async () => {
    const { states } = await train({ steps: 1 });
    await expect(train({ resume: { ...states[0], step: 7 } })).rejects.toThrow(/no end of a rollout/);
  });

  it('passes on what is wrong with a reward, and keeps the last good parameters', async () => {
    let calls = 0;
    const reward: RewardFunction = (fanOut) => (calls++ < 32 ? redness(fanOut) : Number.NaN);
    const start = randomParameters(tiny, 5);
    const policy = await DecoderPolicy.create({ ...tiny, parameters: start, runtime });
    const reports: StepReport[] = [];
    const training = trainPolicy({
      ...tiny,
      parameters: start,
      policy,
      world,
      queries,
      reward,
      steps: 4,
      queriesPerStep: 4,
      groupSize: 4,
      epochs: 1,
      learningRate: 0.01,
      coefficients: { clip: 0.2, klOld: 0.05, klReverse: 0.05 },
      seed: 9,
      runtime,
      onStep: (report) => void reports.push(report),
    });
    await expect(training).rejects.toThrow(R4tError);
    await expect(training).rejects.toThrow(/NaN/);
    expect(reports).toHaveLength(2);
    expect(policy.parameters).toBe(reports[1].state.groups.parameters);
    await policy.release();
  });

  it('stops at an abort signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const done: number[] = [];
    const training = train({
      steps: 50,
      signal: controller.signal,
      onStep: ({ step }) => {
        done.push(step);
        if (step === 2) controller.abort(reason);
      },
    });
    await expect(training).rejects.toBe(reason);
    expect(done).toEqual([1, 2]);
  });

  it('does not take repeats for a collapse where they get more of a shared budget', () => {
    const repeating = { duplicateShare: 0.8, entropy: 1 };
    expect(collapseWarning({ ...repeating, sharesBudget: false })).toContain('80% of the sub-queries');
    expect(collapseWarning({ ...repeating, sharesBudget: true })).toBeUndefined();
    expect(collapseWarning({ duplicateShare: 0, entropy: 0.01, sharesBudget: true })).toContain('entropy');
  });

  it('warns of a policy that repeats itself', async () => {
    const oneToken = scene({ texts: ['red'], format: { k: 3, maxTokens: 1 }, layers: 1 });
    const { progress, metrics } = await train({ of: oneToken, steps: 1 });
    expect(metrics[0].duplicateShare).toBeCloseTo(2 / 3, 12);
    expect(progress[0].warning).toBe('collapse: 67% of the sub-queries are repeats');
  });

  it('warns of a policy that is sure of every token, and not of a healthy one', async () => {
    const single = scene({ format: { k: 1, maxTokens: 3 }, layers: 1 });
    const sure = await train({ of: single, start: randomParameters(single, 6, 100), steps: 1 });
    expect(sure.progress[0].warning).toMatch(/collapse: entropy fell to 0\.0/);
    const healthy = await train({ of: single, steps: 1 });
    expect(healthy.progress[0].warning).toBeUndefined();
  });
});

describe('queryPicker', () => {
  it('visits every query once an epoch, each time in another order', () => {
    const pick = queryPicker(queries, 4, 1);
    const seen = [0, 1, 2].flatMap((step) => pick(step).texts);
    const epochs = [seen.slice(0, 6), seen.slice(6)];
    for (const epoch of epochs) expect([...epoch].sort()).toEqual([...TEXTS].sort());
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  it('gives a step the same queries whether or not those before were asked for', () => {
    for (const count of [1, 4, 6, 15]) {
      const pick = queryPicker(queries, count, 1);
      const inOrder = [0, 1, 2, 3].map(pick);
      [3, 0, 2, 1].forEach((step) => {
        expect(queryPicker(queries, count, 1)(step)).toEqual(inOrder[step]);
        expect(pick(step)).toEqual(inOrder[step]);
      });
    }
  });

  it('keeps texts, embeddings and references together', () => {
    const references = TEXTS.map((_, i) => [i]);
    const { texts, vectors, references: picked } = queryPicker({ ...queries, references }, 9, 2)(3);
    texts.forEach((text, i) => {
      const from = TEXTS.indexOf(text);
      expect(picked?.[i]).toEqual([from]);
      expect(row(vectors, i)).toEqual(row(queries.vectors, from));
    });
  });
});

describe('miniBatchOrder', () => {
  const size = fc.integer({ min: 1, max: 40 });

  it('has every completion once', () => {
    fc.assert(
      fc.property(size, size, size, (queries, groupSize, miniBatch) => {
        const order = miniBatchOrder(queries, queries * groupSize, miniBatch);
        expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
      }),
    );
  });

  it('has equally many of every query in each mini-batch that has room for them', () => {
    fc.assert(
      fc.property(size, size, size, (queries, each, batches) => {
        const groupSize = each * batches;
        const order = miniBatchOrder(queries, queries * groupSize, queries * each);
        for (let start = 0; start < order.length; start += queries * each) {
          const asked = order.slice(start, start + queries * each).map((c) => Math.floor(c / groupSize));
          expect(asked).toEqual(Array.from(asked, (_, i) => Math.floor(i / each)));
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('duplicateShare', () => {
  it('counts what was said before', () => {
    expect(duplicateShare({ subQueries: ['a', 'b', 'c'] })).toBe(0);
    expect(duplicateShare({ subQueries: ['a', 'b', 'a', 'a'] })).toBe(0.5);
  });
});
