/** Keeps the parameters that did best on validation queries: small training sets are soon learned by heart. */
import { access, rm } from 'node:fs/promises';
import { type Parameters, saveWeights } from '../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { readJson, writeJson } from '../files.js';
import { rowRange } from '../matrix.js';
import { retrieveFanOuts } from '../policy/fanOut.js';
import type { Policy } from '../policy/policy.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { RewardFunction } from '../reward/reward.js';
import type { RunFolder } from '../run/runFolder.js';

export interface BestPolicyOptions {
  readonly run: Pick<RunFolder, 'path'>;
  /** Reads parameters that were saved. */
  readonly load: (file: string) => Promise<Parameters>;
  readonly policy: Pick<Policy, 'sample'> & { readonly parameters: Parameters };
  readonly workspace: RetrievalWorld;
  readonly validation: QueryBatch;
  readonly reward: RewardFunction;
  readonly budget?: number;
  readonly temperature: number;
  readonly steps: number;
  /** Steps of an earlier session. */
  readonly doneBefore: number;
  readonly seed: number;
  /** Stops a judge that takes its time. */
  readonly signal?: AbortSignal;
}

/** Validation queries asked each time at most, and times in a whole training. */
const QUERIES = 100;
const ROUNDS = 8;

/** Samples of each of n queries: two, or, where queries are few, enough that chance does not choose. */
const samplesOf = (n: number): number => Math.max(2, Math.ceil(QUERIES / n));

const FILES = { score: 'best.json', weights: 'best.safetensors' };

interface Score {
  readonly step: number;
  readonly reward: number;
}

export class BestPolicy {
  private constructor(
    private readonly options: BestPolicyOptions,
    private readonly validation: QueryBatch,
    private best: Score | undefined,
  ) {}

  static async open(options: BestPolicyOptions): Promise<BestPolicy> {
    const { run, validation, doneBefore } = options;
    const n = Math.min(QUERIES, validation.texts.length);
    const part = {
      texts: validation.texts.slice(0, n),
      vectors: rowRange(validation.vectors, 0, n),
      references: validation.references?.slice(0, n),
    };
    const saved = doneBefore > 0 ? await readScore(run.path('policy', FILES.score)) : undefined;
    // What a lost session found after its last checkpoint is found again.
    const best = saved && saved.step <= doneBefore ? saved : undefined;
    const found = new BestPolicy(options, part, best);
    if (doneBefore === 0) await found.judge(0);
    return found;
  }

  /** To be called after every step, with the policy's parameters up to date; resolves with the reward where it was measured. */
  async after(step: number): Promise<number | undefined> {
    const { steps } = this.options;
    const due = step % Math.max(1, Math.floor(steps / ROUNDS)) === 0 || step === steps;
    return due ? this.judge(step) : undefined;
  }

  /** The best parameters, or `last` where there are no validation queries. */
  async choose(last: Parameters): Promise<{ parameters: Parameters; score?: Score }> {
    const { run, load } = this.options;
    if (!this.best) return { parameters: last };
    const parameters = await load(run.path('policy', FILES.weights));
    return { parameters, score: this.best };
  }

  /** Deletes its files, once the chosen parameters are safe. */
  async clear(): Promise<void> {
    for (const name of Object.values(FILES)) await rm(this.options.run.path('policy', name), { force: true });
  }

  private async judge(step: number): Promise<number | undefined> {
    const { policy, workspace, reward, budget, temperature, seed, run, signal } = this.options;
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
    const { meanReward } = scoreFanOuts(
      await retrieveFanOuts(completions, queries, workspace, { budget, signal }),
      reward,
    );
    if (meanReward > (this.best?.reward ?? Number.NEGATIVE_INFINITY)) {
      this.best = { step, reward: meanReward };
      await saveWeights(run.path('policy', FILES.weights), policy.parameters);
      await writeJson(run.path('policy', FILES.score), this.best);
    }
    return meanReward;
  }
}

async function readScore(file: string): Promise<Score | undefined> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  return exists ? ((await readJson(file)) as Score) : undefined;
}
