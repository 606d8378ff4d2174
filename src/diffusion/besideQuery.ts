import { ops, type Value } from '../engine/index.js';

/**
 * `compute` of the rows of sets beside what belongs to their queries. Where there are several sets a query, one after another, their rows
 * are laid together for it: what is known of a query is then neither computed nor copied for each of its sets.
 *
 * @param rows [batch, rows, n], where batch is a whole multiple of queries
 * @param ofQuery [queries, ...]
 * @param compute row by row: [queries, more rows, n] -> [queries, more rows, m]
 * @returns [batch, rows, m]
 */
export function besideQuery(rows: Value, ofQuery: Value, compute: (rows: Value) => Value): Value {
  const { graph, shape } = rows;
  const [batch, count, n] = shape;
  const [queries] = ofQuery.shape;
  if (batch === queries) return compute(rows);
  const size = (axis: number) => ops.shapeOf(rows, axis);
  const laidOut = (x: Value, to: readonly Value[], dims: Value['shape']): Value =>
    graph.node(
      'Reshape',
      [x, graph.node('Concat', to, [{ shape: [3], dtype: 'int64' }], { axis: 0 })[0]],
      [{ shape: dims }],
    )[0];
  const together = laidOut(
    rows,
    [ops.shapeOf(ofQuery, 0), graph.int64s([-1]), size(2)],
    [queries, `${count} of all sets`, n],
  );
  const computed = compute(together);
  const m = computed.shape[2];
  return laidOut(computed, [size(0), size(1), ops.shapeOf(computed, 2)], [batch, count, m]);
}
