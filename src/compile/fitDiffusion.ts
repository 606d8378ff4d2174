/** Trains a set diffusion with a run's settings: the retriever's own, and those an evaluation compares it with. */

import type { ReadQueries } from '../candidates/reader.js';
import { presets } from '../diffusion/config.js';
import { saveDiffusion } from '../diffusion/modelFiles.js';
import { trainDiffusion } from '../diffusion/trainDiffusion.js';
import { countParameters } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import type { Matrix } from '../matrix.js';
import type { TrainingControl } from '../training.js';
import { readTraining } from './readTraining.js';
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
  const { preset, sampler, samplerSteps, guidance, draws, ...training } = config.diffusion;
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
  await saveDiffusion(folder, model, { steps: samplerSteps, sampler, guidance, draws });
  return { parameters: countParameters(model.parameters), sets: known.queryOf.length };
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
