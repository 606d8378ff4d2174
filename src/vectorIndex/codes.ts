/**
 * Vectors in whole numbers of 7 and 8 bits, and how far what they say can be from the truth. Products of such numbers are four times as
 * fast as of floats, and a quarter of the bytes have to be read.
 */
import { type Matrix, row } from '../matrix.js';

export interface CodedRows {
  /** Whole numbers from -127 to 127, column by column, [dim, rows]. */
  readonly codes: Int8Array;
  /** What each row's numbers are to be multiplied by, [rows]. */
  readonly scales: Float32Array;
  /** Longest distance between a row and its code. */
  readonly error: number;
  /** Greatest length of a row. */
  readonly norm: number;
}

/** Codes of rows [n, dim], each with a scale of its own. */
export function encodeRows(rows: Matrix): CodedRows {
  const codes = new Int8Array(rows.rows * rows.cols);
  const scales = new Float32Array(rows.rows);
  let [error, norm] = [0, 0];
  for (let i = 0; i < rows.rows; i++) {
    const x = row(rows, i);
    // A row of zeros has any scale.
    const scale = Math.fround(largest(x) / 127) || 1;
    scales[i] = scale;
    let [squares, lost] = [0, 0];
    for (let j = 0; j < x.length; j++) {
      const code = Math.round(x[j] / scale);
      codes[j * rows.rows + i] = code;
      squares += x[j] * x[j];
      lost += (x[j] - code * scale) ** 2;
    }
    error = Math.max(error, Math.sqrt(lost));
    norm = Math.max(norm, Math.sqrt(squares));
  }
  return { codes, scales, error, norm };
}

export interface CodedDirections {
  /** Whole numbers from 1 to 127 which stand for -63 to 63, [n, dim]. */
  readonly codes: Float32Array;
  /** What each direction's numbers are to be multiplied by, [n]. */
  readonly scales: Float64Array;
  readonly errors: Float64Array;
  readonly norms: Float64Array;
}

/** What a direction's code of 0 is written as. */
export const ZERO_CODE = 64;

/**
 * Codes of directions [n, dim]. They have 7 bits: processors without VNNI add two products of 8 bits in 16, which must not overflow
 * (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html#when-and-why-do-i-need-to-try-u8u8).
 */
export function encodeDirections(directions: Matrix): CodedDirections {
  const n = directions.rows;
  const codes = new Float32Array(n * directions.cols);
  const [scales, errors, norms] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    const q = row(directions, i);
    const scale = largest(q) / 63 || 1;
    let [squares, lost] = [0, 0];
    for (let j = 0; j < q.length; j++) {
      const code = Math.round(q[j] / scale);
      codes[i * q.length + j] = ZERO_CODE + code;
      squares += q[j] * q[j];
      lost += (q[j] - code * scale) ** 2;
    }
    scales[i] = scale;
    errors[i] = Math.sqrt(lost);
    norms[i] = Math.sqrt(squares);
  }
  return { codes, scales, errors, norms };
}

/**
 * The most by which the product of the codes can differ from that of the vectors: with q' and x' what the codes stand for,
 * |qx - q'x'| = |q(x - x') + (q - q')x'| <= |q| |x - x'| + |q - q'| |x'|, by Cauchy and Schwarz, and what float32 rounds.
 */
export function codeError(
  rows: Pick<CodedRows, 'error' | 'norm'>,
  direction: { readonly error: number; readonly norm: number },
): number {
  const rounding = 4 * 2 ** -24 * direction.norm * rows.norm;
  return direction.norm * rows.error + direction.error * (rows.norm + rows.error) + rounding;
}

function largest(values: Float32Array): number {
  let most = 0;
  for (const x of values) most = Math.max(most, Math.abs(x));
  return most;
}
