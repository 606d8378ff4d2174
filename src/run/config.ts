import * as z from 'zod';
import { encoderSetting } from '../encode/encoderSetting.js';
import { moduleSetting } from '../moduleSetting.js';
import { pretrainedShape } from '../policy/pretrained/pretrainedSetting.js';
import { WRITTEN_KINDS } from '../policy/written/policySetting.js';
import { type CompositeWeights, DEFAULT_WEIGHTS } from '../reward/composite.js';
import { judgeSetting } from '../reward/judge/judgeSetting.js';
import type { RewardFunction } from '../reward/reward.js';
import { ENGINE_SETTINGS } from '../vectorIndex/engines/engineSetting.js';

// One block a stage. A new setting is one line here: type, range and default in one place.

const count = z.int().positive();
const positive = z.number().positive();
const share = z.number().min(0).max(1);
const weight = z.number().min(0);

/** Field names and the text template; see `CatalogFields`. */
const catalog = z.strictObject({
  text: z.string().optional(),
  id: z.string().optional(),
  title: z.string().optional(),
  category: z.string().optional(),
  /** The field whose values are the aspects of a set in evaluations (the category, else clusters of the vectors). */
  aspect: z.string().optional(),
  image: z.string().optional(),
  /** What `price` means in filters. */
  price: z.string().optional(),
  vector: z.string().optional(),
  /** Records of one value here are variants of one item. */
  group: z.string().optional(),
  /** The field of the query in files of queries and sets. */
  query: z.string().optional(),
  /** What text files are encoded in, where it is not UTF-8. */
  encoding: z.string().optional(),
});

const onlyWithPaper = { path: ['weights'], message: 'belongs to the preset "paper"; add "preset": "paper"' };
const notWithPaper = {
  path: ['judge'],
  message: 'is not asked with the preset "paper"; leave one of them out',
};

const onlyWithSmall = {
  path: ['samplerSteps'],
  message: '0 steps are for the preset "small" alone, which orders candidates; choose 1 or more',
};

/** What a good set is, where the user does not say it with a function; absent: labels, and relevance x diversity without them. */
const reward = z
  .strictObject({
    /** The paper's rewards: the weighted composite, or coverage of reference sets. */
    preset: z.literal('paper').optional(),
    /** Weights of the composite's normalised components (docs/paper.md, Rewards). */
    weights: z
      .strictObject({
        groundedness: weight.default(DEFAULT_WEIGHTS.groundedness),
        diversity: weight.default(DEFAULT_WEIGHTS.diversity),
        alignment: weight.default(DEFAULT_WEIGHTS.alignment),
      })
      .optional(),
    /** Who says how relevant items are; named, it goes before labels. Absent: `hybrid`. */
    judge: judgeSetting.optional(),
  })
  .refine(({ preset, weights }) => preset || !weights, onlyWithPaper)
  .refine(({ preset, judge }) => !(preset && judge), notWithPaper);

/** Soft-GRPO. */
const softGrpo = {
  queriesPerStep: count.default(32),
  groupSize: count.min(2).default(8),
  learningRate: positive.default(1e-3),
  clip: share.default(0.2),
  /** b1: weight of the KL term towards the policy that sampled. */
  klOld: weight.default(0.05),
  /** b2: weight of the reverse KL term. */
  klReverse: weight.default(0.05),
  /** Whose gain an item's advantage is: the whole set's, as in the paper, or its own, where the reward tells. */
  credit: z.enum(['set', 'subQuery']).default('subQuery'),
  /** Optimiser passes over each batch of rollouts. */
  epochs: count.default(1),
};

/** The built-in policy, which chooses items, and its training by Soft-GRPO. */
const policy = z.strictObject({
  kind: z.literal('pointer').default('pointer'),
  /** Path of recorded fan-outs, whose sets are imitated where there are no reference sets. */
  fanOuts: z.string().min(1).optional(),
  /** Steps of imitating the reference sets, the recorded ones, or where there are none the best baseline. */
  warmStartSteps: z.int().min(0).default(200),
  steps: z.int().min(0).default(40),
  ...softGrpo,
});

/** A language model that Soft-GRPO tunes in this process: of a run's time nearly all is its. */
const pretrained = z.strictObject({
  ...pretrainedShape,
  ...softGrpo,
  queriesPerStep: count.default(8),
  learningRate: positive.default(1e-4),
});

const POLICIES = [moduleSetting, ...WRITTEN_KINDS, pretrained, policy] as const;

/** Sampling the frozen policy into training targets. */
const synthesis = z.strictObject({
  /** n; absent: 16, and the paper's 128 for its preset. */
  samplesPerQuery: count.optional(),
  /** Absent: 0.4, as sets at 0.9 have items that nobody would choose; 0.9 of one that is not trained. */
  temperature: positive.optional(),
  topP: share.refine((p) => p > 0, 'expected a number above 0').default(1),
  /** Learn only from sets whose reward reaches this quantile of their query's sets; absent: from the better half, of one that is not trained from all. */
  rewardQuantile: share.optional(),
});

