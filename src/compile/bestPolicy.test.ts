import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { SetQuality } from '../choose/setQuality.js';
import type { Parameters } from '../engine/index.js';
import { loadPointerWeights } from '../policy/pointer/pointerFiles.js';
import { config, randomParameters } from '../policy/pointer/testing/tinyPointer.js';
import type { SampleOptions } from '../policy/policy.js';
import { randomVectors } from '../policy/testing/scene.js';
import { letterWorld } from '../policy/testing/world.js';
import { BestPolicy, type BestPolicyOptions } from './bestPolicy.js';

const temp = tempFolder();
const workspace = await letterWorld();
let folders = 0;

/** The parameters after each step, 0 the start. */
const parametersOf = (step: number) => randomParameters(step);

const plain = (parameters: Parameters) => [...parameters].map(([name, { data }]) => [name, [...data]]);

/** A training whose policy earns `rewards[step]` on validation, in a folder of its own. */
function training(
  rewards: readonly number[],
  changes: Partial<BestPolicyOptions> & { queries?: number } = {},
) {
  const { queries = 2, ...others } = changes;
  const folder = temp.path(`run-${folders++}`);
  const asked: SampleOptions[] = [];
  let step = others.doneBefore ?? 0;
  const policy = {
    parameters: parametersOf(step),
    async sample(options: SampleOptions) {
      asked.push(options);
      const { length } = options.queries;
      return Array.from({ length: length * (options.samplesPerQuery ?? 1) }, (_, i) => ({
        query: i % length,
        subQueries: ['red chair', 'lamp'],
        tokens: new Int32Array(),
        logProbs: new Float32Array(),
        entropies: new Float32Array(),
      }));
    },
  };
  const options: BestPolicyOptions = {
    run: { path: (...parts) => [folder, ...parts].join('/') },
    load: (file) => loadPointerWeights({ config }, file),
    policy,
    workspace,
    validation: {
      texts: Array.from({ length: queries }, (_, i) => `query ${i}`),
      vectors: randomVectors(queries, 1),
    },
    reward: () => rewards[step],
    temperature: 1,
    steps: rewards.length - 1,
    doneBefore: 0,
    seed: 1,
    ...others,
  };
  /** Trains up to step `last`; returns what each step was told. */
  const run = async (best: BestPolicy, last = rewards.length - 1) => {
    const told: (number | undefined)[] = [];
    while (step < last) {
      policy.parameters = parametersOf(++step);
      told.push((await best.after(step))?.validation);
    }
    return told;
  };
  return { options, asked, run, folder };
}

describe('BestPolicy', () => {
  it.each([
    { rewards: [9, 2, 6, 4], best: 0 },
    { rewards: [2, 9, 6, 4], best: 1 },
    { rewards: [2, 6, 9, 4], best: 2 },
    { rewards: [2, 6, 4, 9], best: 3 },
    { rewards: [2, 9, 4, 9], best: 1 },
    { rewards: [-3, -2, -1, -2], best: 2 },
  ])('keeps the parameters of step $best where rewards are $rewards', async ({ rewards, best }) => {
    const { options, run, folder } = training(rewards);
    const kept = await BestPolicy.open(options);
    expect(await run(kept)).toEqual(rewards.slice(1));
    const { parameters, score } = await kept.choose(parametersOf(99));
    expect(score).toEqual({ step: best, reward: rewards[best] });
    expect(plain(parameters)).toEqual(plain(parametersOf(best)));
    // With the checkpoint it goes, and nothing but the best is kept.
    expect(readdirSync(`${folder}/policy`)).toEqual(['checkpoint']);
    expect(readdirSync(`${folder}/policy/checkpoint`).sort()).toEqual([
      `best-${best}.safetensors`,
      'best.json',
    ]);
  });

  it('says what labels say of one set a query, from the start on, where somebody has labelled them', async () => {
    const seen: number[] = [];
    const quality: SetQuality = {
      metric: 'alphaNdcgAtK',
      queries: { texts: [], vectors: randomVectors(0, 1) },
      async of(sets) {
        seen.push(sets.length);
        return Float64Array.from(sets, (_, q) => q);
      },
      precisionOf: (sets) => Float64Array.from(sets, ({ assigned }) => assigned.length),
    };
    const { options } = training([9, 2], { queries: 3, quality });
    const kept = await BestPolicy.open(options);
    const figures = { 'validation.alphaNdcg': 1, 'validation.precision': 2 };
    expect(kept.start).toEqual({ validation: 9, ...figures });
    expect(await kept.after(1)).toEqual({ validation: 9, ...figures });
    expect(seen).toEqual([3, 3]);
    const blind = await BestPolicy.open(training([9, 2]).options);
    expect(blind.start).toEqual({ validation: 9 });
  });

  it('takes the last parameters where there is nothing to choose by', async () => {
    const { options, run, asked } = training([9, 2], { queries: 0 });
    const kept = await BestPolicy.open(options);
    expect(await run(kept)).toEqual([undefined]);
    const last = parametersOf(99);
    expect(await kept.choose(last)).toEqual({ parameters: last });
    expect(asked).toEqual([]);
  });

  it('goes on from the best before its checkpoint, and finds anew what was found after', async () => {
    const { options, run } = training([2, 6, 9, 4]);
    await run(await BestPolicy.open(options), 2);
    const rewards = [0, 0, 5, 7, 1];
    const resumed = async (doneBefore: number) => {
      const next = training(rewards, { doneBefore });
      const kept = await BestPolicy.open({ ...next.options, run: options.run });
      await next.run(kept);
      return (await kept.choose(parametersOf(99))).score;
    };
    expect(await resumed(2)).toEqual({ step: 2, reward: 9 });
    expect(await resumed(1)).toEqual({ step: 3, reward: 7 });
  });

  it('asks eight times in a long training, and at its end', async () => {
    const { options, run } = training(Array.from({ length: 36 }, (_, i) => i));
    const told = await run(await BestPolicy.open(options));
    const steps = told.flatMap((reward) => reward ?? []);
    expect(steps).toEqual([4, 8, 12, 16, 20, 24, 28, 32, 35]);
  });

  it.each([
    { queries: 1, first: 1, samples: 100 },
    { queries: 30, first: 30, samples: 4 },
    { queries: 99, first: 99, samples: 2 },
    { queries: 250, first: 100, samples: 2 },
  ])('asks $first of $queries queries $samples times', async ({ queries, first, samples }) => {
    const { options, asked } = training([5], { queries });
    await BestPolicy.open(options);
    expect(asked).toHaveLength(1);
    expect(asked[0].samplesPerQuery).toBe(samples);
    expect(asked[0].queries).toEqual(options.validation.texts.slice(0, first));
    expect(asked[0].vectors.rows).toBe(first);
  });
});
