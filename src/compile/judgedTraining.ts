/** The reinforcement learning of a policy of whichever kind: watched by probes, and judged on validation queries. */
import { setQuality } from '../choose/setQuality.js';
import { saveWeights } from '../engine/index.js';
import type { TrainablePolicy } from '../policy/policy.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { type ReinforceOptions, reinforce } from '../policy/reinforce.js';
import type { SoftGrpoCoefficients } from '../policy/softGrpo.js';
import { BestPolicy, type BestPolicyOptions } from './bestPolicy.js';
import { ProbeLog } from './probeLog.js';
import { checkpointed, type StageContext, type StageSummary } from './stage.js';
import { trainingQueries, validationQueries } from './trainingQueries.js';

/** How a policy is reinforced, as the config says. */
export type ReinforcementSettings = Pick<
  ReinforceOptions,
  'steps' | 'queriesPerStep' | 'groupSize' | 'epochs' | 'learningRate' | 'credit'
> &
  SoftGrpoCoefficients;

export interface JudgedTrainingOptions extends Pick<BestPolicyOptions, 'load'> {
  readonly policy: TrainablePolicy;
  readonly settings: ReinforcementSettings;
}

/** Trains on the training queries, and stores the parameters that did best on the validation queries, asked as searches ask. */
export async function judgedTraining(
  context: StageContext,
  { policy, load, settings }: JudgedTrainingOptions,
): Promise<StageSummary> {
  const { run, config, workspace, reward, blind, budget, runtime, signal } = context;
  const { steps, queriesPerStep, groupSize, epochs, learningRate, credit, clip, klOld, klReverse } = settings;
  const queries = await trainingQueries(context);
  const validation = await validationQueries(context);
  const quality = await setQuality({ workspace, config, ...blind, signal });
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
      quality,
      budget,
      temperature: 0,
      signal,
    });
    const last = await reinforce({
      policy,
      world: workspace,
      queries,
      reward,
      budget,
      steps,
      queriesPerStep,
      groupSize,
      epochs,
      learningRate,
      credit,
      coefficients: { clip, klOld, klReverse },
      seed,
      runtime,
      ...control,
      onStep: async (report) => {
        await probes.after(report.step);
        const validated = await judge.after(report.step);
        // The first line also says where the training began.
        const before = report.step === 1 ? judge.start : undefined;
        await control.onStep?.({ ...report, metrics: { ...report.metrics, ...before, ...validated } });
      },
    });
    return judge.choose(last);
  });
  await saveWeights(run.path(...POLICY_FILES.trained), result.parameters);
  return { seconds, ...(result.score && { bestStep: result.score.step, validation: result.score.reward }) };
}
