/** Trains a set diffusion with a run's settings: the retriever's own, and those an evaluation compares it with. */
import { queryConditions } from '../diffusion/conditions.js';
import { presets } from '../diffusion/config.js';
import { saveDiffusion } from '../diffusion/modelFiles.js';
import { trainDiffusion } from '../diffusion/trainDiffusion.js';
import { countParameters } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import type { Matrix } from '../matrix.js';
import { DEFAULT_WEIGHTS } from '../reward/composite.js';
import type { TrainingControl } from '../training.js';
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
    weights: 'weights' in config.reward ? config.reward.weights : DEFAULT_WEIGHTS,
  });
  return countParameters(model.parameters);
}
