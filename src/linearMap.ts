import { floats, Graph, ops, type RuntimeOptions, Session } from './engine/index.js';
import { dot, type Matrix, matrix, row } from './matrix.js';

/** The products of vectors with all rows of one matrix: x [n, d] -> [n, rows]. */
export interface LinearMap {
  apply(x: Matrix): Promise<Matrix>;
  /** Frees native memory, where it holds any. Twice is as good as once. */
  release?(): Promise<void>;
}

/** By the runtime, for many rows. */
export async function compiledMap({ data, rows, cols }: Matrix, runtime?: RuntimeOptions): Promise<LinearMap> {
  const graph = new Graph();
  const products = ops.matmul(graph.input('x', ['n', cols]), graph.constant(data, [rows, cols]), {
    transB: true,
  });
  const session = await Session.compile(graph, { products }, runtime);
  return {
    async apply(x) {
      const result = await session.run({ x: { data: x.data, dims: [x.rows, cols] } });
      return matrix(x.rows, rows, floats(result.products));
    },
    release: () => session.release(),
  };
}

/** One by one, where there is no such runtime. */
export const plainMap = (rows: Matrix): LinearMap => ({
  async apply(x) {
    const out = matrix(x.rows, rows.rows);
    for (let q = 0; q < x.rows; q++)
      for (let i = 0; i < rows.rows; i++) out.data[q * rows.rows + i] = dot(row(x, q), row(rows, i));
    return out;
  },
});
