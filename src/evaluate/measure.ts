/** What one method answered to the test queries, measured query by query. */
import type { Encoder } from '../encode/encoder.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { gatherRows, type Matrix, row, rowRange } from '../matrix.js';
import type { RetrievedSet } from '../retrieve/methods.js';
import type { Metric } from './results.js';
import { hitAtB, recallAtB, setMetrics } from './setMetrics.js';

/** What a method found for one query. */
export interface QueryAnswer {
  /** The set of k items, each with its direction. */
  readonly set: RetrievedSet;
  /** All items within the budget B, best first; what recall counts. Absent for open-ended tasks. */
  readonly retrieved?: Int32Array;
  /** The words that were searched for, one a direction, where the method has words. */
  readonly subQueries?: readonly string[];
}

/** An encoder which the reward never saw, with the catalog under it. */
export interface HeldoutSpace {
  readonly encoder: Encoder;
  /** Unit rows [items, d']. */
  readonly vectors: Matrix;
  /** The test queries, unit rows [n, d']. */
  readonly queries: Matrix;
}

export interface MeasureOptions {
  readonly world: Pick<RetrievalWorld, 'items' | 'vectors'>;
  readonly queries: QueryBatch;
  readonly k: number;
  readonly heldout?: HeldoutSpace;
  readonly signal?: AbortSignal;
}

/** One number a query, [queries]; only metrics which the method has. */
export type QueryMetrics = Partial<Record<Metric, Float64Array>>;

/** Set quality, and recall where the queries have reference sets, of every query's answer. */
export async function measureAnswers(
  answers: readonly QueryAnswer[],
  options: MeasureOptions,
): Promise<QueryMetrics> {
  const { world, queries, k, heldout, signal } = options;
  const metrics: QueryMetrics = {};
  const put = (name: Metric, query: number, value: number) => {
    metrics[name] ??= new Float64Array(answers.length);
    metrics[name][query] = value;
  };
  const categories = new Set(world.items.map((item) => item.category)).size;
  const directionWords = heldout && (await heldoutDirections(answers, heldout, signal));
  answers.forEach(({ set, retrieved }, i) => {
    const rows = set.assigned.map((a) => a.item);
    const reference = queries.references?.[i];
    if (retrieved && reference && reference.length > 0) {
      const retrieval = { retrieved, reference, budget: retrieved.length };
      put('recallAtB', i, recallAtB(retrieval));
      put('hitAtB', i, hitAtB(retrieval));
    }
    const inSpace = (suffix: '' | 'Heldout', catalog: Matrix, query: Float32Array, directions?: Matrix) => {
      const items = gatherRows(catalog, rows);
      // Row j of the directions is the one that brought item j.
      const measured = setMetrics({ items, query, directions });
      put(`diversity${suffix}`, i, measured.diversity);
      put(`alignment${suffix}`, i, measured.alignment);
      if (!directions) return;
      put(`groundedness${suffix}`, i, measured.groundedness);
      put(`composite${suffix}`, i, measured.composite);
    };
    const numbers = set.assigned.map((a) => a.direction);
    inSpace('', world.vectors, row(queries.vectors, i), gatherRows(set.directions, numbers));
    if (heldout) {
      const words = directionWords?.[i];
      inSpace('Heldout', heldout.vectors, row(heldout.queries, i), words && gatherRows(words, numbers));
    }
    if (categories > 1) {
      const found = new Set(rows.map((r) => world.items[r].category)).size;
      put('categoryCoverage', i, found / Math.min(k, categories));
    }
  });
  return metrics;
}

/** The held-out embeddings of every query's sub-queries; undefined where the method has no words. */
async function heldoutDirections(
  answers: readonly QueryAnswer[],
  { encoder }: HeldoutSpace,
  signal?: AbortSignal,
): Promise<Matrix[] | undefined> {
  if (answers.some((a) => !a.subQueries)) return undefined;
  const vectors = await encoder.encode(
    answers.flatMap((a) => a.subQueries ?? []),
    { signal },
  );
  let start = 0;
  return answers.map(({ subQueries = [] }) => {
    const end = start + subQueries.length;
    const part = rowRange(vectors, start, end);
    start = end;
    return part;
  });
}
