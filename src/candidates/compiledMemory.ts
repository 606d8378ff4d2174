/** The memory of training queries with the runtime's products; browsers have `SetMemory.plain`. */
import { floats, Graph, ops, type RuntimeOptions, Session, type Value } from '../engine/index.js';
import { type Matrix, matrix, row, rowRange, transposed } from '../matrix.js';
import { setMeans } from '../setMeans.js';
import { type RememberedSets, SetMemory } from './setMemory.js';

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
function compileProducts(
  { vectors, smoother, references, catalog }: RememberedSets,
  runtime?: RuntimeOptions,
): Promise<Session> {
  const graph = new Graph();
  const queries = graph.input('queries', ['q', vectors.cols]);
  const times = (x: Value, columns: Matrix) =>
    ops.matmul(x, graph.constant(columns.data, [columns.rows, columns.cols]));
  // The last row is what a constant 1 in the query is multiplied by.
  const weighing = transposed(smoother);
  const weights = ops.add(
    times(queries, rowRange(weighing, 0, vectors.cols)),
    graph.constant(row(weighing, vectors.cols), [weighing.cols]),
  );
  const outputs = {
    cosines: times(queries, transposed(vectors)),
    weights,
    centers: times(weights, setMeans(references, catalog)),
  };
  return Session.compile(graph, outputs, runtime);
}
