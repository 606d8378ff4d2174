/** The memory of training queries with the runtime's products; browsers have `SetMemory.plain`. */
import { floats, Graph, ops, type RuntimeOptions, Session, type Value } from '../engine/index.js';
import { type Matrix, matrix, transposed } from '../matrix.js';
import { memoryMatrices, type RememberedSets, SetMemory } from './setMemory.js';

/** `release` it when done. */
export async function compiledMemory(sets: RememberedSets, runtime?: RuntimeOptions): Promise<SetMemory> {
  const session = await compileProducts(sets, runtime);
  const n = sets.vectors.rows;
  const d = sets.catalog.cols;
  return new SetMemory(sets, {
    async of({ data, rows, cols }) {
      const result = await session.run({ queries: { data, dims: [rows, cols] } });
      return {
        cosines: matrix(rows, n, floats(result.cosines)),
        weights: matrix(rows, n, floats(result.weights)),
        centers: matrix(rows, d, floats(result.centers)),
      };
    },
    release: () => session.release(),
  });
}

/** All products in one graph: asking the runtime takes about as long as one of them. */
function compileProducts(sets: RememberedSets, runtime?: RuntimeOptions): Promise<Session> {
  const { vectors, smoother, constants, means } = memoryMatrices(sets);
  const graph = new Graph();
  const queries = graph.input('queries', ['q', vectors.cols]);
  const times = (x: Value, rows: Matrix) =>
    ops.matmul(x, graph.constant(transposed(rows).data, [rows.cols, rows.rows]));
  const cosines = times(queries, vectors);
  const weights = ops.add(times(queries, smoother), graph.constant(constants, [constants.length]));
  return Session.compile(graph, { cosines, weights, centers: times(weights, means) }, runtime);
}
