import { describe, expect, it } from 'vitest';
import { gatherRead } from '../../candidates/reader.js';
import {
  floats,
  gradients,
  likeParameters,
  ops,
  type Parameters,
  parameterFeeds,
  Session,
} from '../../engine/index.js';
import { lexiconOf } from '../../lexical/lexicon.js';
import { coverage } from '../../reward/objectives.js';
import type { RewardFunction } from '../../reward/reward.js';
import type { StepReport } from '../../training.js';
import { ExactIndex } from '../../vectorIndex/exactIndex.js';
import type { Completion } from '../policy.js';
import { type ReinforceOptions, reinforce } from '../reinforce.js';
import { groupAdvantages, subQueryAdvantages, tokenMean } from '../softGrpo.js';
import { runtime, TEXTS } from '../testing/scene.js';
import { letterEncoder } from '../testing/world.js';
import { queryFeeds, setFeeds } from './batch.js';
import { imitate } from './imitate.js';
import { pointerGraph } from './model.js';
import { config, randomParameters, readQueries, tinyPointer, vectors } from './testing/tinyPointer.js';

/** Twenty queries whose sets are the candidates of the highest first source: what there is to learn is to trust it. */
const queries = readQueries(20, { seed: 5 });
const best = (query: number, count: number, { size, items, scores } = queries) => {
  const said = (place: number) => scores[(query * size + place) * config.sources];
  const places = [...Array(size).keys()].sort((a, b) => said(b) - said(a));
  return places.slice(0, count).map((place) => items[query * size + place]);
};
const references = Array.from({ length: 20 }, (_, q) => best(q, 4));

const copyOf = ({ state }: StepReport) => ({
  step: state.step,
  groups: Object.fromEntries(
    Object.entries(state.groups).map(([name, p]) => [name, likeParameters(p, true)]),
  ),
});
const numbers = (parameters: Parameters) => [...parameters.values()].map(({ data }) => [...data]);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;

