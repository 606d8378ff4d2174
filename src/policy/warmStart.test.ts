import { describe, expect, it } from 'vitest';
import { likeParameters, type Parameters, type TrainerState } from '../engine/index.js';
import { DecoderPolicy } from './decoderPolicy.js';
import { randomParameters, runtime, scene, TEXTS } from './testing/scene.js';
import { letterEncoder, letterWorld } from './testing/world.js';
import { type WarmStartOptions, warmStart } from './warmStart.js';

/** Words are made of several tokens, so that writing them has to be learned. */
const tiny = scene({ layers: 1, vocabularySize: 48, format: { k: 3, maxTokens: 8 } });
const QUERIES = ['something red', 'camping', 'light'];
const base = {
  ...tiny,
  ...(await letterWorld()),
  queries: QUERIES,
  queryVectors: await letterEncoder.encode(QUERIES),
  steps: 8,
  batchSize: 16,
  learningRate: 0.02,
  seed: 4,
  runtime,
};

async function train(options: Partial<WarmStartOptions> = {}) {
  const losses: number[] = [];
  const states: TrainerState[] = [];
  const parameters = await warmStart({
    ...base,
    ...options,
    async onStep(report) {
      losses.push(report.metrics.loss);
      const groups = Object.entries(report.state.groups).map(([key, p]) => [key, likeParameters(p, true)]);
      states.push({ step: report.state.step, groups: Object.fromEntries(groups) });
      await options.onStep?.(report);
    },
  });
  return { parameters, losses, states };
}

/** The share of written words that are words of the catalog. */
async function readability(parameters: Parameters): Promise<number> {
  const policy = await DecoderPolicy.create({ ...tiny, parameters, runtime });
  const completions = await policy.sample({
    queries: QUERIES,
    vectors: base.queryVectors,
    samplesPerQuery: 20,
    seed: 1,
  });
  await policy.release();
  const catalog = new Set(TEXTS.flatMap((text) => text.split(' ')));
  const words = completions.flatMap((c) => c.subQueries).flatMap((text) => text.split(' '));
  return words.filter((word) => catalog.has(word)).length / words.length;
}

describe('warmStart', () => {
  it('learns to write words of the catalog', async () => {
    const { losses, parameters } = await train({ steps: 120 });
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);
    expect(await readability(parameters)).toBeGreaterThan(0.85);
    expect(await readability(randomParameters(tiny, 1))).toBeLessThan(0.5);
  });

  it('resumed, goes on bit for bit as without the break', async () => {
    const whole = await train();
    const resumed = await train({ resume: whole.states[2] });
    expect(resumed.losses).toEqual(whole.losses.slice(3));
    expect(resumed.parameters).toEqual(whole.parameters);
  });

  it('is the same for the same seed only', async () => {
    const { losses } = await train({ steps: 2 });
    expect((await train({ steps: 2 })).losses).toEqual(losses);
    expect((await train({ steps: 2, seed: 5 })).losses).not.toEqual(losses);
  });

  it.each([
    ['nearTexts', undefined],
    ['nearWords', [[0, 1], [2], [3, 4]]],
  ] as const)('aims only at what a policy that writes %s can write', async (writes, references) => {
    // Texts that are the same, or the same once cut; words with characters that no token has.
    const texts = [
      ...TEXTS.slice(0, 8),
      'red chair',
      `${'red chair '.repeat(6)}tent`,
      'red chair '.repeat(9),
      '日本 lamp',
    ];
    const of = scene({ layers: 1, vocabularySize: 48, format: { k: 5, maxTokens: 8 }, writes });
    const { losses } = await train({ ...of, ...(await letterWorld(texts)), references, steps: 10 });
    expect(losses).toHaveLength(10);
    for (const loss of losses) expect(loss).toBeLessThan(20);
  });

  it('needs no queries', async () => {
    const none = { queries: [], queryVectors: await letterEncoder.encode([]) };
    expect((await train({ steps: 2, ...none })).losses).toHaveLength(2);
  });

  it('stops at an abort signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onStep = ({ step }: { step: number }) => {
      if (step === 3) controller.abort(reason);
    };
    await expect(train({ signal: controller.signal, onStep })).rejects.toBe(reason);
  });
});
