import { binaryNdcg, crossValidate } from '../crossValidation.js';
import { gatherRows, type Matrix, matrix, normalizeRows, row, type VectorTable } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { setMeans } from '../setMeans.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import type { Adapter } from './adapter.js';
import { blend } from './blend.js';
import { RidgeSmoother, withConstant } from './ridgeSmoother.js';

/** Ridge strengths, on the scale of X^T X, and shares of the mapped vector to choose from. */
const RIDGES = [30, 10, 3, 1, 0.3];
const STRENGTHS = [0.25, 0.5, 0.75, 1];
/** An adapter must gain this many standard errors of its gain. */
const SURE = 1;

export interface FitAdapterOptions extends Pick<RunControl, 'signal'> {
  /** Texts of the queries; those of one text are judged together. */
  readonly texts?: readonly string[];
  /** Training queries, unit rows [n, d]. */
  readonly queries: Matrix;
  /** Rows of each one's reference set; queries without any are passed over. */
  readonly references: readonly (readonly number[])[];
  /** The catalog's unit vectors [size, d]. */
  readonly vectors: VectorTable;
  /** Searches these vectors. */
  readonly index: Pick<VectorIndex, 'search'>;
  /** Items of a set: what the choice of the settings looks at. */
  readonly k: number;
  readonly seed: number;
  /** Quality of the k items found for training query i [nDCG@k]. */
  readonly quality?: (ranked: Int32Array, query: number) => number;
}

interface Setting {
  readonly ridge: number;
  /** 0 = the query as it is. */
  readonly strength: number;
}

/**
 * Fits the adapter: ridge regression from a query's vector, and a constant 1, to the mean vector of its set, of unit length. How
 * strong the ridge is and how much of the mapped vector is mixed in is chosen by 5-fold cross-validation on the training queries,
 * by what search finds with the adapted vectors. Deterministic.
 *
 * @returns undefined where no setting finds more than the query as it is, by more than a standard error of the difference
 */
export async function fitAdapter(options: FitAdapterOptions): Promise<Adapter | undefined> {
  const { vectors, index, k, seed, signal } = options;
  const used = [...options.references.keys()].filter((i) => options.references[i].length > 0);
  if (used.length < 2) return undefined;
  const references = used.map((i) => options.references[i]);
  const queries = gatherRows(options.queries, used);
  const inputs = withConstant(queries);
  const targets = setMeans(references, vectors);
  const quality = options.quality ?? ((ranked, i) => binaryNdcg(ranked, options.references[i], k));

  const settings: Setting[] = [{ ridge: RIDGES[0], strength: 0 }];
  for (const ridge of RIDGES) for (const strength of STRENGTHS) settings.push({ ridge, strength });
  const found = await crossValidate({
    references,
    settings,
    keys: options.texts && used.map((i) => options.texts![i]),
    seed,
    signal,
    train(trained, heldOut) {
      const smoother = new RidgeSmoother(gatherRows(inputs, trained));
      const known = gatherRows(targets, trained);
      const plain = gatherRows(queries, heldOut);
      const mapped = new Map<number, Matrix>();
      return async ({ ridge, strength }) => {
        if (!mapped.has(ridge)) {
          const weights = smoother.weights(ridge);
          mapped.set(
            ridge,
            weightedSums(
              heldOut.map((i) => weights(row(inputs, i))),
              known,
            ),
          );
        }
        const { indices } = await index.search(blend(plain, mapped.get(ridge)!, strength), { k });
        return heldOut.map((i, r) => quality(indices.subarray(r * k, (r + 1) * k), used[i]));
      };
    },
  });
  const gains = found.map((list) => gainOver(found[0], list));
  const best = gains.reduce((a, b, s) => (b.mean > gains[a].mean ? s : a), 0);
  if (!(gains[best].mean > SURE * gains[best].error)) return undefined;
  const { ridge, strength } = settings[best];
  return { weights: transposedProduct(new RidgeSmoother(inputs).matrix(ridge), targets), strength };
}

/** For each list of weights the weighted sum of the rows, of unit length. */
function weightedSums(weights: readonly Float64Array[], rows: Matrix): Matrix {
  const out = matrix(weights.length, rows.cols);
  const sum = new Float64Array(rows.cols);
  weights.forEach((list, q) => {
    sum.fill(0);
    for (let i = 0; i < rows.rows; i++)
      for (let j = 0; j < sum.length; j++) sum[j] += list[i] * rows.data[i * rows.cols + j];
    row(out, q).set(sum);
  });
  return normalizeRows(out);
}

/** a^T b: [n, p], [n, q] -> [p, q]. */
function transposedProduct(a: Matrix, b: Matrix): Matrix {
  const sum = new Float64Array(a.cols * b.cols);
  for (let i = 0; i < a.rows; i++)
    for (let p = 0; p < a.cols; p++) {
      const [x, from] = [a.data[i * a.cols + p], p * b.cols];
      for (let j = 0; j < b.cols; j++) sum[from + j] += x * b.data[i * b.cols + j];
    }
  return matrix(a.cols, b.cols, Float32Array.from(sum));
}

/** Mean of the differences query by query, and its standard error. */
function gainOver(plain: readonly number[], other: readonly number[]): { mean: number; error: number } {
  const n = plain.length;
  const differences = other.map((x, i) => x - plain[i]);
  const mean = differences.reduce((sum, x) => sum + x, 0) / n;
  const squares = differences.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / Math.max(1, n - 1) / n) };
}
