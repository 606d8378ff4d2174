/** How good a set is, for comparing methods on a run's validation queries. */

import { type AspectOf, aspectsOf } from '../candidates/aspects.js';
import type { EmbeddedQueries, QueryBatch } from '../environment.js';
import { type LabelMetrics, labelMetrics } from '../evaluate/labelMetrics.js';
import { labelsOf } from '../evaluate/measure.js';
import { recallAtB } from '../evaluate/setMetrics.js';
import { labelledOf } from '../labelled.js';
import { gatherRows, matrix, row } from '../matrix.js';
import { batchOf } from '../queryBatch.js';
import type { Assignment } from '../retrieve/assign.js';
import type { CatalogContent } from '../retrieve/candidates.js';
import { evaluateReward } from '../reward/evaluateReward.js';
import { type Judge, relevanceOf } from '../reward/judge/judge.js';
import type { FanOut, RewardFunction } from '../reward/reward.js';
import type { Config } from '../run/config.js';
import { splitQueries, type Workspace } from '../run/workspace.js';
import type { QualityMetric } from './qualityMetric.js';

/** What people see of a set: rows of the catalog, in order. */
export interface ShownSet {
  readonly assigned: readonly Pick<Assignment, 'item'>[];
}

export interface SetQuality {
  readonly metric: QualityMetric;
  /** The queries to ask. */
  readonly queries: EmbeddedQueries;
  /** One number for the set of each of these queries, or of the first of them, more is better, [sets]. */
  of(sets: readonly ShownSet[]): Promise<Float64Array>;
  /** P@k of the same sets, where the queries have reference sets, [sets]. */
  precisionOf?(sets: readonly ShownSet[]): Float64Array;
  /** The share of each query's reference set that was retrieved, where there are such, [queries]. */
  recallOf?(retrieved: readonly Int32Array[]): Float64Array;
}

export interface SetQualityOptions {
  readonly workspace: Workspace;
  readonly config: Config;
  /** Says what a set is worth where nobody has labelled one; it gets no references. */
  readonly reward: RewardFunction;
  /** Whom the reward asks. */
  readonly judge?: Judge;
  /** Aspect of an item (as the config says; worked out again). */
  readonly aspectOf?: AspectOf;
  readonly signal?: AbortSignal;
}

/** More queries than these only cost time. */
export const MOST_QUERIES = 200;

/**
 * By the labels of people: alpha-nDCG@k on the validation queries that have a reference set. Where none has, by the reward on all of
 * them. Undefined where there are no validation queries.
 */
export async function setQuality({
  workspace,
  config: { k, catalog },
  reward,
  judge,
  aspectOf = aspectsOf(workspace.items, workspace.vectors, { field: catalog.aspect }),
  signal,
}: SetQualityOptions): Promise<SetQuality | undefined> {
  const all = await splitQueries(workspace, 'valid', signal);
  const labelled = labelledOf(all);
  if (labelled.texts.length === 0) {
    const queries = batchOf(all, 0, MOST_QUERIES);
    return queries.texts.length > 0 ? byReward(queries, { reward, judge, signal }, workspace) : undefined;
  }
  const { texts, vectors, references = [] } = batchOf(labelled, 0, MOST_QUERIES);
  const labels = labelsOf(workspace, aspectOf);
  const referenceOf = references.map((rows) => labels.referenceOf(rows));
  const metricsOf = ({ assigned }: ShownSet, q: number): LabelMetrics => {
    const retrieved = assigned.map(({ item }) => item);
    return labelMetrics({ retrieved, reference: referenceOf[q], k, aspectOf });
  };
  return {
    metric: 'alphaNdcgAtK',
    queries: { texts, vectors },
    of: async (sets) => Float64Array.from(sets, (set, q) => metricsOf(set, q).alphaNdcgAtK),
    precisionOf: (sets) => Float64Array.from(sets, (set, q) => metricsOf(set, q).precisionAtK),
    recallOf: (retrieved) =>
      Float64Array.from(retrieved, (rows, q) =>
        recallAtB({ retrieved: rows, reference: referenceOf[q], budget: rows.length }),
      ),
  };
}

const byReward = (
  queries: QueryBatch,
  { reward, judge, signal }: Pick<SetQualityOptions, 'reward' | 'judge' | 'signal'>,
  catalog: CatalogContent,
): SetQuality => ({
  metric: 'reward',
  queries,
  of: (sets) => setRewards(sets, queries, { reward, judge, signal }, catalog),
});

/** What the reward says of the set of each query, [queries]. */
export async function setRewards(
  sets: readonly ShownSet[],
  queries: QueryBatch,
  { reward, judge, signal }: Pick<SetQualityOptions, 'reward' | 'judge' | 'signal'>,
  catalog: CatalogContent,
): Promise<Float64Array> {
  const shown = sets.map((set, q) => shownSet(set, queries, q, catalog));
  const relevance = judge && (await relevanceOf(shown, judge, signal));
  return Float64Array.from(
    shown,
    (set, q) => evaluateReward(reward, relevance ? { ...set, relevance: relevance[q] } : set).reward,
  );
}

/** A set as rewards read it: an item is its own direction, so that a method counts by what it shows and not by where it looked. */
function shownSet(
  { assigned }: ShownSet,
  queries: QueryBatch,
  q: number,
  { items, vectors }: CatalogContent,
): FanOut {
  const retrieved = Int32Array.from(assigned, ({ item }) => item);
  const shown = gatherRows(vectors, retrieved);
  return {
    query: queries.texts[q],
    queryVector: row(queries.vectors, q),
    subQueries: Array.from(retrieved, (item) => items[item].text),
    subQueryVectors: shown,
    retrieved,
    retrievedVectors: shown,
    withinBudget: retrieved,
    hits: { indices: retrieved, scores: new Float32Array(retrieved.length).fill(1), k: 1 },
    reference: [],
    referenceVectors: matrix(0, vectors.cols),
    items,
  };
}
