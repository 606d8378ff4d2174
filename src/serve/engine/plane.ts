/** A plane through the catalog's vectors, to draw maps in. */
import { Matrix as Dense, EigenvalueDecomposition } from 'ml-matrix';
import { gatherRows, row, type VectorTable } from '../../matrix.js';
import { CounterRandom } from '../../random.js';

/** Rows the plane is fitted on. */
const SAMPLE = 4000;

/** The plane of the two first principal components. */
export interface Plane {
  readonly mean: Float64Array;
  readonly axes: readonly [Float64Array, Float64Array];
  /** Share of the variance along each axis. */
  readonly explained: [number, number];
}

/** Fits the plane to (a sample of) the rows [n, d]. The same rows give the same plane. */
export function fitPlane(vectors: VectorTable): Plane {
  const rows = new CounterRandom(0, 'serve/plane').permutation(vectors.rows).subarray(0, SAMPLE).sort();
  const { data, rows: n, cols: d } = gatherRows(vectors, rows);
  const mean = new Float64Array(d);
  for (let i = 0; i < data.length; i++) mean[i % d] += data[i] / n;
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < n; i++) {
    for (let a = 0; a < d; a++) {
      const x = data[i * d + a] - mean[a];
      for (let b = 0; b <= a; b++) covariance[a * d + b] += (x * (data[i * d + b] - mean[b])) / n;
    }
  }
  for (let a = 0; a < d; a++) for (let b = a + 1; b < d; b++) covariance[a * d + b] = covariance[b * d + a];
  const dense = Dense.from1DArray(d, d, covariance);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(dense, {
    assumeSymmetric: true,
  });
  const total = dense.trace();
  // Eigenvalues come in rising order. In one dimension there is no second axis.
  const axis = (rank: number) =>
    fixSign(Float64Array.from(d > rank ? eigenvectorMatrix.getColumn(d - 1 - rank) : [0]));
  const share = (rank: number) =>
    d > rank && total > 0 ? Math.max(0, realEigenvalues[d - 1 - rank] / total) : 0;
  return { mean, axes: [axis(0), axis(1)], explained: [share(0), share(1)] };
}

/** Where a vector lies in the plane, to four decimals. */
export function placeOf({ mean, axes }: Plane, vector: Float32Array): [number, number] {
  const along = (axis: Float64Array) => {
    let sum = 0;
    for (let i = 0; i < axis.length; i++) sum += axis[i] * (vector[i] - mean[i]);
    return Math.round(sum * 1e4) / 1e4;
  };
  return [along(axes[0]), along(axes[1])];
}

/** The places of rows, x and y one after the other. */
export function placesOf(plane: Plane, vectors: VectorTable, rows: readonly number[]): number[] {
  return rows.flatMap((i) => placeOf(plane, row(vectors, i)));
}

/** Eigenvectors have no sign of their own: the largest entry becomes positive. */
function fixSign(axis: Float64Array): Float64Array {
  const largest = axis.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  return largest < 0 ? axis.map((x) => -x) : axis;
}
