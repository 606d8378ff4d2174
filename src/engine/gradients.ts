/**
 * Reverse-mode differentiation on the graph: walks the nodes backwards and appends, for each, the nodes that carry the
 * gradient of the loss from its outputs to its inputs.
 */
import type { GraphNode, Value } from './graph.js';
import {
  add,
  cast,
  cos,
  div,
  erf,
  exp,
  expandLike,
  less,
  type MatmulOptions,
  matmul,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  reshapeLike,
  shapeOf,
  sigmoid,
  sin,
  slice,
  split,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  where,
} from './ops.js';

/** From d loss / d outputs to d loss / d inputs; undefined where no gradient flows. */
type GradientRule = (node: GraphNode, dOutputs: readonly (Value | undefined)[]) => (Value | undefined)[];

/** Rules for nodes with one differentiable output `y`: `(inputs, dy, y) -> d inputs`. */
type SimpleRule = (inputs: readonly Value[], dy: Value, y: Value, node: GraphNode) => (Value | undefined)[];

const simple =
  (rule: SimpleRule): GradientRule =>
  (node, [dy]) =>
    dy ? rule(node.inputs as readonly Value[], dy, node.outputs[0], node) : [];

/** Sums a gradient over the axes along which its operand was broadcast. */
function unbroadcast(gradient: Value, operand: Value): Value {
  const extra = gradient.rank - operand.rank;
  const axes = gradient.shape.flatMap((d, i) =>
    i < extra || (operand.shape[i - extra] === 1 && d !== 1) ? [i] : [],
  );
  return axes.length === 0 ? gradient : reshapeLike(sum(gradient, axes, true), operand);
}

/** Gradients that are zero but for some updates of the last axis. */
const scattered = new WeakMap<Value, { readonly indices: Value; readonly updates: Value }>();

