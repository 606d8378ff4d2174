/** Step 1 of R4T with the policy that chooses items: it imitates sets, then Soft-GRPO. */
import { SOURCES } from '../candidates/candidates.js';
import { copyRead, gatherRead, type ReadQueries, readQueries } from '../candidates/reader.js';
import { saveWeights } from '../engine/index.js';
import type { EmbeddedQueries } from '../environment.js';
import { imitate } from '../policy/pointer/imitate.js';
import { loadPointerWeights, type PointerModel, savePointerModel } from '../policy/pointer/pointerFiles.js';
import type { PointerPolicy } from '../policy/pointer/pointerPolicy.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { loadRunPolicy } from '../retrieve/loadRun.js';
import { hasLabels } from '../run/workspace.js';
import { judgedTraining } from './judgedTraining.js';
import { readTraining, searchedCatalog } from './readTraining.js';
import { checkpointed, type StageContext, type StageSummary, trainedPolicySettings } from './stage.js';
import { teacherSets } from './teacherSets.js';
import { trainingQueries } from './trainingQueries.js';

/** Teaches a fresh pointer to choose what reference sets have, or, where there are none, what recorded fan-outs or the best baseline find. */
export async function warmStartStage(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, runtime } = context;
  const { warmStartSteps } = trainedPolicySettings(config);
  const queries = await trainingQueries(context);
  const started = performance.now();
  const { standard, written, ...read } = await readTraining(context);
  const references = hasLabels(workspace.queries)
    ? queries.references!
    : (written ?? (await teacherSets(context, queries)));
  const prepared = (performance.now() - started) / 1000;
  const model: PointerModel = {
    config: { k: config.k, sources: SOURCES.length },
    standard,
  };
  const { result, seconds } = await checkpointed(context, 'warm-start', (control) =>
    imitate({
      config: model.config,
      queries: read,
      references,
      steps: warmStartSteps,
      seed: config.seed,
      runtime,
      ...control,
    }),
  );
  await savePointerModel(run.path(...POLICY_FILES.model), model);
  await saveWeights(run.path(...POLICY_FILES.untrained), result);
  return { seconds: prepared + seconds };
}

/** Reinforcement learning from the warm start. */
export async function policyStage(context: StageContext): Promise<StageSummary> {
  const { policy, release } = await openPolicy(context, 'untrained');
  try {
    return await judgedTraining(context, {
      policy,
      load: (file) => loadPointerWeights(policy, file),
      settings: trainedPolicySettings(context.config),
    });
  } finally {
    await release();
  }
}

/**
 * The run's pointer; training queries are read without their own sets, or it would know the answers.
 *
 * @param weights those of the warm start, or those that were trained
 */
export async function openPolicy(
  context: StageContext,
  weights: 'untrained' | 'trained',
): Promise<{ policy: PointerPolicy; release(): Promise<void> }> {
  const { run, workspace, runtime } = context;
  const training = await readTraining(context);
  const known = new Map(training.texts.map((text, i) => [text, i]));
  const { catalog, release } = await searchedCatalog(context);
  const readKnown = async (queries: EmbeddedQueries): Promise<ReadQueries> => {
    const rows = queries.texts.map((text) => known.get(text));
    const seen = rows.filter((row) => row !== undefined);
    if (seen.length === rows.length) return gatherRead(training, seen);
    const said = await readQueries(queries, catalog, training.standard);
    for (const [q, row] of rows.entries()) if (row !== undefined) copyRead(training, row, said, q);
    return said;
  };
  const space = { items: workspace.items, ...catalog };
  const policy = await loadRunPolicy(run, weights, space, runtime, readKnown);
  return {
    policy,
    async release() {
      await policy.release();
      await release();
    },
  };
}
