/**
 * Products by weights in 8 bits, for models that answer and learn no more.
 *
 * Weights are symmetric, with a scale for each output column. Activations are quantised as they come, with a scale for each row: with one
 * for all rows, as ONNX Runtime's DynamicQuantizeLinear has it, what a query is answered would depend on the queries beside it.
 *
 *   x_ri ~ s_r (a_ri - 128),  w_ic ~ t_c b_ic,  (x w)_rc ~ s_r t_c sum_i (a_ri - 128) b_ic,  a in 1 .. 255, b in -127 .. 127
 *
 * A number is off by half a scale at most, so a product of n numbers by n / 2 (s_r max|w_c| + t_c max|x_r| + s_r t_c / 2).
 */
import { Graph, type Value } from './graph.js';
import { encodeOnnx } from './onnx.js';
import * as ops from './ops.js';
import { ones } from './parameters.js';
import type { Runtime } from './runtime.js';
import { floats, type RuntimeOptions, Session } from './session.js';

/** Largest code, and the code of an activation of 0. */
const TOP = 127;
const ZERO = 128;

/** Shorter sums take longer to quantise than to calculate (bench/int8.ts). */
const LEAST_INNER = 256;

export interface QuantizedColumns {
  /** [rows, cols] */
  readonly codes: Int8Array;
  /** [cols] */
  readonly scales: Float32Array;
}

/** A matrix [rows, cols] in codes of -127 to 127, of which a column's largest is 127. */
export function quantizeColumns(weights: Float32Array, cols: number): QuantizedColumns {
  const scales = new Float32Array(cols);
  for (let i = 0; i < weights.length; i++)
    scales[i % cols] = Math.max(scales[i % cols], Math.abs(weights[i]) / TOP);
  const codes = new Int8Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    const scale = scales[i % cols];
    if (scale > 0) codes[i] = Math.round(weights[i] / scale);
  }
  return { codes, scales };
}

/**
 * Puts products of 8 bits in the place of those by a parameter, where its columns are long enough; the graph is changed as it stands.
 *
 * @param weights of each parameter
 * @param leastInner numbers of a column
 */
export function inInt8(
  graph: Graph,
  weights: ReadonlyMap<string, Float32Array>,
  { leastInner = LEAST_INNER }: { readonly leastInner?: number } = {},
): void {
  const names = new Map([...graph.parameters].map(([name, { value }]) => [value, name]));
  const quantized = new Map<Value, QuantizedRows>();
  const columns = new Map<Value, ColumnConstants>();
  for (const node of graph.nodes.splice(0)) {
    const [x, weight] = node.inputs;
    const values = node.op === 'MatMul' && weight ? weights.get(names.get(weight) ?? '') : undefined;
    if (!x || !weight || !values || (weight.shape[0] as number) < leastInner) {
      graph.nodes.push(node);
      continue;
    }
    const rows = quantized.get(x) ?? quantizeRows(x);
    quantized.set(x, rows);
    // Steps of a sampler multiply by the same weights.
    const cols = columns.get(weight) ?? columnConstants(weight, values);
    columns.set(weight, cols);
    product(rows, cols);
    // What read the old product reads the new one.
    graph.nodes.push({ ...graph.nodes.pop()!, outputs: node.outputs });
  }
}

/** Rows in codes, uint8 [..., n], and the scale of each, [..., 1]. */
interface QuantizedRows {
  readonly codes: Value;
  readonly scales: Value;
}

function quantizeRows(x: Value): QuantizedRows {
  const { graph, shape } = x;
  const each = [...shape.slice(0, -1), 1];
  const sizes = graph.node('Abs', [x], [{ shape }])[0];
  const axes = graph.int64s([x.rank - 1]);
  const largest = graph.node('ReduceMax', [sizes, axes], [{ shape: each }], { keepdims: 1 })[0];
  // A row of zeros has any scale.
  const scales = ops.mul(ops.maximum(largest, 1e-20), 1 / TOP);
  const zero = graph.constant(Uint8Array.of(ZERO), []);
  const zeros = graph.node('Expand', [zero, ops.shapeOf(scales)], [{ shape: each, dtype: 'uint8' }])[0];
  const attributes = { axis: x.rank - 1, block_size: shape[x.rank - 1] as number };
  const [codes] = graph.node('QuantizeLinear', [x, scales, zeros], [{ shape, dtype: 'uint8' }], attributes);
  return { codes, scales };
}

/** Columns in codes, int8 [n, m], and the scale of each, [m]. */
interface ColumnConstants {
  readonly codes: Value;
  readonly scales: Value;
}

function columnConstants({ graph, shape }: Value, values: Float32Array): ColumnConstants {
  const [rows, cols] = shape as readonly number[];
  const { codes, scales } = quantizeColumns(values, cols);
  return { codes: graph.constant(codes, [rows, cols]), scales: graph.constant(scales, [cols]) };
}

function product(rows: QuantizedRows, columns: ColumnConstants): Value {
  const { graph, shape } = rows.codes;
  const zero = graph.constant(Uint8Array.of(ZERO), []);
  const inputs = [rows.codes, columns.codes, graph.scalar(1), columns.scales, zero];
  const outputs = [{ shape: [...shape.slice(0, -1), columns.scales.shape[0]] }];
  return ops.mul(graph.node('MatMulIntegerToFloat', inputs, outputs, {}, ops.CONTRIB)[0], rows.scales);
}

/** Rows and columns of the product that is tried. */
const TRIED = 16;

/**
 * Whether codes are multiplied without fault. A runtime may lack the operator; and x86 without VNNI adds pairs of products in 16 bits, which
 * large codes overflow. Other devices than the CPU have no such products.
 *
 * @param runtime - the process's own
 */
export async function int8IsExact(
  { device = 'cpu' }: RuntimeOptions = {},
  runtime?: Runtime,
): Promise<boolean> {
  if (device !== 'cpu') return false;
  const n = LEAST_INNER;
  const graph = new Graph();
  const y = ops.matmul(graph.input('x', ['rows', n]), graph.parameter('w', [n, TRIED], ones));
  const weights = new Map([['w', new Float32Array(n * TRIED).fill(1)]]);
  inInt8(graph, weights);
  let session: Session | undefined;
  try {
    session = await Session.load(encodeOnnx(graph, { outputs: { y }, weights }), { threads: 1 }, runtime);
    const x = { data: new Float32Array(TRIED * n).fill(1), dims: [TRIED, n] };
    return floats((await session.run({ x })).y).every((sum) => Math.abs(sum - n) < 1e-3 * n);
  } catch {
    return false;
  } finally {
    await session?.release();
  }
}
