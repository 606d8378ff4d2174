/** Which anchor each row of the training sets is: the labels of anchored denoising. */
import type { RuntimeOptions } from '../engine/index.js';
import { matrix, row } from '../matrix.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { type Anchors, chooseAnchors } from './anchors.js';
import type { DiffusionData } from './batches.js';

export interface LabelledSets {
  readonly data: DiffusionData;
  readonly anchors?: Anchors;
  /** Number of each row's anchor, among those near its query if there are such, or among all, [m * L]. */
  readonly labels?: Int32Array;
  readonly near?: NearAnchors;
}

/** The anchors near each query, best first, [queries * size]. */
export interface NearAnchors {
  readonly indices: Int32Array;
  readonly size: number;
}

export interface LabelSetsOptions {
  /** Most anchors; 0: none. */
  readonly maxAnchors: number;
  /** Anchors that a query can have in its set, the nearest ones; 0: any. */
  readonly nearAnchors: number;
  /** Whether rows that no set uses are anchors too (false). */
  readonly everyRow?: boolean;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
}

/**
 * Chooses the anchors and labels the sets. Sets with rows that are not near their query are left out.
 *
 * @throws RangeError if no set is left
 */
export async function labelSets(
  data: DiffusionData,
  { maxAnchors, nearAnchors, everyRow = nearAnchors > 0, seed, runtime }: LabelSetsOptions,
): Promise<LabelledSets> {
  if (maxAnchors === 0) return { data };
  const { rows, table, queryOf } = data;
  const used = everyRow ? Int32Array.from({ length: table.rows }, (_, i) => i) : rows;
  const anchors = await chooseAnchors(table, used, { max: maxAnchors, seed });
  const all = rows.map((i) => anchors.labels[i]);
  if (nearAnchors === 0) return { data, anchors, labels: all };
  const near = await findNear(data, anchors, nearAnchors, runtime);
  const L = rows.length / queryOf.length;
  const labels = all.map((anchor, at) => nearOf([queryOf[Math.floor(at / L)]], near).indexOf(anchor));
  const kept = Array.from(queryOf.keys()).filter(
    (set) => !labels.subarray(set * L, (set + 1) * L).includes(-1),
  );
  if (kept.length === 0) throw new RangeError(`no set is made of the ${near.size} rows nearest to its query`);
  const ofKept = (values: Int32Array) =>
    Int32Array.from(kept.flatMap((set) => [...values.subarray(set * L, (set + 1) * L)]));
  return {
    data: { ...data, queryOf: Int32Array.from(kept, (set) => queryOf[set]), rows: ofKept(rows) },
    anchors,
    labels: ofKept(labels),
    near,
  };
}

/** The anchors near each query's embedding, with which its condition begins. */
async function findNear(
  { conditions, table }: DiffusionData,
  { vectors }: Anchors,
  wanted: number,
  runtime?: RuntimeOptions,
): Promise<NearAnchors> {
  const size = Math.min(wanted, vectors.rows);
  const embeddings = matrix(conditions.rows, table.cols);
  for (let i = 0; i < conditions.rows; i++)
    embeddings.data.set(row(conditions, i).subarray(0, table.cols), i * table.cols);
  const index = await ExactIndex.create({ vectors, ...runtime });
  const { indices } = await index.search(embeddings, { k: size });
  await index.release();
  return { indices, size };
}

/** The anchors near the given queries, [queries * size]. */
export function nearOf(queries: ArrayLike<number>, { indices, size }: NearAnchors): Int32Array {
  const found = new Int32Array(queries.length * size);
  for (let i = 0; i < queries.length; i++)
    found.set(indices.subarray(queries[i] * size, (queries[i] + 1) * size), i * size);
  return found;
}
