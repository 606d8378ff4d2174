/** The reward that a run's policy is trained with, and the judge it asks. */
import { aspectsOf } from '../candidates/aspects.js';
import { isModule } from '../moduleSetting.js';
import { composite } from '../reward/composite.js';
import type { Judge } from '../reward/judge/judge.js';
import { labelReward } from '../reward/labelReward.js';
import { loadModuleReward } from '../reward/moduleReward.js';
import { relevanceReward } from '../reward/relevanceReward.js';
import type { RewardFunction } from '../reward/reward.js';
import { type Config, paperWeights } from '../run/config.js';
import { moduleFile } from '../run/placePaths.js';
import type { RunFolder } from '../run/runFolder.js';
import { hasLabels, type Workspace } from '../run/workspace.js';
import { TASKS } from '../tasks/tasks.js';
import type { RunJudge } from './runJudge.js';

export interface CompiledReward {
  readonly reward: RewardFunction;
  /** Whom the reward asks. */
  readonly judge?: Judge;
  /** Whether it reads what all sub-queries retrieve within the budget; what people see is the set itself. */
  readonly countsBudget: boolean;
}

export interface RewardOptions {
  readonly run: RunFolder;
  readonly config: Config;
  readonly workspace: Pick<Workspace, 'items' | 'vectors' | 'queries'>;
  /** The run's judge, opened where the reward asks it. */
  readonly judge: Pick<RunJudge, 'open'>;
  /** A reward that was given as an argument goes before all others. */
  readonly own?: RewardFunction;
}

/**
 * The user's own reward, the paper's, that by a judge who is named, that by labels, or where there are none that by the default
 * judge: the first of these which the config has.
 */
export async function compiledReward(options: RewardOptions): Promise<CompiledReward> {
  const { run, config, workspace } = options;
  const reward = options.own ?? config.reward;
  if (typeof reward === 'function') return { reward, countsBudget: true };
  if (isModule(reward))
    return { reward: await loadModuleReward(await moduleFile(run.folder, reward)), countsBudget: true };
  const weights = paperWeights(config);
  if (weights) return { reward: TASKS[config.task].paperReward(weights), countsBudget: true };
  if (reward.judge || !hasLabels(workspace.queries)) return judgedReward(options);
  const { items, vectors } = workspace;
  return {
    reward: labelReward(aspectsOf(items, vectors, { field: config.catalog.aspect })),
    countsBudget: false,
  };
}

/** A reward that reads no reference set, which nobody has when one searches: the run's own where it has such a one, else that by its judge. */
export async function rewardWithoutLabels(options: RewardOptions): Promise<CompiledReward> {
  const { config, own, workspace } = options;
  if (own || !hasLabels(workspace.queries)) return compiledReward(options);
  const weights = paperWeights(config);
  return weights ? { reward: composite({ weights }), countsBudget: false } : judgedReward(options);
}

async function judgedReward({ judge }: RewardOptions): Promise<CompiledReward> {
  return { reward: relevanceReward(), judge: await judge.open(), countsBudget: false };
}
