/** Trains a set diffusion with a run's settings: the retriever's own, and those an evaluation compares it with. */
import { queryConditions } from '../diffusion/conditions.js';
import { presets } from '../diffusion/config.js';
import { saveDiffusion } from '../diffusion/modelFiles.js';
import { trainDiffusion } from '../diffusion/trainDiffusion.js';
import { countParameters } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import type { Matrix } from '../matrix.js';
import { loadPointerModel } from '../policy/pointer/pointerFiles.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { DEFAULT_WEIGHTS } from '../reward/composite.js';
import { paperWeights } from '../run/config.js';
import type { TrainingControl } from '../training.js';
import { labelledTraining, pointerSettings, readTraining } from './pointerStages.js';
import { type StageContext, writesOf } from './stage.js';

/** Sets as numbers of rows of a table; see `DiffusionData`. */
export interface TargetSets {
  readonly queryOf: Int32Array;
  readonly rows: Int32Array;
  readonly table: Matrix;
}

/** Trains on the sets and saves the model to `folder`; resolves with its number of parameters. */
export async function fitDiffusion(
  context: StageContext,
  queries: QueryBatch,
  sets: TargetSets,
  folder: string,
  control: TrainingControl,
): Promise<number> {
  const { config, task, workspace, runtime, signal } = context;
  const { preset, sampler, samplerSteps, guidance, candidates, ...training } = config.diffusion;
  if (pointerSettings(config)) return fitCandidates(context, queries, sets, folder, control);
  const { conditionWords } = task;
  const model = await trainDiffusion({
    data: {
      conditions: await queryConditions(queries, conditionWords, workspace.subQueryEncoder, signal),
      ...sets,
    },
    conditionWords,
    nearAnchors: task.nearAnchors(writesOf(context)),
    network: task.network(presets[preset], config.dimensions),
    ...training,
    seed: config.seed,
    runtime,
    ...control,
  });
  await saveDiffusion(folder, model, {
    steps: samplerSteps,
    sampler,
    guidance,
    candidates: candidates ?? task.candidates(config),
    weights: paperWeights(config) ?? DEFAULT_WEIGHTS,
  });
  return countParameters(model.parameters);
}

/** Rows are few and items judged by their sources: a wider network only learns training queries by heart. */
const CANDIDATES = {
  width: 64,
  steps: 400,
  learningRate: 7e-4,
  samplerSteps: 3,
  draws: 16,
} as const;

/** A set diffusion between the items that a pointer chooses from, which reads what it reads. */
async function fitCandidates(
  context: StageContext,
  { texts }: QueryBatch,
  { queryOf, rows, table }: TargetSets,
  folder: string,
  control: TrainingControl,
): Promise<number> {
  const { run, config, runtime } = context;
  const {
    sampler,
    samplerSteps = CANDIDATES.samplerSteps,
    guidance,
    candidates,
    ...training
  } = config.diffusion;
  const { preset, ...given } = training;
  const labelled = await labelledTraining(context);
  const { ridge } = await loadPointerModel(run.path(...POLICY_FILES.model));
  const { sources } = readTraining(context, labelled, ridge);
  // Queries without a reference set have nobody to be read without.
  const place = new Map(labelled.texts.map((text, i) => [text, i]));
  const kept = [...queryOf.keys()].filter((set) => place.has(texts[queryOf[set]]));
  const k = rows.length / queryOf.length;
  const model = await trainDiffusion({
    data: {
      conditions: labelled.vectors,
      queryOf: Int32Array.from(kept, (set) => place.get(texts[queryOf[set]])!),
      rows: Int32Array.from(kept.flatMap((set) => [...rows.subarray(set * k, (set + 1) * k)])),
      table,
    },
    features: sources,
    network: { ...presets[preset], width: CANDIDATES.width },
    steps: CANDIDATES.steps,
    learningRate: CANDIDATES.learningRate,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    seed: config.seed,
    runtime,
    ...control,
  });
  await saveDiffusion(folder, model, {
    steps: samplerSteps,
    sampler,
    guidance,
    candidates: candidates ?? CANDIDATES.draws,
    weights: DEFAULT_WEIGHTS,
  });
  return countParameters(model.parameters);
}
