/**
 * A dense row-major float32 matrix: the one container for embeddings throughout the package.
 * `data.length === rows * cols`; row `i` is `data.subarray(i * cols, (i + 1) * cols)`.
 */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly cols: number;
}

/**
 * Rows that lie elsewhere, on disk: each is read when it is looked at. What reads whole columns of it must go through it in ranges.
 */
export interface StoredRows {
  readonly rows: number;
  readonly cols: number;
  /** Rows `[start, end)`, a copy. */
  read(start: number, end: number): Matrix;
}

/** The vectors of a catalog, wherever they lie. */
export type VectorTable = Matrix | StoredRows;

/** Whether all rows are in memory. */
export const isInMemory = (table: VectorTable): table is Matrix => 'data' in table;

/** A zero matrix of the given shape, or a view of `data` in that shape (not copied). */
export function matrix(
  rows: number,
  cols: number,
  data: Float32Array = new Float32Array(rows * cols),
): Matrix {
  if (data.length !== rows * cols) {
    throw new RangeError(`a ${rows} x ${cols} matrix needs ${rows * cols} values, got ${data.length}`);
  }
  return { data, rows, cols };
}

/** Row `i`: of a matrix a view (not a copy). */
export function row(m: VectorTable, i: number): Float32Array {
  return 'data' in m ? m.data.subarray(i * m.cols, (i + 1) * m.cols) : m.read(i, i + 1).data;
}

/** Rows `[start, end)`: of a matrix a view (not a copy). */
export function rowRange(m: VectorTable, start: number, end: number): Matrix {
  if (!('data' in m)) return m.read(start, end);
  return matrix(end - start, m.cols, m.data.subarray(start * m.cols, end * m.cols));
}

/** The given rows, in the given order, as a new matrix. */
export function gatherRows(m: VectorTable, indices: ArrayLike<number>): Matrix {
  const out = matrix(indices.length, m.cols);
  for (let i = 0; i < indices.length; i++) out.data.set(row(m, indices[i]), i * m.cols);
  return out;
}

/** All matrices stacked on top of each other; they must agree in `cols`. */
export function concatRows(parts: readonly Matrix[]): Matrix {
  const cols = parts[0]?.cols ?? 0;
  const out = matrix(
    parts.reduce((n, p) => n + p.rows, 0),
    cols,
  );
  let offset = 0;
  for (const part of parts) {
    if (part.cols !== cols) throw new RangeError(`cannot stack ${part.cols} columns on ${cols}`);
    out.data.set(part.data, offset);
    offset += part.data.length;
  }
  return out;
}

/** Dot product of two vectors of the same length, accumulated in float64. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  // Four sums that do not wait for each other: a single one is bound by the latency of an addition.
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  const even = a.length - (a.length % 4);
  for (let i = 0; i < even; i += 4) {
    sum0 += a[i] * b[i];
    sum1 += a[i + 1] * b[i + 1];
    sum2 += a[i + 2] * b[i + 2];
    sum3 += a[i + 3] * b[i + 3];
  }
  for (let i = even; i < a.length; i++) sum0 += a[i] * b[i];
  return sum0 + sum1 + (sum2 + sum3);
}

/** Dot products of row `i` with all rows, [rows]. */
export const dotsWithRow = (m: Matrix, i: number): Float64Array =>
  Float64Array.from({ length: m.rows }, (_, j) => dot(row(m, i), row(m, j)));

/** Scales every row to unit length in place and returns the matrix; a zero row stays zero. */
export function normalizeRows(m: Matrix): Matrix {
  for (let i = 0; i < m.rows; i++) {
    const r = row(m, i);
    const norm = Math.sqrt(dot(r, r));
    if (norm > 0) for (let j = 0; j < r.length; j++) r[j] /= norm;
  }
  return m;
}

/** The matrix with rows and columns swapped. */
export function transposed({ data, rows, cols }: Matrix): Matrix {
  const out = matrix(cols, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out.data[j * rows + i] = data[i * cols + j];
  return out;
}
