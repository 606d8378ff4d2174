/** A dense float64 array in row-major order: what the reference interpreter calculates with. */
export interface NdArray {
  readonly data: Float64Array;
  readonly dims: readonly number[];
}

export const sizeOf = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** An array made element by element from its multi-index. */
export function build(dims: readonly number[], element: (index: readonly number[]) => number): NdArray {
  const data = new Float64Array(sizeOf(dims));
  const index = dims.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = element(index);
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis] === dims[axis]; axis--) index[axis] = 0;
  }
  return { data, dims };
}

/** The element at a multi-index whose extra leading axes are dropped and which wraps to 0 on axes of size 1. */
export function at({ data, dims }: NdArray, index: readonly number[]): number {
  const extra = index.length - dims.length;
  let offset = 0;
  for (let axis = 0; axis < dims.length; axis++) {
    offset = offset * dims[axis] + (dims[axis] === 1 ? 0 : index[axis + extra]);
  }
  return data[offset];
}

/** NumPy's broadcast of several shapes. */
export function broadcast(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((s) => s[i - rank + s.length] ?? 1);
    return sizes.find((d) => d !== 1) ?? 1;
  });
}

/** Applies `f` to each row (last axis) and puts the results, equally long, together. */
export function mapRows(
  x: NdArray,
  f: (row: Float64Array, at: number) => readonly number[] | Float64Array,
): NdArray {
  const width = x.dims[x.dims.length - 1];
  const rows = Array.from({ length: x.data.length / width }, (_, i) =>
    f(x.data.subarray(i * width, (i + 1) * width), i),
  );
  return {
    data: Float64Array.from(rows.flatMap((r) => [...r])),
    dims: [...x.dims.slice(0, -1), rows[0].length],
  };
}
