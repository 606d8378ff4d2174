/**
 * A slow interpreter of the forward operators in float64, written from their ONNX definitions alone: what the graph
 * builder, the gradient rules and the runtime are checked against.
 */
import type { Graph, GraphNode, Value } from '../graph.js';
import { at, broadcast, build, mapRows, type NdArray, sizeOf } from './ndarray.js';

type Kernel = (inputs: readonly NdArray[], node: GraphNode) => NdArray[];

const map =
  (f: (x: number) => number): Kernel =>
  ([{ data, dims }]) => [{ data: data.map((x) => f(x)), dims }];

const zip =
  (f: (...x: number[]) => number): Kernel =>
  (inputs) => [
    build(broadcast(...inputs.map((x) => x.dims)), (index) => f(...inputs.map((x) => at(x, index)))),
  ];

const rows =
  (f: (row: Float64Array) => Float64Array): Kernel =>
  ([x]) => [mapRows(x, f)];

const reduction =
  (f: (values: readonly number[]) => number): Kernel =>
  ([x, axes], { attributes }) => {
    const reduced = [...axes.data];
    const kept = x.dims.map((d, i) => (reduced.includes(i) ? 1 : d));
    const groups = new Map<string, number[]>();
    build(x.dims, (index) => {
      const key = index.map((p, i) => (reduced.includes(i) ? 0 : p)).join();
      groups.set(key, [...(groups.get(key) ?? []), at(x, index)]);
      return 0;
    });
    const { data } = build(kept, (index) => f(groups.get(index.join()) as number[]));
    return [{ data, dims: attributes.keepdims ? kept : x.dims.filter((_, i) => !reduced.includes(i)) }];
  };

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const float = (node: GraphNode, name: string) => (node.attributes[name] as { float: number }).float;

/** erf by its Taylor series, or by the continued fraction of erfc far out: about 15 digits. */
function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return 1 - Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const logSumExp = (row: Float64Array) => {
  const top = Math.max(...row);
  return top + Math.log(total([...row].map((x) => Math.exp(x - top))));
};

function matmul(a: NdArray, b: NdArray, transA: boolean, transB: boolean, alpha: number): NdArray {
  const [m, inner] = transA ? a.dims.slice(-2).reverse() : a.dims.slice(-2);
  const n = b.dims.at(transB ? -2 : -1) as number;
  return build([...broadcast(a.dims.slice(0, -2), b.dims.slice(0, -2)), m, n], (index) => {
    const batch = index.slice(0, -2);
    const [i, j] = index.slice(-2);
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      sum +=
        at(a, [...batch, ...(transA ? [k, i] : [i, k])]) * at(b, [...batch, ...(transB ? [j, k] : [k, j])]);
    }
    return alpha * sum;
  });
}

/** Entries `[start, start + length)` of an axis. */
const cut = (x: NdArray, axis: number, start: number, length: number): NdArray =>
  build(
    x.dims.map((d, i) => (i === axis ? length : d)),
    (index) =>
      at(
        x,
        index.map((p, i) => (i === axis ? p + start : p)),
      ),
  );

