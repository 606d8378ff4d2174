/** Keeps the parameters that did best on validation queries: small training sets are soon learned by heart. */
import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { checkFiles, checksumOf, checksumsSchema, readSealedJson, writeSealedJson } from '../checksums.js';
import { PROBED_QUERIES, type ProbeFigures, probeFigures } from '../choose/probeFigures.js';
import type { SetQuality, ShownSet } from '../choose/setQuality.js';
import { type Parameters, saveWeights } from '../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { rowRange } from '../matrix.js';
import { retrieveFanOuts } from '../policy/fanOut.js';
import type { Policy } from '../policy/policy.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { FanOut, RewardFunction } from '../reward/reward.js';
import { CHECKPOINT, type RunFolder, startOver } from '../run/runFolder.js';

type Run = Pick<RunFolder, 'path'>;

export interface BestPolicyOptions {
  readonly run: Run;
  /** Reads parameters that were saved. */
  readonly load: (file: string) => Promise<Parameters>;
  readonly policy: Pick<Policy, 'sample'> & { readonly parameters: Parameters };
  readonly workspace: RetrievalWorld;
  readonly validation: QueryBatch;
  readonly reward: RewardFunction;
  /** Says what labels say of the sets; its queries begin with those of `validation`. */
  readonly quality?: SetQuality;
  readonly budget?: number;
  readonly temperature: number;
  readonly steps: number;
  /** Steps of an earlier session. */
  readonly doneBefore: number;
  readonly seed: number;
  /** Stops a judge that takes its time. */
  readonly signal?: AbortSignal;
}

/** Times that the validation queries are asked in a whole training. */
const ROUNDS = 8;

/** Samples of each of n queries: two, or, where queries are few, enough that chance does not choose. */
const samplesOf = (n: number): number => Math.max(2, Math.ceil(PROBED_QUERIES / n));

const SCORE = ['policy', CHECKPOINT, 'best.json'] as const;

/** The weights of a step: what the score names is never overwritten. */
const weightsName = (step: number): string => `best-${step}.safetensors`;
const ARE_WEIGHTS = /^best-\d+\.safetensors$/;

const scoreSchema = z.object({ step: z.int().min(0), reward: z.number(), files: checksumsSchema });

interface Score {
  /** Of the training, whose parameters did best. */
  readonly step: number;
  readonly reward: number;
}

/** What was measured: the mean reward as `validation`, and what labels say. */
export type Validated = { readonly validation: number } & ProbeFigures;

/** Its files lie beside the training's checkpoint and go with it: both belong to one session or another. */
export class BestPolicy {
  private constructor(
    private readonly options: BestPolicyOptions,
    private readonly validation: QueryBatch,
    private best: Score | undefined,
  ) {}

  /** What the untrained policy was worth, where it was measured in this session. */
  start: Validated | undefined;

  static async open(options: BestPolicyOptions): Promise<BestPolicy> {
    const { run, validation, doneBefore } = options;
    const n = Math.min(PROBED_QUERIES, validation.texts.length);
    const part = {
      texts: validation.texts.slice(0, n),
      vectors: rowRange(validation.vectors, 0, n),
      references: validation.references?.slice(0, n),
    };
    const saved = doneBefore > 0 ? await readScore(run) : undefined;
    // What a lost session found after its last checkpoint is found again.
    const best = saved && saved.step <= doneBefore ? saved : undefined;
    const found = new BestPolicy(options, part, best);
    if (doneBefore === 0) found.start = await found.judge(0);
    return found;
  }

  /** To be called after every step, with the policy's parameters up to date; resolves with what was measured, where it was. */
  async after(step: number): Promise<Validated | undefined> {
    const { steps } = this.options;
    const due = step % Math.max(1, Math.floor(steps / ROUNDS)) === 0 || step === steps;
    return due ? this.judge(step) : undefined;
  }

  /** The best parameters, or `last` where there are no validation queries. */
  async choose(last: Parameters): Promise<{ parameters: Parameters; score?: Score }> {
    const { run, load } = this.options;
    if (!this.best) return { parameters: last };
    const parameters = await load(run.path('policy', CHECKPOINT, weightsName(this.best.step)));
    return { parameters, score: this.best };
  }

  private async judge(step: number): Promise<Validated | undefined> {
    const { policy, workspace, reward, quality, budget, temperature, seed, run, signal } = this.options;
    const queries = this.validation;
    if (queries.texts.length === 0) return undefined;
    const completions = await policy.sample({
      queries: queries.texts,
      vectors: queries.vectors,
      samplesPerQuery: samplesOf(queries.texts.length),
      temperature,
      seed,
      streams: queries.texts.map((text) => `validation/${text}`),
    });
    const fanOuts = await retrieveFanOuts(completions, queries, workspace, { budget, signal });
    const { meanReward } = scoreFanOuts(fanOuts, reward);
    if (meanReward > (this.best?.reward ?? Number.NEGATIVE_INFINITY)) {
      this.best = { step, reward: meanReward };
      await saveBest(run, this.best, policy.parameters);
    }
    const first = queries.texts.map((_, q) => fanOuts[completions.findIndex(({ query }) => query === q)]);
    return { validation: meanReward, ...(await probeFigures(quality, first.map(shownSet))) };
  }
}

/** The best item of every direction, as the reward reads it. */
const shownSet = ({ retrieved }: FanOut): ShownSet => ({
  assigned: Array.from(retrieved, (item) => ({ item })),
});

async function saveBest(run: Run, best: Score, parameters: Parameters): Promise<void> {
  const folder = run.path('policy', CHECKPOINT);
  const name = weightsName(best.step);
  await saveWeights(join(folder, name), parameters);
  const files = { [name]: await checksumOf(join(folder, name)) };
  await writeSealedJson(run.path(...SCORE), { ...best, files });
  for (const other of await readdir(folder))
    if (ARE_WEIGHTS.test(other) && other !== name) await rm(join(folder, other), { force: true });
}

/** @throws DamagedFileError if the score or its weights are damaged */
async function readScore(run: Run): Promise<Score | undefined> {
  const exists = await access(run.path(...SCORE)).then(
    () => true,
    () => false,
  );
  if (!exists) return undefined;
  const remedy = startOver(run.path('policy'));
  const { files, ...score } = scoreSchema.parse(await readSealedJson(run.path(...SCORE), remedy));
  await checkFiles(run.path('policy', CHECKPOINT), files, remedy);
  return score;
}
