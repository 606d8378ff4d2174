import type { Matrix } from '../matrix.js';
export interface Adapter {
  readonly map: Matrix;
}
export function applyAdapter(_: Adapter, vectors: Matrix): Matrix {
  return vectors;
}