const kernels: Record<string, Kernel> = {
  Add: zip((a, b) => a + b),
  Sub: zip((a, b) => a - b),
  Mul: zip((a, b) => a * b),
  Div: zip((a, b) => a / b),
  Min: zip(Math.min),
  Max: zip(Math.max),
  Less: zip((a, b) => Number(a < b)),
  Where: zip((c, a, b) => (c ? a : b)),
  Neg: map((x) => -x),
  Exp: map(Math.exp),
  Log: map(Math.log),
  Sqrt: map(Math.sqrt),
  Tanh: map(Math.tanh),
  Sigmoid: map(sigmoid),
  Relu: map((x) => Math.max(0, x)),
  Erf: map(erf),
  Sin: map(Math.sin),
  Cos: map(Math.cos),
  QuickGelu: map((x) => x * sigmoid(x)),
  Gelu: map((x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  FastGelu: map((x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
  Identity: map((x) => x),
  Cast: map((x) => x),

  MatMul: ([a, b]) => [matmul(a, b, false, false, 1)],
  FusedMatMul: ([a, b], node) => [
    matmul(a, b, node.attributes.transA === 1, node.attributes.transB === 1, float(node, 'alpha')),
  ],

  Transpose: ([x], { attributes }) => {
    const perm = attributes.perm as readonly number[];
    return [
      build(
        perm.map((axis) => x.dims[axis]),
        (index) =>
          at(
            x,
            perm.map((_, axis) => index[perm.indexOf(axis)]),
          ),
      ),
    ];
  },
  Reshape: ([x, shape]) => {
    const dims = [...shape.data].map((d, i) => (d === 0 ? x.dims[i] : d));
    const known = sizeOf(dims.filter((d) => d !== -1));
    return [{ data: x.data, dims: dims.map((d) => (d === -1 ? x.data.length / known : d)) }];
  },
  Shape: ([x], { attributes: { start = 0, end } }) => {
    const dims = x.dims.slice(start as number, end as number);
    return [{ data: Float64Array.from(dims), dims: [dims.length] }];
  },
  Expand: ([x, shape]) => [build(broadcast(x.dims, [...shape.data]), (index) => at(x, index))],
  Concat: (parts, { attributes }) => {
    const axis = attributes.axis as number;
    const length = total(parts.map((p) => p.dims[axis]));
    const dims = parts[0].dims.map((d, i) => (i === axis ? length : d));
    return [
      build(dims, (index) => {
        let p = index[axis];
        let part = 0;
        while (p >= parts[part].dims[axis]) p -= parts[part++].dims[axis];
        return at(
          parts[part],
          index.map((q, i) => (i === axis ? p : q)),
        );
      }),
    ];
  },
  Split: ([x, sizes], { attributes }) =>
    [...sizes.data].map((size, i) =>
      cut(x, attributes.axis as number, total([...sizes.data.subarray(0, i)]), size),
    ),
  Slice: ([x, start, end, axis]) => {
    const size = x.dims[axis.data[0]];
    const position = (p: number) => Math.min(size, Math.max(0, p < 0 ? size + p : p));
    const first = position(start.data[0]);
    return [cut(x, axis.data[0], first, position(end.data[0]) - first)];
  },
  Gather: ([table, indices]) => {
    const rank = indices.dims.length;
    return [
      build([...indices.dims, ...table.dims.slice(1)], (index) =>
        at(table, [at(indices, index.slice(0, rank)), ...index.slice(rank)]),
      ),
    ];
  },
  GatherElements: ([x, indices], { attributes }) => [
    build(indices.dims, (index) =>
      at(
        x,
        index.map((p, i) => (i === attributes.axis ? at(indices, index) : p)),
      ),
    ),
  ],

  ReduceSum: reduction(total),
  ReduceMean: reduction((values) => total(values) / values.length),
  ReduceSumSquare: reduction((values) => total(values.map((x) => x * x))),

  Softmax: rows((row) => row.map((x) => Math.exp(x - logSumExp(row)))),
  LogSoftmax: rows((row) => row.map((x) => x - logSumExp(row))),
  LayerNormalization: ([x, gain, bias], node) => [
    mapRows(x, (row) => {
      const mean = total([...row]) / row.length;
      const variance = total([...row].map((v) => (v - mean) ** 2)) / row.length;
      return row.map(
        (v, i) => ((v - mean) / Math.sqrt(variance + float(node, 'epsilon'))) * gain.data[i] + bias.data[i],
      );
    }),
  ],
  SimplifiedLayerNormalization: ([x, gain], node) => [
    mapRows(x, (row) => {
      const square = total([...row].map((v) => v * v)) / row.length;
      return row.map((v, i) => (v / Math.sqrt(square + float(node, 'epsilon'))) * gain.data[i]);
    }),
  ],
};

/** Prepares the nodes which `outputs` need; call the result with a value for every input and parameter they use. */
export function reference(
  graph: Graph,
  outputs: readonly Value[],
): (feeds: ReadonlyMap<string, NdArray>) => NdArray[] {
  const needed = new Set<Value | undefined>(outputs);
  const program: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((y) => needed.has(y))) continue;
    program.unshift(node);
    for (const x of node.inputs) needed.add(x);
  }
  return (feeds) => {
    const known = new Map<Value, NdArray>();
    for (const [value, data] of graph.constants) {
      known.set(value, { data: Float64Array.from(data, Number), dims: value.shape as number[] });
    }
    const leaves = [...graph.inputs.values(), ...[...graph.parameters.values()].map((p) => p.value)];
    for (const value of leaves) {
      const fed = feeds.get(value.name);
      if (fed) known.set(value, fed);
    }
    for (const node of program) {
      const kernel = kernels[node.op];
      if (!kernel) throw new Error(`the reference interpreter does not know ${node.op}`);
      const results = kernel(
        node.inputs.map((x) => known.get(x as Value) as NdArray),
        node,
      );
      node.outputs.forEach((y, i) => {
        if (results[i]) known.set(y, results[i]);
      });
    }
    return outputs.map((y) => known.get(y) as NdArray);
  };
}
