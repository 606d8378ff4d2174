/** Trains a set diffusion with a run's settings: the retriever's own, and those an evaluation compares it with. */
import { queryConditions } from '../diffusion/conditions.js';
import { type NetworkConfig, presets } from '../diffusion/config.js';
import { saveDiffusion } from '../diffusion/modelFiles.js';
import { trainDiffusion } from '../diffusion/trainDiffusion.js';
import { countParameters } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import type { Matrix } from '../matrix.js';
import { DEFAULT_WEIGHTS } from '../reward/composite.js';
import type { Config } from '../run/config.js';
import type { TrainingControl } from '../training.js';
import type { StageContext } from './stage.js';

/** Sets as numbers of rows of a table; see `DiffusionData`. */
export interface TargetSets {
  readonly queryOf: Int32Array;
  readonly rows: Int32Array;
  readonly table: Matrix;
}

/** Words of a query that a weakly supervised model reads; its queries are made of words, those of OAR mostly are one. */
const CONDITION_WORDS = { oar: 0, wscr: 4 } as const;

/**
 * Sets drawn where the config does not say: one, unless it can be told which of them is best. A reward of the user's own needs more than
 * directions, and which set covers a reference set nobody knows when one searches.
 */
const candidatesOf = ({ task, reward }: Config): number => (task === 'oar' && 'weights' in reward ? 4 : 1);

/** Trains on the sets and saves the model to `folder`; resolves with its number of parameters. */
export async function fitDiffusion(
  { config, workspace, runtime, signal }: StageContext,
  queries: QueryBatch,
  sets: TargetSets,
  folder: string,
  control: TrainingControl,
): Promise<number> {
  const { preset, sampler, samplerSteps, guidance, candidates, ...training } = config.diffusion;
  const conditionWords = CONDITION_WORDS[config.task];
  const model = await trainDiffusion({
    data: {
      conditions: await queryConditions(queries, conditionWords, workspace.subQueryEncoder, signal),
      ...sets,
    },
    conditionWords,
    nearAnchors: nearAnchors(config),
    network: config.task === 'wscr' ? forSubQueries(presets[preset], config.dimensions) : preset,
    ...training,
    seed: config.seed,
    runtime,
    ...control,
  });
  await saveDiffusion(folder, model, {
    steps: samplerSteps,
    sampler,
    guidance,
    candidates: candidates ?? candidatesOf(config),
    weights: 'weights' in config.reward ? config.reward.weights : DEFAULT_WEIGHTS,
  });
  return countParameters(model.parameters);
}

/** A policy that writes the texts of near items fills its sets with these: a little further than it looks, for equal texts. */
const nearAnchors = ({ task, policy }: Config): number =>
  task === 'oar' && (policy.writes ?? 'nearTexts') === 'nearTexts' ? NEAR_ANCHORS : 0;
const NEAR_ANCHORS = 128;

/**
 * A network for sub-queries' embeddings: without anchors, which only items have (they are few and known), and at least as
 * wide as the rows, or it could not pass them on.
 */
function forSubQueries(network: NetworkConfig, dimension: number): NetworkConfig {
  const width = Math.max(network.width, dimension);
  return {
    ...network,
    width,
    hidden: Math.max(network.hidden, 2 * dimension),
    conditionWidth: Math.max(network.conditionWidth, dimension),
    maxAnchors: 0,
  };
}