/** The set denoiser, its training and its sampler. What is absent comes from the preset. */
const diffusion = z
  .strictObject({
    preset: z.enum(['small', 'paper']).default('small'),
    steps: z.int().min(0).optional(),
    batchSize: count.optional(),
    /** Peak of the learning rate. */
    learningRate: positive.optional(),
    emaDecay: share.optional(),
    conditionDropout: share.default(0.1),
    sampler: z
      .enum(['eulerMaruyama', 'heun', 'dpmSolverPlusPlus2M', 'exponentialSde'])
      .default('dpmSolverPlusPlus2M'),
    /** Denoising steps of a request which does not say; absent: as few as validation allows, or as the sampler needs. */
    samplerSteps: z.int().min(0).optional(),
    /** Strength of classifier-free guidance; above 0 every denoising step costs twice. */
    guidance: weight.default(0),
    /** Sets drawn for a query by a model whose rows are candidates: the answer is what most of them have; absent: as few as validation allows. */
    draws: count.optional(),
  })
  .refine(({ preset, samplerSteps }) => preset === 'small' || samplerSteps !== 0, onlyWithSmall);

const rewardFunction = z.custom<RewardFunction>((value) => typeof value === 'function');

export const configSchema = z.strictObject({
  seed: z.int().min(0).default(1),
  /** Sub-queries and items of a result. */
  k: count.min(2).max(100).default(10),
  /** Length of the vectors after the projection. */
  dimensions: count.default(256),
  /** `oar`: no ground truth; `wscr`: reference sets are the reward. */
  task: z.enum(['oar', 'wscr']).default('oar'),
  /** WSCR: items which all directions together may retrieve, as a share of the catalog (the paper: 5,000 of 142K). */
  budget: share.default(0.035),
  /** Threads of the runtime; absent: one a core. */
  threads: count.optional(),
  device: z.enum(['cpu', 'webgpu', 'cuda']).default('cpu'),
  catalog: catalog.prefault({}),
  /** `precomputed`: the catalog's `vector` field; an object: see encoderSetting.ts. */
  encoder: encoderSetting.default('use-lite+glove'),
  /** `exact`, a search engine, or a module whose default export is an async function `({ vectors, items }) => VectorIndex`. */
  index: z
    .union([
      z.enum(['exact']),
      z.discriminatedUnion('kind', [...ENGINE_SETTINGS, moduleSetting], {
        error: `expected one of ${[...ENGINE_SETTINGS, moduleSetting].map(({ shape }) => shape.kind.value).join(', ')}`,
      }),
    ])
    .default('exact'),
  /** Also a module whose default export is a `RewardFunction`. */
  reward: z.union([rewardFunction, moduleSetting, reward]).prefault({}),
  /** `pointer` and `pretrained` are trained; also a language model, or a module whose default export is an async function `(world, { k }) => Policy`, as they are. */
  policy: z
    .discriminatedUnion('kind', POLICIES, {
      error: 'expected one of pointer, pretrained, gguf, chat, recorded, module',
    })
    .prefault({}),
  synthesis: synthesis.prefault({}),
  diffusion: diffusion.prefault({}),
});

/** What a user writes: every setting is optional. */
export type UserConfig = z.input<typeof configSchema>;

/** The settings of the built-in policy. */
export type PolicySettings = z.output<typeof policy>;

export type TunedPolicySettings = z.output<typeof pretrained>;

/** Whether the policy is a language model that the run tunes. */
export const isTuned = (policy: Config['policy']): policy is TunedPolicySettings =>
  policy.kind === 'pretrained';

/** Whether the policy is trained by the run; any other is used as it is. */
export const isTrained = (policy: Config['policy']): policy is PolicySettings | TunedPolicySettings =>
  policy.kind === 'pointer' || isTuned(policy);

/** How a run's policy is sampled into sets, and which of these are learnt from. */
export function synthesisSettings({ policy, synthesis }: Config): {
  readonly temperature: number;
  readonly topP: number;
  readonly rewardQuantile?: number;
} {
  const chooses = policy.kind === 'pointer';
  const { temperature = chooses ? 0.4 : 0.9, topP, rewardQuantile = chooses ? 0.5 : undefined } = synthesis;
  return { temperature, topP, rewardQuantile };
}

/** The weights of the paper's composite, where the config asks for it. */
export function paperWeights({ reward }: Pick<Config, 'reward'>): CompositeWeights | undefined {
  if (!('preset' in reward) || !reward.preset) return undefined;
  return reward.weights ?? DEFAULT_WEIGHTS;
}

/** The settings of a run, with every default filled in. */
export type Config = z.output<typeof configSchema>;

/**
 * Gives a config file its types; returns its argument.
 *
 * @example
 * // r4t.config.ts
 * import { defineConfig } from 'r4t';
 * export default defineConfig({ k: 8, reward: ({ retrieved, items }) => myScore(retrieved, items) });
 */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}