const rules: Record<string, GradientRule> = {
  Add: simple(([a, b], dy) => [unbroadcast(dy, a), unbroadcast(dy, b)]),
  Sub: simple(([a, b], dy) => [unbroadcast(dy, a), unbroadcast(neg(dy), b)]),
  Mul: simple(([a, b], dy) => [unbroadcast(mul(dy, b), a), unbroadcast(mul(dy, a), b)]),
  Div: simple(([a, b], dy, y) => {
    const dA = div(dy, b);
    return [unbroadcast(dA, a), unbroadcast(neg(mul(dA, y)), b)];
  }),
  // At a tie the gradient goes to the first operand, so that `clip` passes it at its bounds too.
  Min: simple(([a, b], dy) => select(dy, [b, a], less(b, a)).reverse()),
  Max: simple(([a, b], dy) => select(dy, [b, a], less(a, b)).reverse()),
  Where: simple(([condition, a, b], dy) => [undefined, ...select(dy, [a, b], condition)]),

  Neg: simple((_, dy) => [neg(dy)]),
  Exp: simple((_, dy, y) => [mul(dy, y)]),
  Log: simple(([x], dy) => [div(dy, x)]),
  Sqrt: simple((_, dy, y) => [div(mul(dy, 0.5), y)]),
  Tanh: simple((_, dy, y) => [mul(dy, sub(1, mul(y, y)))]),
  Sigmoid: simple((_, dy, y) => [mul(dy, mul(y, sub(1, y)))]),
  Relu: simple(([x], dy) => [where(less(0, x), dy, x.graph.scalar(0))]),
  Erf: simple(([x], dy) => [mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))]),
  Sin: simple(([x], dy) => [mul(dy, cos(x))]),
  Cos: simple(([x], dy) => [neg(mul(dy, sin(x)))]),
  // silu'(x) = s + y (1 - s), s = sigmoid(x).
  QuickGelu: simple(([x], dy, y) => {
    const s = sigmoid(x);
    return [mul(dy, add(s, mul(y, sub(1, s))))];
  }),
  // gelu'(x) = Phi(x) + x phi(x).
  Gelu: simple(([x], dy) => {
    const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const pdf = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(dy, add(cdf, mul(x, pdf)))];
  }),
  // With t = tanh(u), u = c (x + 0.044715 x^3): (1 + t) / 2 + x / 2 (1 - t^2) u'.
  FastGelu: simple(([x], dy) => {
    const c = Math.sqrt(2 / Math.PI);
    const squares = mul(x, x);
    const t = tanh(mul(x, add(mul(squares, c * 0.044715), c)));
    const inner = mul(mul(x, add(mul(squares, 3 * c * 0.044715), c)), sub(1, mul(t, t)));
    return [mul(dy, mul(add(add(t, 1), inner), 0.5))];
  }),

  MatMul: simple(([a, b], dy) => matmulGradient(a, b, dy, {})),
  FusedMatMul: simple(([a, b], dy, _, { attributes }) =>
    matmulGradient(a, b, dy, {
      transA: attributes.transA === 1,
      transB: attributes.transB === 1,
      alpha: (attributes.alpha as { float: number }).float,
    }),
  ),

  Transpose: simple((_, dy, __, { attributes }) => {
    const perm = attributes.perm as readonly number[];
    return [
      transpose(
        dy,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ];
  }),
  Reshape: simple(([x], dy) => [reshapeLike(dy, x)]),
  Expand: simple(([x], dy) => [unbroadcast(dy, x)]),
  Concat: simple((inputs, dy, _, { attributes }) => concatGradient(inputs, dy, attributes.axis as number)),
  Split: (node, dOutputs) => {
    const parts = node.outputs.map((y, i) => dOutputs[i] ?? zerosLike(y));
    const [x] = node.inputs as [Value];
    return [x.graph.node('Concat', parts, [{ shape: x.shape }], { axis: node.attributes.axis })[0]];
  },
  Slice: simple(([x, start, end, axis], dy) => [
    sliceGradient(x, dy, constantInt(start), constantInt(end), constantInt(axis)),
  ]),
  Gather: simple(([table, indices], dy) => [gatherGradient(table, indices, dy)]),
  GatherElements: simple(([x, indices], dy) => {
    const dx = scatterAdd(zerosLike(x), indices, dy);
    scattered.set(dx, { indices, updates: dy });
    return [dx];
  }),

  ReduceSum: simple(([x], dy, _, node) => [expandLike(keepReduced(dy, x, reducedAxes(node)), x)]),
  ReduceMean: simple(([x], dy, y, node) => {
    const axes = reducedAxes(node);
    return [expandLike(div(keepReduced(dy, x, axes), reducedCount(x, y, axes)), x)];
  }),
  ReduceSumSquare: simple(([x], dy, _, node) => [mul(mul(x, 2), keepReduced(dy, x, reducedAxes(node)))]),

  // dx = y * (dy - sum(dy * y))
  Softmax: simple((_, dy, y) => {
    const weighted = mul(dy, y);
    return [sub(weighted, mul(y, sum(weighted, [y.rank - 1], true)))];
  }),
  // dx = dy - exp(y) sum(dy). Where dy comes from `gatherLast` alone (the log-probabilities of tokens), it is zero nearly
  // everywhere: it is scattered into the second term, which saves several passes over the whole vocabulary.
  LogSoftmax: simple((_, dy, y) => {
    const sparse = scattered.get(dy);
    const dense = mul(exp(y), neg(sum(sparse?.updates ?? dy, [y.rank - 1], true)));
    return [sparse ? scatterAdd(dense, sparse.indices, sparse.updates) : add(dy, dense)];
  }),

  // The forward node's mean and 1/deviation are its 2nd and 3rd outputs, so nothing is computed again.
  LayerNormalization: simple(([x, gain, bias], dy, _, { outputs: [, mu, inverse] }) => {
    const normalized = mul(sub(x, mu), inverse);
    const dNormalized = mul(dy, gain);
    const last = [x.rank - 1];
    const along = mul(normalized, mean(mul(dNormalized, normalized), last, true));
    const dx = mul(inverse, sub(sub(dNormalized, mean(dNormalized, last, true)), along));
    return [dx, unbroadcast(mul(dy, normalized), gain), unbroadcast(dy, bias)];
  }),
  SimplifiedLayerNormalization: simple(([x, gain], dy, _, { outputs: [, inverse] }) => {
    const normalized = mul(x, inverse);
    const dNormalized = mul(dy, gain);
    const along = mul(normalized, mean(mul(dNormalized, normalized), [x.rank - 1], true));
    return [mul(inverse, sub(dNormalized, along)), unbroadcast(mul(dy, normalized), gain)];
  }),
  // `stopGradient`, and what is not a function of its float inputs.
  Identity: () => [],
  Less: () => [],
  Shape: () => [],
  Cast: () => [],
};

/** Splits the gradient of `condition ? a : b` between its operands. */
function select(dy: Value, [a, b]: readonly [Value, Value], condition: Value): Value[] {
  const zero = dy.graph.scalar(0);
  return [unbroadcast(where(condition, dy, zero), a), unbroadcast(where(condition, zero, dy), b)];
}

const zerosLike = (x: Value): Value => expandLike(x.graph.scalar(0), x);

const reducedAxes = ({ inputs: [x, axes] }: GraphNode): number[] =>
  Array.from((x as Value).graph.constants.get(axes as Value) as BigInt64Array, Number);

