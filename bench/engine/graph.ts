/** The model of model.ts as a graph of the engine. */
import { Graph, ops, type Value, zeros } from '../../src/engine/index.js';
import { HEADS, INPUT, type ModelSize, parameterShapes, ROWS } from './model.js';

/** Its loss; inputs are `x` and `target`. */
export function lossOf(size: ModelSize): Value {
  const { width, layers } = size;
  const shapes = new Map(parameterShapes(size).map(({ name, shape }) => [name, shape]));
  const graph = new Graph();
  const weight = (name: string) => graph.parameter(name, shapes.get(name) as number[], zeros);
  const linear = (x: Value, name: string) =>
    ops.add(ops.matmul(x, weight(`${name}.weight`)), weight(`${name}.bias`));
  const norm = (x: Value, name: string) => ops.layerNorm(x, weight(`${name}.gain`), weight(`${name}.bias`));
  const heads = (x: Value) =>
    ops.transpose(ops.reshape(x, ['batch', ROWS, HEADS, width / HEADS]), [0, 2, 1, 3]);

  function attention(x: Value, name: string): Value {
    const [q, k, v] = ['q', 'k', 'v'].map((part) => heads(linear(x, `${name}.${part}`)));
    const weights = ops.softmax(ops.matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(width / HEADS) }));
    const merged = ops.transpose(ops.matmul(weights, v), [0, 2, 1, 3]);
    return linear(ops.reshape(merged, ['batch', ROWS, width]), `${name}.o`);
  }

  let h = linear(graph.input('x', ['batch', ROWS, INPUT]), 'in');
  for (let i = 0; i < layers; i++) {
    h = ops.add(h, attention(norm(h, `block${i}.norm1`), `block${i}`));
    const hidden = ops.silu(linear(norm(h, `block${i}.norm2`), `block${i}.up`));
    h = ops.add(h, linear(hidden, `block${i}.down`));
  }
  const y = linear(norm(h, 'norm'), 'out');
  return ops.mean(ops.square(ops.sub(y, graph.input('target', ['batch', ROWS, INPUT]))));
}
