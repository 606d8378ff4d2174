/** Step 1 of R4T with the policy that chooses items: it imitates the reference sets, then Soft-GRPO. */
import { fitClassifier } from '../baselines/fitClassifier.js';
import { crossFittedScores } from '../candidates/crossFit.js';
import { querySources } from '../candidates/runSources.js';
import { SOURCES, type Standard, standardize, standardOf } from '../candidates/sources.js';
import type { QueryRecord } from '../catalog/item.js';
import { type Parameters, saveWeights } from '../engine/index.js';
import type { EmbeddedQueries, LabelledQueries } from '../environment.js';
import { InputError } from '../errors.js';
import { labelledOf } from '../labelled.js';
import { gatherRows, type Matrix, matrix, row } from '../matrix.js';
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

/** Training queries read without their own sets, and what made their sources comparable. */
export interface ReadTraining extends ReadQueries {
  readonly standard: Standard;
}

/** All stages read the same: it takes longer than most of them. */
const readings = new WeakMap<Workspace, ReadTraining>();

/**
 * Reads the training queries, each without its own set.
 *
 * @param ridge the classifier's strength, the same in all stages of a run
 */
export function readTraining(
  { workspace, config: { seed }, signal }: StageContext,
  training: LabelledQueries,
  ridge: number,
): ReadTraining {
  const known = readings.get(workspace);
  if (known) return known;
  const { items, vectors } = workspace;
  const scores = crossFittedScores({ training, ridge, vectors, lexicon: lexiconOf(items)(), seed, signal });
  const standard = standardOf(scores);
  const { rows } = training.vectors;
  const sources = matrix(rows, scores.length / rows, standardize(scores, standard));
  const read = { vectors: training.vectors, sources, standard };
  readings.set(workspace, read);
  return read;
}

/** Fits the sources and teaches a fresh pointer to choose what reference sets have. */
export async function pointerWarmStart(context: StageContext): Promise<StageSummary> {
  const { run, config, workspace, runtime, signal } = context;
  const { items, vectors } = workspace;
  const { warmStartSteps } = pointerSettings(config)!;
  const training = await labelledTraining(context);
  const { k, seed } = config;
  const { ridge } = await fitClassifier({ ...training, k, seed, signal });
  const { standard, ...queries } = readTraining(context, training, ridge);
  const model: PointerModel = {
    config: { k, items: items.length, dimension: vectors.cols, sources: SOURCES.length },
    standard,
    ridge,
  };
  const { result, seconds } = await checkpointed(context, 'warm-start', (control) =>
    imitate({
      config: model.config,
      vectors,
      queries,
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
    const read = readTraining(context, training, model.ridge);
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
  const known = new Map(training.texts.map((text, i) => [text, i]));
  const sources = ({ texts, vectors: asked }: EmbeddedQueries): Matrix => {
    const out = matrix(texts.length, items.length * SOURCES.length);
    const unknown = [...texts.keys()].filter((q) => !known.has(texts[q]));
    if (unknown.length < texts.length) {
      const read = readTraining(context, training, model.ridge).sources;
      for (const [q, text] of texts.entries())
        if (known.has(text)) row(out, q).set(row(read, known.get(text)!));
    }
    const said = fresh({ texts: unknown.map((q) => texts[q]), vectors: gatherRows(asked, unknown) });
    for (const [i, q] of unknown.entries()) row(out, q).set(row(said, i));
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
