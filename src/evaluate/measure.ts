/** What one method answered to the test queries, measured query by query. */
import type { Encoder } from '../encode/encoder.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { gatherRows, type Matrix, row, rowRange, type VectorTable } from '../matrix.js';
import { type CatalogContent, firstOfSame } from '../retrieve/candidates.js';
import type { RetrievedSet } from '../retrieve/method.js';
import type { Judge } from '../reward/judge/judge.js';
import { labelMetrics } from './labelMetrics.js';
import { LABEL_METRICS, type Metric } from './results.js';
import { hitAtB, recallAtB, setMetrics } from './setMetrics.js';

/** What makes a retrieved item right. */
export interface Labels {
  /** The aspect of an item; see `aspectsOf`. */
  readonly aspectOf: (item: number) => string | number | undefined;
  /** A reference set as searches can find it: of items of the same text and vector the first. */
  readonly referenceOf: (items: readonly number[]) => number[];
}

export function labelsOf(content: CatalogContent, aspectOf: Labels['aspectOf']): Labels {
  const first = firstOfSame(content);
  return { aspectOf, referenceOf: (rows) => [...new Set(rows.map((item) => first[item]))] };
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
  /** Where the queries have reference sets. */
  readonly labels?: Labels;
  /** Says how relevant items are, where no query has a reference set. */
  readonly judge?: Judge;
  readonly heldout?: HeldoutSpace;
  readonly signal?: AbortSignal;
}

/** One number a query, [queries]; only metrics which the method has. */
export type QueryMetrics = Partial<Record<Metric, Float64Array>>;

/** Set quality, and recall where the queries have reference sets, of every query's answer. */
export async function measureAnswers(
  answers: readonly RetrievedSet[],
  options: MeasureOptions,
): Promise<QueryMetrics> {
  const { world, queries, k, labels, judge, heldout, signal } = options;
  const metrics: QueryMetrics = {};
  const put = (name: Metric, query: number, value: number) => {
    // Not a number: what a query without a reference set has of label metrics.
    metrics[name] ??= new Float64Array(answers.length).fill(Number.NaN);
    metrics[name][query] = value;
  };
  const categories = new Set(world.items.map((item) => item.category)).size;
  const relevance = judge && (await judged(answers, options, judge));
  const directionWords = heldout && (await heldoutDirections(answers, heldout, signal));
  answers.forEach((set, i) => {
    const { retrieved } = set;
    const rows = set.assigned.map((a) => a.item);
    const reference = queries.references?.[i] ?? [];
    if (labels && reference.length > 0) {
      const relevant = labels.referenceOf(reference);
      const found = labelMetrics({ retrieved: rows, reference: relevant, k, aspectOf: labels.aspectOf });
      for (const name of LABEL_METRICS) put(name, i, found[name]);
      if (retrieved) {
        const retrieval = { retrieved, reference: relevant, budget: retrieved.length };
        put('recallAtB', i, recallAtB(retrieval));
        put('hitAtB', i, hitAtB(retrieval));
      }
    }
    // Of k, as precision is: an item that was not found is of no use.
    if (relevance) put('judgedAtK', i, relevance[i].reduce((sum, x) => sum + x, 0) / k);
    const inSpace = (
      suffix: '' | 'Heldout',
      catalog: VectorTable,
      query: Float32Array,
      directions?: Matrix,
    ) => {
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

/** What the judge says of every query's items, in their order. */
function judged(
  answers: readonly RetrievedSet[],
  { world: { items }, queries, signal }: MeasureOptions,
  judge: Judge,
): Promise<Float64Array[]> {
  return Promise.all(
    answers.map(({ assigned }, i) => {
      const rows = assigned.map(({ item }) => item);
      const queryVector = row(queries.vectors, i);
      return judge.relevance({ query: queries.texts[i], queryVector, rows, items }, signal);
    }),
  );
}

/** The held-out embeddings of every query's sub-queries; undefined where the method has no words. */
async function heldoutDirections(
  answers: readonly RetrievedSet[],
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
