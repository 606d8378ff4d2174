/** Step 1 of R4T with the policy that chooses items: it imitates the reference sets, then Soft-GRPO. */
import { fitClassifier } from '../baselines/fitClassifier.js';
import { crossFittedScores } from '../candidates/crossFit.js';
import { querySources } from '../candidates/runSources.js';
import { SOURCES, standardize, standardOf } from '../candidates/sources.js';
import type { QueryRecord } from '../catalog/item.js';
import { type Parameters, saveWeights } from '../engine/index.js';
import type { EmbeddedQueries, LabelledQueries } from '../environment.js';
import { InputError } from '../errors.js';
import { labelledOf } from '../labelled.js';
import { type Matrix, matrix, row } from '../matrix.js';
import type { ReadQueries } from '../policy/pointer/batch.js';
import { imitate } from '../policy/pointer/imitate.js';
import {
  loadPointerModel,
  loadPointerWeights,
  type PointerModel,
  savePointerModel,
} from '../policy/pointer/pointerFiles.js';
import { PointerPolicy } from '../policy/pointer/pointerPolicy.js';
import { reinforce } from '../policy/pointer/reinforce.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { lexiconOf } from '../retrieve/lexicon.js';
import { type Config, isPointer, type PointerSettings } from '../run/config.js';
import { loadLabels } from '../run/labels.js';
import { splitQueries, type Workspace } from '../run/workspace.js';
import { judgedTraining } from './judgedTraining.js';
import { checkpointed, type StageContext, type StageSummary } from './stage.js';

/** Every item is read for every query; what learns from more needs candidates. */
const MOST_ITEMS = 4000;

export const pointerSettings = ({ policy }: Config): PointerSettings | undefined =>
  isPointer(policy) ? policy : undefined;

/** @throws InputError where a pointer cannot learn */
export function checkPointer(config: Config, items: number, queries: readonly QueryRecord[]): void {
  if (!pointerSettings(config)) return;
  const field = 'policy.kind';
  if (items > MOST_ITEMS)
    throw new InputError(
      `is "pointer", which reads every item and takes at most ${MOST_ITEMS} of them; this catalog has ${items}. Leave it out`,
      { field },
    );
  if (!queries.some((query) => query.split === 'train' && query.items.length > 0))
    throw new InputError(
      'is "pointer", which learns from reference sets; give --sets with training queries',
      {
        field,
      },
    );
}

/** The training queries that have reference sets. */
export async function labelledTraining({ workspace, signal }: StageContext): Promise<LabelledQueries> {
  const { texts, vectors, references = texts.map(() => []) } = await splitQueries(workspace, 'train', signal);
  return labelledOf({ texts, vectors, references });
}

/** Those queries, read without their own sets. */
export function readTraining(
  { workspace, config, signal }: StageContext,
  training: LabelledQueries,
  { ridge, standard }: Pick<PointerModel, 'ridge' | 'standard'>,
): ReadQueries {
  const scores = standardize(crossFitted(workspace, config, training, ridge, signal), standard);
  const { rows } = training.vectors;
  return { vectors: training.vectors, sources: matrix(rows, scores.length / rows, scores) };
}

const crossFitted = (
  { items, vectors }: Workspace,
  { seed }: Config,
  training: LabelledQueries,
  ridge: number,
  signal?: AbortSignal,
): Float32Array => crossFittedScores({ training, ridge, vectors, lexicon: lexiconOf(items)(), seed, signal });

/** Fits the sources and teaches a fresh pointer to choose what reference sets have. */
export async function pointerWarmStart(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, runtime, signal } = context;
  const { items, vectors } = workspace;
  const { warmStartSteps } = pointerSettings(config)!;
  const training = await labelledTraining(context);
  const { k, seed } = config;
  const { ridge } = await fitClassifier({ ...training, k, seed, signal });
  const standard = standardOf(crossFitted(workspace, config, training, ridge, signal));
  const model: PointerModel = {
    config: { k, items: items.length, dimension: vectors.cols, sources: SOURCES.length },
    standard,
    ridge,
  };
  const { result, seconds } = await checkpointed(context, 'warm-start', (control) =>
    imitate({
      config: model.config,
      vectors,
      queries: readTraining(context, training, model),
      references: training.references,
      steps: warmStartSteps,
      seed,
      runtime,
      ...control,
    }),
  );
  await savePointerModel(run.path(...POLICY_FILES.model), model);
  await saveWeights(run.path(...POLICY_FILES.untrained), result);
  return { seconds, ridge };
}

/** Reinforcement learning from the warm start. */
export async function pointerStage(context: StageContext): Promise<StageSummary> {
  const { config, workspace, runtime, reward, signal } = context;
  const { steps, queriesPerStep, groupSize, epochs, learningRate, credit, clip, klOld, klReverse } =
    pointerSettings(config)!;
  const training = await labelledTraining(context);
  const validation = context.task.judged(await splitQueries(workspace, 'valid', signal));
  const { policy, model } = await openPointer(context, 'untrained');
  try {
    const read = readTraining(context, training, model);
    return await judgedTraining(context, {
      policy,
      load: (file) => loadPointerWeights(model, file),
      // As searches ask it.
      temperature: 0,
      steps,
      validation,
      train: (control) =>
        reinforce({
          config: model.config,
          policy,
          world: workspace,
          queries: training,
          read,
          reward,
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
        }),
    });
  } finally {
    await policy.release();
  }
}

/**
 * The run's pointer; training queries are read without their own sets, or it would know the answers.
 *
 * @param weights those of the warm start, or those that were trained
 */
export async function openPointer(
  context: StageContext,
  weights: 'untrained' | 'trained',
): Promise<{ policy: PointerPolicy; model: PointerModel }> {
  const { run, workspace, runtime } = context;
  const { items, vectors } = workspace;
  const model = await loadPointerModel(run.path(...POLICY_FILES.model));
  const parameters: Parameters = await loadPointerWeights(model, run.path(...POLICY_FILES[weights]));
  const labels = await loadLabels(run, workspace.queries);
  const fresh = querySources({ vectors, lexicon: lexiconOf(items), standard: model.standard, ...labels });
  const training = await labelledTraining(context);
  let known: { rows: Map<string, number>; sources: Matrix } | undefined;
  const sources = (queries: EmbeddedQueries): Matrix => {
    const out = fresh(queries);
    known ??= {
      rows: new Map(training.texts.map((text, i) => [text, i])),
      sources: readTraining(context, training, model).sources,
    };
    for (const [q, text] of queries.texts.entries()) {
      const at = known.rows.get(text);
      if (at !== undefined) row(out, q).set(row(known.sources, at));
    }
    return out;
  };
  const policy = await PointerPolicy.create({
    config: model.config,
    parameters,
    items,
    vectors,
    sources,
    runtime,
  });
  return { policy, model };
}
