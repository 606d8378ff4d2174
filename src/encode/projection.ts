import { Matrix as Dense, EigenvalueDecomposition } from 'ml-matrix';
import { Graph, ops, type RuntimeOptions, Session } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type Matrix, matrix, normalizeRows, rowRange, transposed } from '../matrix.js';
import type { RunControl } from '../progress.js';

/** A linear map from embeddings to fewer dimensions. Plain data, to be stored with the run. */
export interface Projection {
  /** [d, dim]: orthonormal rows, the strongest first. */
  readonly components: Matrix;
  /** Share of the squared length which the projection keeps, 0..1. */
  readonly keptVariance: number;
}

export interface FitProjectionOptions extends RuntimeOptions, RunControl {
  /** Dimensions to keep (256). At `dim` or above the projection is the identity. */
  readonly d?: number;
}

/** Rows a run: large enough for full speed, small enough to stop soon and to need little memory. */
const CHUNK = 8192;

/**
 * The linear map to `d` dimensions which loses least of the given vectors, in squared length: the top eigenvectors of
 * their second moment X^T X / n (PCA without centring: retrieval compares inner products, and those only a linear map keeps).
 *
 * The same vectors give the same projection: each component's largest entry is made positive. The eigenvectors take
 * 1 s at dim = 512 and 27 s at 1536, however many vectors there are.
 *
 * @param vectors unit rows [n, dim], or several such matrices (the catalog's and the queries') taken together
 * @throws {InputError} when there are no vectors, they differ in length, a value is not finite, or `d` is no positive
 * whole number
 */
export async function fitProjection(
  vectors: Matrix | readonly Matrix[],
  { d = 256, signal, ...runtime }: FitProjectionOptions = {},
): Promise<Projection> {
  const parts = 'data' in vectors ? [vectors] : vectors;
  const dim = parts[0]?.cols ?? 0;
  if (!Number.isInteger(d) || d < 1)
    throw new InputError(`must be a positive whole number, got ${d}`, { field: 'd' });
  if (parts.every((part) => part.rows === 0)) throw new InputError('a projection needs at least one vector');
  if (parts.some((part) => part.cols !== dim)) {
    throw new InputError(`vectors to project differ in length: ${parts.map((part) => part.cols).join(', ')}`);
  }
  if (d >= dim) return identity(dim);

  const moment = await secondMoment(parts, { signal, ...runtime });
  const total = moment.trace();
  if (!Number.isFinite(total)) throw new InputError('a vector to project holds a value that is not finite');
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(moment, {
    assumeSymmetric: true,
  });
  const components = matrix(d, dim);
  let kept = 0;
  for (let i = 0; i < components.rows; i++) {
    const column = dim - 1 - i; // eigenvalues come in rising order
    kept += realEigenvalues[column];
    components.data.set(withFixedSign(eigenvectorMatrix.getColumn(column)), i * dim);
  }
  return { components, keptVariance: total > 0 ? Math.min(kept / total, 1) : 1 };
}

/** Applies one projection many times; compiled once. */
export class Projector {
  private constructor(
    private readonly session: Session,
    /** Length of the vectors taken and of those returned. */
    readonly inputDim: number,
    readonly dim: number,
  ) {}

  static async create({ components }: Projection, runtime: RuntimeOptions = {}): Promise<Projector> {
    const { rows: d, cols: dim } = components;
    const graph = new Graph();
    const weights = graph.constant(transposed(components).data, [dim, d]);
    const projected = ops.matmul(graph.input('vectors', ['n', dim]), weights);
    return new Projector(await Session.compile(graph, { projected }, runtime), dim, d);
  }

  /**
   * `vectors` [n, inputDim] -> unit rows [n, dim]; a zero row stays zero.
   *
   * @throws {InputError} when the vectors have another length
   */
  async project(vectors: Matrix, { signal }: RunControl = {}): Promise<Matrix> {
    if (vectors.cols !== this.inputDim) {
      throw new InputError(`the projection takes vectors of length ${this.inputDim}, got ${vectors.cols}`);
    }
    const out = matrix(vectors.rows, this.dim);
    for (const [start, end] of chunks(vectors.rows)) {
      signal?.throwIfAborted();
      const { data } = rowRange(vectors, start, end);
      const into = rowRange(out, start, end).data;
      await this.session.run(
        { vectors: { data, dims: [end - start, this.inputDim] } },
        { projected: { data: into, dims: [end - start, this.dim] } },
      );
    }
    return normalizeRows(out);
  }

  /** Frees the native memory. */
  release(): Promise<void> {
    return this.session.release();
  }
}

/** `vectors` [n, dim] -> unit rows [n, d]. For repeated use keep a {@link Projector}. */
export async function project(
  projection: Projection,
  vectors: Matrix,
  { signal, ...runtime }: RuntimeOptions & RunControl = {},
): Promise<Matrix> {
  const projector = await Projector.create(projection, runtime);
  try {
    return await projector.project(vectors, { signal });
  } finally {
    await projector.release();
  }
}

/** X^T X over all parts: float32 products a chunk, summed in float64. */
async function secondMoment(
  parts: readonly Matrix[],
  { signal, ...runtime }: FitProjectionOptions,
): Promise<Dense> {
  const dim = parts[0].cols;
  const graph = new Graph();
  const x = graph.input('x', ['n', dim]);
  const session = await Session.compile(graph, { moment: ops.matmul(x, x, { transA: true }) }, runtime);
  const sum = new Float64Array(dim * dim);
  const into = { moment: { data: new Float32Array(dim * dim), dims: [dim, dim] } };
  try {
    for (const part of parts) {
      for (const [start, end] of chunks(part.rows)) {
        signal?.throwIfAborted();
        await session.run({ x: { data: rowRange(part, start, end).data, dims: [end - start, dim] } }, into);
        for (let i = 0; i < sum.length; i++) sum[i] += into.moment.data[i];
      }
    }
  } finally {
    await session.release();
  }
  const rows = parts.reduce((n, part) => n + part.rows, 0);
  const moment = Dense.from1DArray(dim, dim, sum);
  // Rounding may differ across the diagonal; the eigenvectors want exact symmetry.
  return moment.add(moment.transpose()).mul(1 / (2 * rows));
}

function* chunks(rows: number): Generator<[start: number, end: number]> {
  for (let start = 0; start < rows; start += CHUNK) yield [start, Math.min(start + CHUNK, rows)];
}

function identity(dim: number): Projection {
  const components = matrix(dim, dim);
  for (let i = 0; i < dim; i++) components.data[i * dim + i] = 1;
  return { components, keptVariance: 1 };
}

function withFixedSign(vector: number[]): number[] {
  const largest = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  return largest < 0 ? vector.map((x) => -x) : vector;
}