describe('imitate', () => {
  const options = { config, vectors, queries, references, seed: 1, runtime };

  it('learns which source to trust', async () => {
    const losses: number[] = [];
    const parameters = await imitate({
      ...options,
      steps: 60,
      onStep: ({ metrics }) => void losses.push(metrics.loss),
    });
    // One of 20 candidates at random is log(20) = 3.0; any of the three or four left is about 1.1.
    expect(losses[0]).toBeGreaterThan(2.7);
    expect(losses.at(-1)).toBeLessThan(1.9);
    // Of queries that it has not seen.
    const fresh = readQueries(20, { seed: 6 });
    const policy = await tinyPointer({ parameters, read: async () => fresh });
    const found = await policy.rank({ read: fresh, vectors, rows: config.k, depth: config.k });
    await policy.release();
    const right = found.flatMap((rows, q) => {
      const wanted = best(q, 4, fresh);
      return Array.from(rows, (row): number => (wanted.includes(row) ? 1 : 0));
    });
    // By chance 4 of 20.
    expect(mean(right)).toBeGreaterThan(0.7);
  });

  it('learns from what is a candidate, and is refused where nothing is', async () => {
    const stranger = (q: number) => {
      const own = queries.items.subarray(q * queries.size, (q + 1) * queries.size);
      return TEXTS.findIndex((_, item) => !own.includes(item));
    };
    const strangers = references.map((_, q) => [stranger(q)]);
    await expect(imitate({ ...options, references: strangers, steps: 1 })).rejects.toThrow(
      'no reference set has an item that is a candidate',
    );
    const both = references.map((reference, q) => [...reference, stranger(q)]);
    const expected = await imitate({ ...options, steps: 2 });
    expect(numbers(await imitate({ ...options, references: both, steps: 2 }))).toEqual(numbers(expected));
  });

  it('passes over queries without a reference set', async () => {
    const some = references.map((reference, q) => (q < 8 ? reference : []));
    const eight = gatherRead(queries, [0, 1, 2, 3, 4, 5, 6, 7]);
    const alone = { ...options, queries: eight, references: references.slice(0, 8), steps: 2 };
    const trained = await imitate({ ...options, references: some, steps: 2 });
    expect(numbers(trained)).toEqual(numbers(await imitate(alone)));
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
  /** The same, and what each item adds to it. */
  const withGains: RewardFunction = (fanOut) => {
    const { retrieved, reference } = fanOut;
    const share = (count: number) => coverage(retrieved.subarray(0, count), reference);
    const gains = Array.from(retrieved, (_, i) => share(i + 1) - (i > 0 ? share(i) : 0));
    const raw = coverage(retrieved, reference);
    return { reward: raw, components: { coverage: { raw, normalized: raw } }, gains };
  };
  const texts = references.map((_, i) => `query ${i}`);
  const train = async ({
    read = queries,
    ...changes
  }: Partial<ReinforceOptions> & { readonly read?: typeof queries } = {}) => {
    const index = await ExactIndex.create({ vectors, ...runtime });
    const world = {
      items,
      vectors,
      index,
      encoder: letterEncoder,
      subQueryEncoder: letterEncoder,
      lexicon: lexiconOf(items),
    };
    const rowsOf = (asked: readonly string[]) => asked.map((text) => texts.indexOf(text));
    const policy = await tinyPointer({
      parameters: randomParameters(2),
      read: async (asked) => gatherRead(read, rowsOf(asked.texts)),
    });
    const rollouts: { readonly rows: readonly number[]; readonly sets: readonly Completion[] }[] = [];
    const rollout = policy.rollout.bind(policy);
    policy.rollout = async (...asked) => {
      const sets = await rollout(...asked);
      rollouts.push({ rows: rowsOf(asked[0].texts), sets });
      return sets;
    };
    const metrics: Readonly<Record<string, number>>[] = [];
    try {
      const trained = await reinforce({
        policy,
        world,
        queries: { texts, vectors: queries.vectors, references },
        reward,
        steps: 3,
        queriesPerStep: 8,
        groupSize: 4,
        credit: 'set',
        epochs: 1,
        learningRate: 2e-2,
        coefficients: { clip: 0.2, klOld: 0.05, klReverse: 0.03 },
        seed: 1,
        runtime,
        ...changes,
        onStep: async (report) => {
          metrics.push(report.metrics);
          await changes.onStep?.(report);
        },
      });
      expect(policy.parameters).toBe(trained);
      return { trained, metrics, rollouts, rewards: metrics.map((m) => m.reward) };
    } finally {
      await policy.release();
      await index.release();
    }
  };

  it.each([
    { credit: 'set', reward },
    { credit: 'subQuery', reward: withGains },
  ] as const)('raises the reward, by the gain of a $credit', async (how) => {
    const { rewards } = await train({ ...how, steps: 40, queriesPerStep: 16, groupSize: 8 });
    expect(mean(rewards.slice(-5))).toBeGreaterThan(mean(rewards.slice(0, 5)) + 0.15);
  });

  it.each([
    { credit: 'set', reward },
    { credit: 'subQuery', reward: withGains },
  ] as const)('follows the gradient of the formula, by the gain of a $credit', async (how) => {
    // A mini-batch of eight queries and one of four.
    const [groupSize, sizes] = [3, [8, 4]];
    const { metrics, rollouts } = await train({
      ...how,
      steps: 1,
      queriesPerStep: 12,
      groupSize,
      learningRate: 0,
    });
    const [{ rows, sets }] = rollouts;
    const earned = sets.map(({ items: chosen }, s) => {
      const reference = references[rows[Math.floor(s / groupSize)]];
      return Array.from(chosen!, (item) => (reference.includes(item) ? 1 : 0) / reference.length);
    });
    const perItem =
      how.credit === 'subQuery'
        ? subQueryAdvantages(earned, groupSize, 0.5)
        : Array.from(
            groupAdvantages(
              earned.map((gains) => gains.reduce((a, b) => a + b)),
              groupSize,
            ).advantages,
          ).flatMap((a) => [a, a, a]);

    // Where nothing has moved, every choice pulls by its advantage, less the old KL's slope, plus the reverse one's.
    const { graph, logProbs, weights } = pointerGraph(config);
    const pull = graph.input('pull', ['queries', 'places']);
    const objective = tokenMean(ops.mul(logProbs, pull), weights);
    const slopes = gradients(
      objective,
      Array.from(graph.parameters.values(), ({ value }) => value),
    );
    const outputs = Object.fromEntries(slopes.map((slope, i) => [`slope${i}`, slope]));
    const session = await Session.compile(graph, outputs, runtime);
    const norms: number[] = [];
    for (let start = 0; start < rows.length; start += sizes[0]) {
      const part = rows.slice(start, start + sizes[0]);
      const [from, to] = [start * groupSize, (start + part.length) * groupSize];
      const own = perItem.slice(from * config.k, to * config.k);
      const result = await session.run({
        ...queryFeeds(queries, part),
        ...setFeeds(
          sets.slice(from, to).map(({ tokens }) => tokens),
          part.length,
          queries.size,
          config,
        ),
        pull: {
          data: Float32Array.from(own, (a) => a - 0.05 + 0.03),
          dims: [part.length, groupSize * config.k],
        },
        ...parameterFeeds(randomParameters(2)),
      });
      norms.push(Math.hypot(...Object.values(result).flatMap((slope) => [...floats(slope)])));
    }
    await session.release();
    expect(norms).toHaveLength(sizes.length);
    expect(metrics[0].gradientNorm).toBeCloseTo(mean(norms), 4);
  });

  it('draws other sets at every step', async () => {
    const { rollouts } = await train({ steps: 2, learningRate: 0, queriesPerStep: 200, groupSize: 2 });
    const drawn = rollouts.map(({ rows, sets }) => rows.map((row, i) => `${row}: ${sets[2 * i].items}`));
    // The same queries may come in the same place, about ten times; their sets should not be the same then.
    const same = drawn[0].filter((set, i) => set === drawn[1][i]);
    const asked = rollouts[0].rows.filter((row, i) => row === rollouts[1].rows[i]);
    expect(asked.length).toBeGreaterThan(3);
    expect(same.length).toBeLessThan(asked.length / 2);
  });

  it('credits sets where the reward does not say what items gain', async () => {
    const set = await train({ steps: 2 });
    const subQuery = await train({ steps: 2, credit: 'subQuery' });
    expect(numbers(subQuery.trained)).toEqual(numbers(set.trained));
    const told = await train({ steps: 2, credit: 'subQuery', reward: withGains });
    expect(numbers(told.trained)).not.toEqual(numbers(set.trained));
  });

  it('has moved nothing when the first rollout is evaluated, and something in later epochs', async () => {
    const { metrics } = await train({ steps: 1 });
    expect(Math.abs(metrics[0].kl)).toBeLessThan(1e-6);
    expect(metrics[0].entropy).toBeGreaterThan(0);
    expect(metrics[0].coverage).toBe(metrics[0].reward);
    expect(metrics[0].duplicateShare).toBe(0);
    // A warm-up of five steps begins with little.
    const later = await train({ steps: 1, epochs: 3 });
    expect(later.metrics[0].kl).toBeGreaterThan(1e-5);
  });

  it('teaches nothing but to spread where all rewards are equal', async () => {
    const flat: RewardFunction = () => ({ reward: 0.5, components: {} });
    const coefficients = { clip: 0.2, klOld: 0.05, klReverse: 1 };
    const { metrics } = await train({ steps: 1, groupSize: 32, reward: flat, coefficients });
    expect(metrics[0].zeroVarianceGroups).toBe(8);
    // What is left of the loss is the mean of -log pi, whose expectation is the entropy: 768 choices, five deviations.
    expect(metrics[0].entropy).toBeGreaterThan(1);
    expect(Math.abs(metrics[0].loss - metrics[0].entropy)).toBeLessThan(0.2);
  });

  it('trains where there are fewer candidates than places', async () => {
    const { metrics } = await train({ steps: 2, read: readQueries(20, { seed: 5, size: 2 }) });
    for (const values of metrics)
      for (const [name, value] of Object.entries(values))
        expect([name, Number.isFinite(value)]).toEqual([name, true]);
  });

  it('goes on from a checkpoint as if it had not stopped', async () => {
    const whole = await train({ epochs: 2 });
    let saved: StepReport['state'] | undefined;
    await train({
      epochs: 2,
      onStep: (report) => {
        if (report.step === 1) saved = copyOf(report);
      },
    });
    const resumed = await train({ epochs: 2, resume: saved });
    expect(resumed.rewards).toEqual(whole.rewards.slice(1));
    expect(numbers(resumed.trained)).toEqual(numbers(whole.trained));
  });

  it('keeps the parameters it began with at a learning rate of 0', async () => {
    const { trained } = await train({ steps: 1, learningRate: 0 });
    expect(numbers(trained)).toEqual(numbers(randomParameters(2)));
  });

  it('stops at an abort signal, between steps', async () => {
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
});
