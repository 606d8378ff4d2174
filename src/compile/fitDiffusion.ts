/** Trains a set diffusion with a run's settings: the retriever's own, and those an evaluation compares it with. */

import { type ReadQueries, readQueries } from '../candidates/reader.js';
import { chooseSampling, type Sampling, samplingsWith } from '../choose/sampling.js';
import { setQuality } from '../choose/setQuality.js';
import { presets } from '../diffusion/config.js';
import type { DiffusionModel } from '../diffusion/model.js';
import { openCandidateDiffusion, saveDiffusion } from '../diffusion/modelFiles.js';
import { trainDiffusion } from '../diffusion/trainDiffusion.js';
import { countParameters } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import type { Matrix } from '../matrix.js';
import { candidateMask } from '../retrieve/candidates.js';
import type { TrainingControl } from '../training.js';
import { readTraining, searchedCatalog } from './readTraining.js';
import type { StageContext } from './stage.js';

/** Sets as numbers of rows of a table; see `DiffusionData`. */
export interface TargetSets {
  readonly queryOf: Int32Array;
  readonly rows: Int32Array;
  readonly table: Matrix;
}

/** Trains on sets of the training queries and saves the model to `folder`; resolves with its number of parameters and of sets. */
export async function fitDiffusion(
  context: StageContext,
  queries: QueryBatch,
  sets: TargetSets,
  folder: string,
  control: TrainingControl,
): Promise<{ parameters: number; sets: number }> {
  const { config, runtime } = context;
  const { preset, sampler, samplerSteps: steps, guidance, draws, ...training } = config.diffusion;
  const network = presets[preset];
  const candidates = network.head === 'anchors' ? await readTraining(context) : undefined;
  const known = candidates ? { ...sets, ...amongCandidates(sets, candidates) } : sets;
  const model = await trainDiffusion({
    data: { conditions: queries.vectors, ...known },
    candidates,
    network: preset,
    ...training,
    seed: config.seed,
    runtime,
    ...control,
  });
  const sampling = candidates ? await samplingOf(context, model) : { steps };
  await saveDiffusion(folder, model, { sampler, guidance, ...sampling });
  return { parameters: countParameters(model.parameters), sets: known.queryOf.length };
}

/** The quickest of the samplings that the config allows which is as good as the best on validation queries; without such, the quickest. */
async function samplingOf(context: StageContext, model: DiffusionModel): Promise<Sampling> {
  const { config, workspace, runtime, blind, signal } = context;
  const { samplerSteps, draws } = config.diffusion;
  const allowed = samplingsWith({ steps: samplerSteps, draws });
  const { k, seed } = config;
  const quality =
    allowed.length === 1 ? undefined : await setQuality({ workspace, config, ...blind, signal });
  if (!quality) return allowed[0];
  const { catalog, release } = await searchedCatalog(context);
  try {
    const mask = candidateMask(workspace);
    const read = await readQueries(quality.queries, catalog, model.config.standard!, { mask, signal });
    return await chooseSampling({
      from: allowed,
      open: (sampling) => openCandidateDiffusion(model, sampling, runtime),
      quality,
      read,
      vectors: workspace.vectors,
      k,
      seed,
      signal,
    });
  } finally {
    await release();
  }
}

/** So many of the sets keep as many of their items as the sets that are learnt from have. */
const WHOLE = 0.75;

/**
 * The part of each set that is among its query's candidates: what is no candidate in a search cannot be chosen there, and to learn it
 * would only make the model trust unlikely ones. Longer sets lose their last items, and those that have too few are left out.
 */
export function amongCandidates(
  { queryOf, rows }: Pick<TargetSets, 'queryOf' | 'rows'>,
  { items, size }: Pick<ReadQueries, 'items' | 'size'>,
): { queryOf: Int32Array; rows: Int32Array } {
  const k = rows.length / queryOf.length;
  const candidates = new Map<number, Set<number>>();
  const kept = Array.from(queryOf, (query, set) => {
    let own = candidates.get(query);
    if (!own) {
      own = new Set(items.subarray(query * size, (query + 1) * size));
      candidates.set(query, own);
    }
    const known = own;
    return rows.subarray(set * k, (set + 1) * k).filter((item) => known.has(item));
  });
  const sizes = kept.map(({ length }) => length).sort((a, b) => b - a);
  const length = Math.max(1, sizes[Math.floor(WHOLE * (sizes.length - 1))]);
  const whole = [...kept.keys()].filter((set) => kept[set].length >= length);
  return {
    queryOf: Int32Array.from(whole, (set) => queryOf[set]),
    rows: Int32Array.from(whole.flatMap((set) => [...kept[set].subarray(0, length)])),
  };
}