/** How many elements of `x` went into each of `y`: known, or counted at run time. */
function reducedCount(x: Value, y: Value, axes: readonly number[]): Value {
  const sizes = axes.map((i) => x.shape[i]);
  if (sizes.every((d) => typeof d === 'number')) return x.graph.scalar(sizes.reduce((n, d) => n * d, 1));
  return div(sizeOf(x), sizeOf(y));
}

function sizeOf(x: Value): Value {
  return cast(x.graph.node('Size', [x], [{ shape: [], dtype: 'int64' }])[0], 'float32');
}

/** Puts the reduced axes back with size 1, so that the gradient broadcasts over the operand. */
function keepReduced(dy: Value, x: Value, axes: readonly number[]): Value {
  if (dy.rank === x.rank) return dy;
  const unsqueezed = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return x.graph.node('Unsqueeze', [dy, x.graph.int64s(axes)], [{ shape: unsqueezed }])[0];
}

function matmulGradient(a: Value, b: Value, dy: Value, options: MatmulOptions): [Value, Value] {
  const { transA = false, transB = false, alpha = 1 } = options;
  const dA = transA
    ? matmul(b, dy, { transA: transB, transB: true, alpha })
    : matmul(dy, b, { transB: !transB, alpha });
  // A weight shared by all leading axes: one flat product sums over them (and is one large GEMM).
  if (b.rank === 2 && a.rank > 2 && !transA && [a, dy].every(hasNumericRows)) {
    const rows = flatten(a);
    const dRows = flatten(dy);
    const dB = transB
      ? matmul(dRows, rows, { transA: true, alpha })
      : matmul(rows, dRows, { transA: true, alpha });
    return [unbroadcast(dA, a), dB];
  }
  const dB = transB
    ? matmul(dy, a, { transA: true, transB: transA, alpha })
    : matmul(a, dy, { transA: !transA, alpha });
  return [unbroadcast(dA, a), unbroadcast(dB, b)];
}

const hasNumericRows = (x: Value): boolean => typeof x.shape[x.rank - 1] === 'number';

/** [..., d] -> [rows, d], d a number. */
function flatten(x: Value): Value {
  const leading = x.shape.slice(0, -1);
  const rows = leading.every((d) => typeof d === 'number')
    ? (leading as number[]).reduce((n, d) => n * d, 1)
    : leading.join('*');
  const shape = [rows, x.shape[x.rank - 1]];
  return x.graph.node('Reshape', [x, x.graph.int64s([-1, shape[1] as number])], [{ shape }])[0];
}

/** Cuts the gradient of a concatenation up again; at most one part may have a symbolic size. */
function concatGradient(parts: readonly Value[], dy: Value, axis: number): Value[] {
  const sizes = parts.map((p) => p.shape[axis]);
  const unknown = sizes.filter((s) => typeof s === 'string');
  if (unknown.length === 0) return split(dy, sizes as number[], axis);
  if (unknown.length > 1)
    throw new RangeError(`no gradient through a concatenation of several symbolic sizes: ${unknown}`);
  const symbolic = sizes.findIndex((s) => typeof s === 'string');
  const known = (from: number, to: number) =>
    sizes.slice(from, to).reduce<number>((n, s) => n + (s as number), 0);
  return parts.map((part, i) => {
    const after = known(i + 1 > symbolic ? i + 1 : symbolic + 1, parts.length);
    const start = i <= symbolic ? known(0, i) : -(after + (sizes[i] as number));
    const end = i < symbolic ? start + (sizes[i] as number) : after === 0 ? Number.MAX_SAFE_INTEGER : -after;
    return slice(dy, axis, start, end, part.shape[axis]);
  });
}

function constantInt(x: Value): number {
  return Number((x.graph.constants.get(x) as BigInt64Array)[0]);
}

/** Zeros around the gradient of the part that was cut out; how many is known, or counted at run time. */
function sliceGradient(x: Value, dy: Value, start: number, end: number, axis: number): Value {
  const { graph } = x;
  const size = x.shape[axis];
  const known = typeof size === 'number';
  const length = known ? graph.int64s([size]) : shapeOf(x, axis);
  const clamp = (p: number) => graph.int64s([Math.max(0, known ? Math.min(p, size) : p)]);
  const before =
    start >= 0 || known
      ? clamp(start < 0 ? (size as number) + start : start)
      : add(length, graph.int64s([start]));
  const after = end < 0 ? clamp(-end) : maximum(sub(length, graph.int64s([end])), graph.int64s([0]));
  const pads = graph.node('Concat', [before, after], [{ shape: [2], dtype: 'int64' }], { axis: 0 })[0];
  const inputs = [dy, pads, undefined, graph.int64s([axis])];
  return graph.node('Pad', inputs, [{ shape: x.shape }], { mode: 'constant' })[0];
}

/**
 * Adds the gradient rows up at their table rows. ScatterElements adds in order, so the sum is deterministic
 * (ScatterND is not), and is twice as fast along the last axis, which is worth the transposes.
 */
