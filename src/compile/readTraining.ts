/** The candidates of the training queries, as they are for somebody who has not seen these queries' own sets. */
import { fitClassifier } from '../baselines/fitClassifier.js';
import {
  type Candidates,
  type CandidatesOptions,
  readCandidates,
  standardize,
  standardOf,
} from '../candidates/candidates.js';
import { compiledMemory } from '../candidates/compiledMemory.js';
import { crossFittedCandidates } from '../candidates/crossFit.js';
import type { TrainingCandidates } from '../diffusion/trainDiffusion.js';
import type { LabelledQueries, QueryBatch } from '../environment.js';
import { labelledOf } from '../labelled.js';
import { lexiconOf } from '../lexical/lexicon.js';
import type { Matrix } from '../matrix.js';
import { loadLabels, loadRemembered, saveWritten } from '../run/labels.js';
import { hasLabels, type Workspace } from '../run/workspace.js';
import { readSets } from '../synthesis/synthesize.js';
import { recordedSets } from './recordedSets.js';
import type { StageContext } from './stage.js';
import { trainingQueries } from './trainingQueries.js';

/** The training queries (see `trainingQueries`) with their candidates. */
export interface TrainingReading extends TrainingCandidates {
  readonly texts: readonly string[];
  readonly vectors: Matrix;
  /** What was written for each query, where that takes the place of reference sets. */
  readonly written?: readonly (readonly number[])[];
}

/** All stages read the same, and it takes longer than most of them. */
const readings = new WeakMap<Workspace, Promise<TrainingReading>>();

/**
 * Reads the training queries: each without its own reference set, or without what was written for it, by a policy that is used as it is,
 * whose sets must have been synthesised then, or in recorded fan-outs.
 */
export function readTraining(context: StageContext): Promise<TrainingReading> {
  const { workspace } = context;
  let reading = readings.get(workspace);
  if (!reading) {
    reading = read(context);
    readings.set(workspace, reading);
    // What was interrupted is read again.
    reading.catch(() => readings.delete(workspace));
  }
  return reading;
}

async function read(context: StageContext): Promise<TrainingReading> {
  const { workspace, signal } = context;
  const { items, vectors, index } = workspace;
  const catalog = { vectors, index, lexicon: lexiconOf(items) };
  const queries = await trainingQueries(context);
  const written = context.policy ? await writtenSets(context, queries) : await recordedSets(context, queries);
  if (written) await remember(context, written);
  const sets = written ?? (hasLabels(workspace.queries) ? labelledOf(queries) : undefined);
  const { size, ...found } = sets
    ? await crossFitted(context, catalog, sets as LabelledQueries)
    : await readCandidates(queries, catalog, { signal });
  const standard = standardOf(found.scores);
  const scores = standardize(found.scores, standard);
  return {
    texts: queries.texts,
    vectors: queries.vectors,
    size,
    items: found.items,
    scores,
    standard,
    ...(written && { written: written.references }),
  };
}

async function crossFitted(
  { config: { k, seed }, runtime, signal }: StageContext,
  catalog: Pick<Parameters<typeof crossFittedCandidates>[0], 'vectors' | 'index' | 'lexicon'>,
  training: LabelledQueries,
): Promise<Candidates> {
  const { ridge } = await fitClassifier({ ...training, k, seed, signal });
  return crossFittedCandidates({ ...catalog, training, ridge, seed, runtime, signal });
}

/** What the policy wrote for each query. */
async function writtenSets(
  { run, workspace }: StageContext,
  { texts, vectors }: QueryBatch,
): Promise<LabelledQueries> {
  const folder = run.path('synthesis');
  const { queryOf, rows } = await readSets({ folder, queries: texts.length, vectors: workspace.vectors });
  const references: number[][] = texts.map(() => []);
  const perSet = rows.length / queryOf.length;
  queryOf.forEach((query, set) => {
    references[query].push(...rows.subarray(set * perSet, (set + 1) * perSet));
  });
  return { texts, vectors, references: references.map((rows) => [...new Set(rows)]) };
}

/** Searches remember these sets from now on. */
async function remember(
  { run, config: { k, seed }, signal }: StageContext,
  training: LabelledQueries,
): Promise<void> {
  const { smoother, sets } = await fitClassifier({ ...training, k, seed, signal });
  await saveWritten(run, { training, classifier: { smoother, sets } });
}

/** What the candidates of other queries are read from, with all that is remembered; `release` it when done. */
export async function searchedCatalog({
  run,
  workspace,
  runtime,
}: Pick<StageContext, 'run' | 'workspace' | 'runtime'>): Promise<{
  catalog: CandidatesOptions;
  release(): Promise<void>;
}> {
  const { items, vectors, index } = workspace;
  const remembered = await loadRemembered(run, await loadLabels(run, workspace.queries), vectors);
  const memory = remembered && (await compiledMemory(remembered, runtime));
  return {
    catalog: { vectors, index, lexicon: lexiconOf(items), memory },
    release: async () => memory?.release(),
  };
}
