/** The reinforcement learning of a policy of whichever kind: watched by probes, and judged on validation queries. */
import { type Parameters, saveWeights } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import type { Policy } from '../policy/policy.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import type { TrainingControl } from '../training.js';
import { BestPolicy, type BestPolicyOptions } from './bestPolicy.js';
import { ProbeLog } from './probeLog.js';
import { checkpointed, type StageContext, type StageSummary } from './stage.js';

export interface JudgedTrainingOptions extends Pick<BestPolicyOptions, 'load' | 'temperature' | 'steps'> {
  readonly policy: Policy & { readonly parameters: Parameters };
  readonly validation: QueryBatch;
  /** Trains the policy, whose parameters are up to date when `onStep` is called; resolves with the last ones. */
  readonly train: (control: TrainingControl) => Promise<Parameters>;
}

/** Trains, and stores the parameters that did best on the validation queries. */
export async function judgedTraining(
  context: StageContext,
  { policy, load, temperature, steps, validation, train }: JudgedTrainingOptions,
): Promise<StageSummary> {
  const { run, config, workspace, reward, budget, signal } = context;
  const { seed } = config;
  const file = run.path('policy', 'probes.jsonl');
  const { result, seconds } = await checkpointed(context, 'policy', async (control, doneBefore) => {
    const common = { policy, workspace, steps, doneBefore, seed };
    await using probes = await ProbeLog.open({ ...common, file });
    const judge = await BestPolicy.open({
      ...common,
      run,
      load,
      validation,
      reward,
      budget,
      temperature,
      signal,
    });
    const last = await train({
      ...control,
      onStep: async (report) => {
        await probes.after(report.step);
        const validated = await judge.after(report.step);
        const { metrics } = report;
        await control.onStep?.({
          ...report,
          metrics: validated === undefined ? metrics : { ...metrics, validation: validated },
        });
      },
    });
    return judge.choose(last);
  });
  await saveWeights(run.path(...POLICY_FILES.trained), result.parameters);
  return { seconds, ...(result.score && { bestStep: result.score.step, validation: result.score.reward }) };
}