function gatherGradient(table: Value, indices: Value, dy: Value): Value {
  const { graph } = table;
  const [rows, ...rest] = table.shape;
  if (rest.some((d) => typeof d !== 'number'))
    throw new RangeError(`no gradient through a gather from rows of the symbolic shape [${rest}]`);
  const width = (rest as number[]).reduce((n, d) => n * d, 1);
  const asRows = graph.node('Reshape', [dy, graph.int64s([-1, width])], [{ shape: ['rows', width] }])[0];
  const updates = transpose(asRows, [1, 0]);
  const flat = { shape: [1, 'rows'], dtype: indices.dtype };
  const row = graph.node('Reshape', [indices, graph.int64s([1, -1])], [flat])[0];
  const empty = expandLike(graph.scalar(0), transpose(reshape(table, [rows, width]), [1, 0]));
  const sums = scatterAdd(empty, expandLike(row, updates), updates);
  return reshapeLike(transpose(sums, [1, 0]), table);
}

/** `x` with the updates added at their positions of the last axis, in order. */
function scatterAdd(x: Value, indices: Value, updates: Value): Value {
  const attributes = { axis: x.rank - 1, reduction: 'add' };
  return x.graph.node('ScatterElements', [x, indices, updates], [{ shape: x.shape }], attributes)[0];
}

/**
 * Appends the nodes of a stretch once more and notes each one's copy in `again`. What comes into the stretch is awaited together with
 * the gradient of what leaves it, by adding 0 times that: so it is computed after that gradient, and the runtime, which merges nodes
 * that are equal, does not merge it with the first.
 */
function computeAgain(
  stretch: readonly GraphNode[],
  accumulated: ReadonlyMap<Value, Value>,
  again: Map<GraphNode, GraphNode>,
): void {
  const own = new Set(stretch.flatMap(({ outputs }) => outputs));
  const dy = [...own].map((y) => accumulated.get(y)).find((d) => d !== undefined);
  if (!dy) return;
  const { graph } = dy;
  const isFixed = (x: Value) => graph.constants.has(x) || graph.parameters.get(x.name)?.value === x;
  const zero = mul(sum(dy), 0);
  const copies = new Map<Value, Value>();
  const copyOf = (x: Value | undefined): Value | undefined => {
    if (!x || isFixed(x) || (x.dtype !== 'float32' && !own.has(x))) return x;
    const known = copies.get(x);
    if (known) return known;
    const awaited = add(x, zero);
    copies.set(x, awaited);
    return awaited;
  };
  for (const node of stretch) {
    const inputs = node.inputs.map(copyOf);
    const outputs = graph.node(node.op, inputs, node.outputs, node.attributes, node.domain);
    for (const [i, y] of node.outputs.entries()) copies.set(y, outputs[i]);
    again.set(node, { ...node, inputs, outputs });
  }
}

/**
 * d loss / d value for each of `wrt`, as new nodes of the same graph. `loss` must be a scalar.
 * Throws RangeError for an operator without a rule, or a value which the loss does not depend on.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  const { graph } = loss;
  if (loss.rank !== 0) throw new RangeError(`the loss must be a scalar, not [${loss.shape}]`);
  const forward = graph.nodes.slice();
  const active = new Set<Value>(wrt);
  for (const node of forward) {
    if (node.op !== 'Identity' && node.inputs.some((x) => x && active.has(x)))
      for (const y of node.outputs) active.add(y);
  }
  const accumulated = new Map<Value, Value>([[loss, stopGradient(graph.scalar(1))]]);
  const stretches = new Map(graph.recomputed.map(({ start, end }) => [end, forward.slice(start, end)]));
  const again = new Map<GraphNode, GraphNode>();
  for (let i = forward.length - 1; i >= 0; i--) {
    const stretch = stretches.get(i + 1);
    if (stretch) computeAgain(stretch, accumulated, again);
    const node = forward[i];
    if (!node.outputs.some((y) => accumulated.has(y) && active.has(y))) continue;
    const rule = rules[node.op];
    if (!rule) throw new RangeError(`no gradient rule for operator ${node.op}`);
    const dInputs = rule(
      again.get(node) ?? node,
      node.outputs.map((y) => accumulated.get(y)),
    );
    node.inputs.forEach((x, i) => {
      const dx = dInputs[i];
      if (!x || !dx || !active.has(x)) return;
      const sofar = accumulated.get(x);
      accumulated.set(x, sofar ? add(sofar, dx) : dx);
    });
  }
  return wrt.map((x) => {
    const gradient = accumulated.get(x);
    if (!gradient) throw new RangeError(`the loss does not depend on ${x.name}`);
    return gradient;
  });
}
