import type { Span } from '@opentelemetry/api';
import type { Encoder } from '../encode/encoder.js';
import { checkPolicy } from '../policy/modulePolicy.js';
import { loadOwnPolicy } from '../policy/ownPolicy.js';
import type { Policy } from '../policy/policy.js';
import type { RunControl } from '../progress.js';
import type { RewardFunction } from '../reward/reward.js';
import { isTuned, type UserConfig } from '../run/config.js';
import { loadWorkspace } from '../run/workspace.js';
import { TASKS } from '../tasks/tasks.js';
import { spanned } from '../telemetry.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { compileAblations } from './ablations.js';
import { chooseStage } from './chooseStage.js';
import { compiledReward, rewardWithoutLabels } from './compiledReward.js';
import { diffusionStage } from './diffusionStage.js';
import { encodedRun } from './encodedRun.js';
import type { InputReport } from './inputs.js';
import { policyStage, warmStartStage } from './policyStages.js';
import { RunJudge } from './runJudge.js';
import {
  COMPILE_STAGES,
  type CompileStage,
  dropCheckpoint,
  once,
  type StageContext,
  type StageSummary,
} from './stage.js';
import { synthesisStage } from './synthesisStage.js';
import { tuneStage, warmUpStage } from './tuneStages.js';

export interface CompileOptions extends RunControl {
  /** The catalog: a file (JSON, CSV, TSV or Parquet, also gzip), several, a folder, `-` for standard input, or a database. */
  readonly catalog: string | readonly string[];
  /** Run folder to make, or to go on with. */
  readonly out: string;
  /** Path of reference sets (query, items, split). */
  readonly sets?: string;
  /** Path of broad queries. Absent, and without queries in `sets`: they are made from the catalog's own words. */
  readonly queries?: string;
  readonly config?: UserConfig;
  /** Stop at the first bad row of an input instead of passing it over. */
  readonly strict?: boolean;
  /** Told what became of the inputs, once they are read. */
  readonly onInputs?: (report: InputReport) => void;
  /**
   * Stop after this stage. `ablations` are those below without the rest; after the warm start another process may be compiling
   * the run.
   */
  readonly stage?: CompileStage | 'ablations';
  /** Also train the diffusions without reinforcement learning that an evaluation compares with. */
  readonly ablations?: boolean;
  /** Start anew where `out` holds a run made of other inputs, or from the first stage of which a file is damaged. */
  readonly force?: boolean;
  /** Your own text encoder in place of the configured one. */
  readonly encoder?: Encoder;
  /** Your own index, which holds the vectors of the run's encode stage (the config's: exact search). */
  readonly index?: VectorIndex;
  /** Your own policy: nothing is trained then, its sets are synthesised. Go on with the same. */
  readonly policy?: Policy;
  /** Your own reward (the config's). Like an encoder it cannot be stored: go on with the same. */
  readonly reward?: RewardFunction;
}

export interface CompileResult {
  /** The run folder. */
  readonly run: string;
  /** Seconds of every finished stage. */
  readonly seconds: Readonly<Partial<Record<CompileStage, number>>>;
}

/**
 * Compiles a set retriever: catalog -> embeddings -> policy (Soft-GRPO) -> synthesised sets -> set diffusion -> the method that does
 * best on validation queries, which `auto` then stands for. Finished stages are not run again, and one that was interrupted goes on at
 * its last checkpoint.
 *
 * @throws InputError for bad input; DamagedFileError if the run holds a file that is not what was written; TrainingError when training diverges; the signal's reason when cancelled
 *
 * @example
 * await compile({ catalog: 'catalog.jsonl', queries: 'queries.txt', out: 'runs/shop' });
 */
export function compile(options: CompileOptions): Promise<CompileResult> {
  return spanned('r4t.compile', {}, (span) => compileWithin(options, span));
}

async function compileWithin(options: CompileOptions, span: Span): Promise<CompileResult> {
  const { out, stage, signal, onProgress } = options;
  const { run, config, runtime, encoder, budget, wanted, lock } = await encodedRun(options, span);
  await using _lock = lock;
  const workspace = await loadWorkspace(run, encoder, runtime, { index: options.index, isTraining: true });
  const policy =
    options.policy ??
    (await loadOwnPolicy(run, config, workspace, {
      ...runtime,
      k: config.k,
      keep: true,
      signal,
      onProgress,
    }));
  const judge = new RunJudge({
    run,
    config,
    workspace,
    runtime,
    // Test queries are asked about by evaluations alone.
    queries: workspace.queries.filter(({ split }) => split !== 'test').map(({ query }) => query),
    signal,
    onProgress,
  });
  try {
    const rewards = { run, config, workspace, judge, own: options.reward };
    const rewarded = await compiledReward(rewards);
    const context: StageContext = {
      run,
      config,
      runtime,
      task: TASKS[config.task],
      reward: rewarded.reward,
      blind: await rewardWithoutLabels(rewards),
      budget: rewarded.countsBudget ? budget : undefined,
      workspace: { ...workspace, judge: rewarded.judge },
      policy: policy && checkPolicy(policy, config.k),
      signal,
      onProgress,
    };
    for (const [name, work] of Object.entries(
      policy ? AROUND_OWN_POLICY : isTuned(config.policy) ? TUNING : TRAINING,
    ) as [Exclude<CompileStage, 'encode'>, StageWork][]) {
      if (!wanted.includes(name)) break;
      signal?.throwIfAborted();
      await once(run, name, async () => work(context));
      await dropCheckpoint(context, name);
    }
    if (stage === 'ablations' || (options.ablations && !stage)) await compileAblations(context);
  } finally {
    await judge.release();
    if (!options.policy) await policy?.release?.();
    await workspace.release();
  }
  const seconds = COMPILE_STAGES.flatMap((s) => {
    const record = run.stageDone(s);
    return record ? [[s, record.seconds]] : [];
  });
  return { run: out, seconds: Object.fromEntries(seconds) };
}

type StageWork = (context: StageContext) => Promise<StageSummary>;

const TRAINING: Readonly<Record<Exclude<CompileStage, 'encode'>, StageWork>> = {
  'warm-start': warmStartStage,
  policy: policyStage,
  synthesis: synthesisStage,
  diffusion: diffusionStage,
  choose: chooseStage,
};

/** A pretrained language model is tuned. */
const TUNING = { ...TRAINING, 'warm-start': warmUpStage, policy: tuneStage };

/** Of a policy that is used as it is there is nothing to train. */
const given: StageWork = async () => ({ seconds: 0, own: true });
const AROUND_OWN_POLICY = { ...TRAINING, 'warm-start': given, policy: given };
