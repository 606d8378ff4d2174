import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { RunControl } from '../progress.js';

export interface BatchOptions<T> extends RunControl {
  /** Values encoded together. */
  readonly size: number;
  readonly dim: number;
  /** What makes a value expensive: values of like size share a batch, so that little is padded [their order]. */
  readonly sizeOf?: (value: T) => number;
}

/** Encodes values batch by batch, in another order if that is cheaper: -> unit rows [values.length, dim] in the order of the values. */
export async function inBatches<T>(
  values: readonly T[],
  encode: (batch: readonly T[]) => Promise<Matrix>,
  { size, dim, sizeOf, signal, onProgress }: BatchOptions<T>,
): Promise<Matrix> {
  const out = matrix(values.length, dim);
  const order = values.map((_, i) => i);
  if (sizeOf) order.sort((a, b) => sizeOf(values[a]) - sizeOf(values[b]));
  for (let start = 0; start < order.length; start += size) {
    signal?.throwIfAborted();
    const rows = order.slice(start, start + size);
    const vectors = await encode(rows.map((i) => values[i]));
    rows.forEach((to, from) => {
      row(out, to).set(row(vectors, from));
    });
    onProgress?.({ stage: 'encode', done: Math.min(start + size, values.length), total: values.length });
  }
  return normalizeRows(out);
}
