/** Trains a set diffusion with a run's settings: the retriever's own, and those an evaluation compares it with. */

import type { Standard } from '../candidates/candidates.js';
import { gatherRead, type ReadQueries, readQueries } from '../candidates/reader.js';
import { compareInt8, type Int8Comparison, isWorthIt } from '../choose/precision.js';
import { PROBED_QUERIES, type ProbeFigures, probeFigures } from '../choose/probeFigures.js';
import { chooseSampling, rankedSets, type Sampling, samplingsWith } from '../choose/sampling.js';
import { MOST_QUERIES, type SetQuality, setQuality } from '../choose/setQuality.js';
import { presets } from '../diffusion/config.js';
import type { DiffusionModel } from '../diffusion/model.js';
import { openCandidateDiffusion, saveDiffusion } from '../diffusion/modelFiles.js';
import { SetDiffusion, type SetDiffusionOptions } from '../diffusion/setDiffusion.js';
import { trainDiffusion } from '../diffusion/trainDiffusion.js';
import { countParameters, int8IsExact, type RuntimeOptions } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import { lexiconOf } from '../lexical/lexicon.js';
import type { VectorTable } from '../matrix.js';
import { batchOf } from '../queryBatch.js';
import { candidateMask } from '../retrieve/candidates.js';
import { splitQueries } from '../run/workspace.js';
import type { TrainingControl } from '../training.js';
import { readTraining, searchedCatalog } from './readTraining.js';
import type { StageContext } from './stage.js';

/** Sets as numbers of rows of a table; see `DiffusionData`. */
export interface TargetSets {
  readonly queryOf: Int32Array;
  readonly rows: Int32Array;
  readonly table: VectorTable;
}

export interface FittedDiffusion {
  readonly parameters: number;
  /** Sets that were learnt from. */
  readonly sets: number;
  /** What products of 8 bits change, in a model that draws directions; it has them if that is next to nothing. */
  readonly int8?: Int8Comparison;
}

/** Trains on sets of the training queries and saves the model to `folder`. */
export async function fitDiffusion(
  context: StageContext,
  queries: QueryBatch,
  sets: TargetSets,
  folder: string,
  control: TrainingControl,
): Promise<FittedDiffusion> {
  const { config, runtime } = context;
  const { preset, sampler, samplerSteps, guidance, draws, ...training } = config.diffusion;
  const network = presets[preset];
  const candidates = network.head === 'anchors' ? await readTraining(context) : undefined;
  const known = candidates ? { ...sets, ...amongCandidates(sets, candidates) } : sets;
  const allowed = samplingsWith({ steps: samplerSteps, draws });
  const validation = candidates && (await readValidation(context, candidates.standard, allowed.length > 1));
  const { seed } = config;
  const model = await trainDiffusion({
    data: { conditions: queries.vectors, ...known },
    candidates,
    network: preset,
    ...training,
    seed,
    runtime,
    probe:
      validation?.quality.precisionOf &&
      ((now) => probe(now, { ...validation, seed, sampling: allowed[0], runtime })),
    ...control,
  });
  const sampling = !candidates
    ? { steps: samplerSteps }
    : validation && allowed.length > 1
      ? await chooseSampling({
          from: allowed,
          open: (one) => openCandidateDiffusion(model, one, runtime),
          ...validation,
          seed,
        })
      : allowed[0];
  const defaults = { sampler, guidance, ...sampling };
  const int8 = candidates ? undefined : await tryInt8(context, { model, ...defaults });
  await saveDiffusion(folder, model, { ...defaults, ...(int8 && { int8: isWorthIt(int8) }) });
  return {
    parameters: countParameters(model.parameters),
    sets: known.queryOf.length,
    ...(int8 && { int8 }),
  };
}

/** Compares both precisions on the validation queries; undefined where there are none, or the machine has no exact products of 8 bits. */
async function tryInt8(
  { workspace, config: { k, seed }, runtime, signal }: StageContext,
  sampling: SetDiffusionOptions,
): Promise<Int8Comparison | undefined> {
  const queries = batchOf(await splitQueries(workspace, 'valid', signal), 0, MOST_QUERIES);
  if (queries.texts.length === 0 || !(await int8IsExact(runtime))) return undefined;
  const { items, vectors, index } = workspace;
  return compareInt8({
    queries,
    space: { index, lexicon: lexiconOf(items), vectors },
    mask: candidateMask(workspace),
    k,
    seed,
    open: (int8) => SetDiffusion.create({ ...sampling, int8, runtime }),
    signal,
  });
}

interface Validation {
  readonly quality: SetQuality;
  readonly read: ReadQueries;
  readonly vectors: VectorTable;
  readonly k: number;
  readonly signal?: AbortSignal;
}

/**
 * The validation queries with their candidates; undefined where there are none.
 *
 * @param isNeeded also where nobody has labelled them, so that a training is not probed by them
 */
async function readValidation(
  context: StageContext,
  standard: Standard,
  isNeeded: boolean,
): Promise<Validation | undefined> {
  const { config, workspace, blind, signal } = context;
  const quality = await setQuality({ workspace, config, ...blind, signal });
  if (!quality || !(isNeeded || quality.precisionOf)) return undefined;
  const { catalog, release } = await searchedCatalog(context);
  try {
    const mask = candidateMask(workspace);
    const read = await readQueries(quality.queries, catalog, standard, { mask, signal });
    return { quality, read, vectors: workspace.vectors, k: config.k, signal };
  } finally {
    await release();
  }
}

interface ProbeOptions extends Validation {
  readonly seed: number;
  readonly sampling: Sampling;
  readonly runtime: RuntimeOptions;
}

/** What labels say of the model as it is, by the quickest of its samplings. */
async function probe(
  model: DiffusionModel,
  { sampling, runtime, quality, read, ...options }: ProbeOptions,
): Promise<ProbeFigures> {
  const texts = quality.queries.texts.slice(0, PROBED_QUERIES);
  const first = gatherRead(read, [...texts.keys()]);
  const ranker = openCandidateDiffusion(model, sampling, runtime);
  return probeFigures(quality, await rankedSets(ranker, { ...options, read: first, texts }));
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
