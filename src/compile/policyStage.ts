/** Step 1 of R4T: the fan-out policy, warm-started on the catalog's words and then trained by Soft-GRPO. */
import { saveWeights } from '../engine/index.js';
import { DecoderPolicy } from '../policy/decoderPolicy.js';
import { Neighbourhood } from '../policy/neighbourhood.js';
import {
  loadPolicyModel,
  loadPolicyWeights,
  POLICY_FILES,
  type PolicyModel,
  savePolicyModel,
} from '../policy/policyFiles.js';
import { trainTokenizer } from '../policy/tokenizer.js';
import { trainPolicy } from '../policy/trainPolicy.js';
import { warmStart } from '../policy/warmStart.js';
import { synthesisSettings } from '../run/config.js';
import { splitQueries } from '../run/workspace.js';
import { judgedTraining } from './judgedTraining.js';
import {
  checkpointed,
  type StageContext,
  type StageSummary,
  trainedPolicySettings,
  writesOf,
} from './stage.js';

/** Learns the tokenizer and teaches a fresh decoder the catalog's words. */
export async function warmStartStage(context: StageContext): Promise<StageSummary> {
  const { run, config, task, workspace, runtime, signal } = context;
  const { vocabularySize, width, layers, heads, maxSubQueryTokens, warmStartSteps } =
    trainedPolicySettings(config);
  const writes = writesOf(context);
  const queries = await splitQueries(workspace, 'train', signal);
  const texts = [...workspace.items.map((item) => item.text), ...queries.texts];
  const tokenizer = trainTokenizer(texts, { vocabularySize });
  const model: PolicyModel = {
    config: {
      vocabularySize: tokenizer.size,
      conditionDim: workspace.encoder.dim,
      width,
      layers,
      heads,
      writes,
    },
    format: { k: config.k, maxTokens: maxSubQueryTokens },
    tokenizer,
  };
  const { result, seconds } = await checkpointed(context, 'warm-start', (control) =>
    warmStart({
      ...model,
      ...workspace,
      queries: queries.texts,
      queryVectors: queries.vectors,
      references: task.guided ? queries.references : undefined,
      steps: warmStartSteps,
      seed: config.seed,
      runtime,
      ...control,
    }),
  );
  await savePolicyModel(run.path(...POLICY_FILES.model), model);
  await saveWeights(run.path(...POLICY_FILES.untrained), result);
  return { seconds, vocabulary: tokenizer.size };
}

/** Reinforcement learning from the warm start. */
export async function policyStage(context: StageContext): Promise<StageSummary> {
  const { run, config, task, workspace, runtime, reward, budget, signal } = context;
  const { steps, queriesPerStep, groupSize, epochs, learningRate, clip, klOld, klReverse, credit } =
    trainedPolicySettings(config);
  const queries = task.judged(await splitQueries(workspace, 'train', signal));
  const validation = task.judged(await splitQueries(workspace, 'valid', signal));
  const model = await loadPolicyModel(run.path(...POLICY_FILES.model));
  const parameters = await loadPolicyWeights(model, run.path(...POLICY_FILES.untrained));
  const neighbourhood = new Neighbourhood(workspace, model.tokenizer, model.format, model.config.writes);
  const policy = await DecoderPolicy.create({ ...model, parameters, neighbourhood, runtime });
  try {
    return await judgedTraining(context, {
      policy,
      load: (file) => loadPolicyWeights(model, file),
      temperature: synthesisSettings(config).temperature,
      steps,
      validation,
      train: (control) =>
        trainPolicy({
          ...model,
          parameters,
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
          seed: config.seed,
          runtime,
          ...control,
          onStep: async (report) => {
            policy.parameters = report.state.groups.parameters;
            await control.onStep?.(report);
          },
        }),
    });
  } finally {
    await policy.release();
  }
}
