/** Ridge regression as weights of the training rows. */
import { dot, type Matrix, matrix, row, transposed } from '../matrix.js';
import { invertInPlace } from './ridge.js';

/**
 * Ridge regression from vectors x to any targets, (X^T X + ridge I)^-1 X^T Y, without the targets: what it predicts for x is
 * sum_i a_i y_i, where
 *
 *     a = X (X^T X + ridge I)^-1 x = (X X^T + ridge I)^-1 X x
 *
 * are the weights of the training rows. The second form (the dual) is used where there are fewer rows than columns; both are one
 * by the push-through identity (Hastie, Tibshirani & Friedman, "The Elements of Statistical Learning", 2nd edition, sections 3.4.1
 * and 5.8.1, https://hastie.su.domains/ElemStatLearn/). Sums in float64; own code, since ml-matrix takes several times as long.
 */
export class RidgeSmoother {
  readonly #inputs: Matrix;
  /** Rows or columns, whichever are fewer: the side of the matrix that is inverted. */
  readonly #side: 'rows' | 'columns';
  readonly #gram: Float64Array;
  readonly #size: number;

  /** @param inputs X [n, d] */
  constructor(inputs: Matrix) {
    this.#inputs = inputs;
    this.#side = inputs.rows < inputs.cols ? 'rows' : 'columns';
    this.#size = Math.min(inputs.rows, inputs.cols);
    this.#gram = gramOf(this.#side === 'rows' ? inputs : transposed(inputs));
  }

  /**
   * The weights of the training rows as a function of x: [d] -> [n].
   *
   * @param ridge larger than 0
   */
  weights(ridge: number): (x: Float32Array) => Float64Array {
    const { rows: n, cols: d } = this.#inputs;
    const inverse = this.#inverse(ridge);
    const size = this.#size;
    const solve = (b: ArrayLike<number>) =>
      Float64Array.from({ length: size }, (_, i) => dot(inverse.subarray(i * size, (i + 1) * size), b));
    const along = (x: ArrayLike<number>) =>
      Float64Array.from({ length: n }, (_, i) => dot(row(this.#inputs, i), x));
    return (x) => {
      if (x.length !== d) throw new RangeError(`expected a vector of ${d} values, got ${x.length}`);
      return this.#side === 'rows' ? solve(along(x)) : along(solve(x));
    };
  }

  /** The weights as a matrix P [n, d]: a = P x. Row i belongs to training row i. */
  matrix(ridge: number): Matrix {
    const { rows: n, cols: d, data } = this.#inputs;
    const inverse = this.#inverse(ridge);
    const size = this.#size;
    const out = matrix(n, d);
    const sum = new Float64Array(d);
    for (let i = 0; i < n; i++) {
      sum.fill(0);
      for (let j = 0; j < size; j++) {
        // By rows: row i of the inverse times X. By columns: row i of X times the inverse.
        const factor = this.#side === 'rows' ? inverse[i * size + j] : data[i * d + j];
        const [values, from] = this.#side === 'rows' ? [data, j * d] : [inverse, j * size];
        for (let c = 0; c < d; c++) sum[c] += factor * values[from + c];
      }
      row(out, i).set(sum);
    }
    return out;
  }

  #inverse(ridge: number): Float64Array {
    if (!(ridge > 0)) throw new RangeError(`a ridge must be larger than 0, got ${ridge}`);
    const a = this.#gram.slice();
    for (let i = 0; i < this.#size; i++) a[i * this.#size + i] += ridge;
    return invertInPlace(a, this.#size);
  }
}

/** Rows with a constant 1 after each: [n, d + 1]. */
export function withConstant(vectors: Matrix): Matrix {
  const out = matrix(vectors.rows, vectors.cols + 1);
  for (let i = 0; i < vectors.rows; i++) {
    row(out, i).set(row(vectors, i));
    row(out, i)[vectors.cols] = 1;
  }
  return out;
}

/** Products of all pairs of rows, [rows, rows]. */
function gramOf(m: Matrix): Float64Array {
  const n = m.rows;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const own = row(m, i);
    for (let j = 0; j <= i; j++) {
      gram[i * n + j] = dot(own, row(m, j));
      gram[j * n + i] = gram[i * n + j];
    }
  }
  return gram;
}
