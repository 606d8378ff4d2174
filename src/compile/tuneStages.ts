/** Step 1 of R4T with a pretrained language model: supervised warm-up, then Soft-GRPO, of an adapter. */
import { type Parameters, saveWeights } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import type { Policy } from '../policy/policy.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { writeAdapter } from '../policy/pretrained/files/adapter.js';
import { openPretrained } from '../policy/pretrained/openPretrained.js';
import { loadAdapter, saveTunedModel } from '../policy/pretrained/pretrainedFiles.js';
import type { PretrainedPolicy } from '../policy/pretrained/pretrainedPolicy.js';
import { warmUp } from '../policy/pretrained/warmUp.js';
import { examplesOf } from '../policy/written/prompt.js';
import { loadTunedPolicy, placeInRun } from '../retrieve/loadRun.js';
import { type Config, isTuned, type TunedPolicySettings } from '../run/config.js';
import { judgedTraining } from './judgedTraining.js';
import { openPolicy } from './policyStages.js';
import { recordedOf } from './recordedSets.js';
import { checkpointed, type StageContext, type StageSummary } from './stage.js';
import { trainingQueries } from './trainingQueries.js';

function tunedSettings({ policy }: Config): TunedPolicySettings {
  if (isTuned(policy)) return policy;
  throw new Error(`a policy of kind ${policy.kind} is not tuned`);
}

/** Teaches the model to write recorded fan-outs or the titles of reference sets; where there are none, it begins as it is. */
export async function warmUpStage(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, runtime, signal, onProgress } = context;
  const { k, seed } = config;
  const settings = tunedSettings(config);
  const { lora, recompute, examples: count, warmStartSteps, fanOuts } = settings;
  const queries = await trainingQueries(context);
  const taught =
    fanOuts === undefined
      ? taughtSets(queries, workspace.items)
      : await recordedOf(run.folder, fanOuts, queries);
  const shown = examplesOf(queries, workspace.items, { count, k, seed });
  const policy = await openPretrained({
    model: await placeInRun(run, settings),
    k,
    lora,
    recompute,
    examples: shown,
    seed,
    runtime,
    signal,
    onProgress,
  });
  try {
    const { seconds } = await checkpointed(context, 'warm-start', (control) =>
      warmUp({
        policy,
        examples: taught,
        steps: taught.length === 0 ? 0 : warmStartSteps,
        learningRate: WARM_UP_RATE,
        seed,
        runtime,
        ...control,
      }),
    );
    await saveTunedModel(run.path(...POLICY_FILES.model), { lora, examples: shown });
    await saveWeights(run.path(...POLICY_FILES.untrained), policy.parameters);
    return { seconds };
  } finally {
    await policy.release();
  }
}

/** Peak of the warm-up's learning rate, usual for adapters of this rank. */
const WARM_UP_RATE = 1e-3;

/** Training queries with the titles of their reference sets. */
function taughtSets(
  { texts, references = [] }: QueryBatch,
  items: readonly { readonly title: string }[],
): { query: string; subQueries: string[] }[] {
  return texts.flatMap((query, q) => {
    const subQueries = (references[q] ?? []).map((row) => items[row].title);
    return subQueries.length > 0 ? [{ query, subQueries }] : [];
  });
}

/** Reinforcement learning from the warm-up. The adapter is also written as PEFT's, in `policy/adapter`. */
export async function tuneStage(context: StageContext): Promise<StageSummary> {
  const { run, config, runtime } = context;
  const settings = tunedSettings(config);
  const policy = await loadTunedPolicy(run, config, 'untrained', runtime);
  try {
    const summary = await judgedTraining(context, {
      policy,
      load: (file): Promise<Parameters> => loadAdapter(file, policy.parameters),
      settings,
    });
    await exportAdapter(context, policy, settings);
    return summary;
  } finally {
    await policy.release();
  }
}

async function exportAdapter(
  { run }: StageContext,
  policy: PretrainedPolicy,
  settings: TunedPolicySettings,
): Promise<void> {
  const trained = await loadAdapter(run.path(...POLICY_FILES.trained), policy.parameters);
  const tensors = [...trained].map(([name, { data, dims }]) => [name, { shape: dims, data }]);
  const baseModel = await placeInRun(run, settings);
  const { lora } = settings;
  await writeAdapter(run.path('policy', 'adapter'), {
    lora,
    tensors: Object.fromEntries(tensors),
    baseModel,
  });
}

/** The run's policy of whichever kind it trains; see `openPolicy`. */
export async function openTrainedPolicy(
  context: StageContext,
  weights: 'untrained' | 'trained',
): Promise<{ policy: Policy; release(): Promise<void> }> {
  const { run, config, runtime } = context;
  if (!isTuned(config.policy)) return openPolicy(context, weights);
  const policy = await loadTunedPolicy(run, config, weights, runtime);
  return { policy, release: () => policy.release() };
}
