import { rm } from 'node:fs/promises';
import { presets } from '../diffusion/config.js';
import { loadCheckpoint, type RuntimeOptions, saveCheckpoint } from '../engine/index.js';
import type { Policy } from '../policy/policy.js';
import type { RunControl } from '../progress.js';
import type { RewardFunction } from '../reward/reward.js';
import { type Config, isTuned, type PolicySettings } from '../run/config.js';
import type { Stage } from '../run/manifest.js';
import { MetricsLog } from '../run/metricsLog.js';
import { CHECKPOINT, type RunFolder, startOver } from '../run/runFolder.js';
import type { Workspace } from '../run/workspace.js';
import type { TargetRows } from '../synthesis/synthesize.js';
import type { Task } from '../tasks/task.js';
import { spanned } from '../telemetry.js';
import type { TrainingControl } from '../training.js';
import type { CompiledReward } from './compiledReward.js';

/** The stages that `compile` runs, in order. */
export const COMPILE_STAGES = ['encode', 'warm-start', 'policy', 'synthesis', 'diffusion', 'choose'] as const;
export type CompileStage = (typeof COMPILE_STAGES)[number];

/** What a stage of the compilation works with. */
export interface StageContext extends RunControl {
  readonly run: RunFolder;
  readonly config: Config;
  readonly runtime: RuntimeOptions;
  readonly task: Task;
  readonly reward: RewardFunction;
  /** What says how good a set is whose reference nobody knows. */
  readonly blind: Pick<CompiledReward, 'reward' | 'judge'>;
  /** B: items which all sub-queries retrieve together, where the reward counts them. */
  readonly budget?: number;
  readonly workspace: Workspace;
  /** A policy that is used as it is, the user's own or a language model: nothing is trained then. */
  readonly policy?: Policy;
}

/** The settings of the pointer. */
export function trainedPolicySettings({ policy }: Config): PolicySettings {
  if (policy.kind === 'pointer') return policy;
  throw new Error(`a policy of kind ${policy.kind} is no pointer`);
}

/** What the rows of its sets are: items, unless a language model or a policy of the user's writes sub-queries for a diffusion whose rows may be anything. */
export const rowsOf = ({
  policy,
  config,
  task,
}: Pick<StageContext, 'policy' | 'config' | 'task'>): TargetRows =>
  (policy || isTuned(config.policy)) && presets[config.diffusion.preset].head === 'edm' ? task.rows : 'items';

/** What the run's manifest says of a finished stage. */
export interface StageSummary {
  /** Working time over all resumptions. */
  readonly seconds: number;
  readonly [name: string]: unknown;
}

/** A checkpoint at least this often, so that a crash costs little. */
const CHECKPOINT_SECONDS = 20;

/**
 * Runs a training loop so that it can be stopped and goes on where it was: a checkpoint by the clock and when it is
 * cancelled, metrics as JSON lines with the working time so far. `train` is also told the steps that are done already.
 * Resolves with what the loop returned and the seconds it took over all resumptions.
 */
export async function checkpointed<T>(
  { run, signal, onProgress }: StageContext,
  stage: Stage,
  train: (control: TrainingControl, doneBefore: number) => Promise<T>,
): Promise<{ result: T; seconds: number }> {
  const folder = run.path(stage, CHECKPOINT);
  const saved = await loadCheckpoint(folder, startOver(run.path(stage)));
  const before = (saved?.extra ?? { seconds: 0, steps: 0 }) as { seconds: number; steps: number };
  const started = performance.now();
  const seconds = () => before.seconds + (performance.now() - started) / 1000;
  const log = await MetricsLog.open(run.path(stage, 'metrics.jsonl'), { fromStep: before.steps });
  let lastSave = performance.now();
  try {
    const onStep: TrainingControl['onStep'] = async ({ step, metrics, state }) => {
      await log.append({ step: step - 1, ...metrics, seconds: seconds() });
      if (performance.now() - lastSave < 1000 * CHECKPOINT_SECONDS && !signal?.aborted) return;
      await saveCheckpoint(folder, state, { seconds: seconds(), steps: step });
      lastSave = performance.now();
    };
    const result = await train({ signal, onProgress, resume: saved?.state, onStep }, before.steps);
    return { result, seconds: seconds() };
  } finally {
    await log.close();
  }
}

/** Deletes a stage's checkpoint once its result is written. */
export async function dropCheckpoint({ run }: StageContext, stage: Stage): Promise<void> {
  await rm(run.path(stage, CHECKPOINT), { recursive: true, force: true });
}

/** Runs a stage unless the run already has it. */
export async function once(run: RunFolder, stage: Stage, work: () => Promise<StageSummary>): Promise<void> {
  if (run.stageDone(stage)) return;
  await spanned(`r4t.compile ${stage}`, { 'r4t.stage': stage }, async () =>
    run.finishStage(stage, await work()),
  );
}
