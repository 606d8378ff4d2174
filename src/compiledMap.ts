import { floats, Graph, ops, type RuntimeOptions, Session } from './engine/index.js';
import type { LinearMap } from './linearMap.js';
import { type Matrix, matrix } from './matrix.js';

/** A linear map by the runtime, for many rows. */
export async function compiledMap(
  { data, rows, cols }: Matrix,
  runtime?: RuntimeOptions,
): Promise<LinearMap> {
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
