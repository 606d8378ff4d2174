/**
 * The operators models are written in. Each appends ONNX nodes to the graph of its operands and infers the shape of
 * its result; those with a rule in `gradients.ts` can be differentiated through.
 */
import {
  type Attributes,
  broadcastShapes,
  type Dim,
  DTYPE_CODES,
  type DType,
  type Shape,
  type Value,
} from './graph.js';

/** An operand: a value, or a plain number which becomes a scalar constant. */
export type Operand = Value | number;

/** ONNX Runtime's own operators. */
export const CONTRIB = 'com.microsoft';

function unary(op: string, x: Value, attributes: Attributes = {}, domain = ''): Value {
  return x.graph.node(op, [x], [{ shape: x.shape, dtype: x.dtype }], attributes, domain)[0];
}

function binary(op: string, a: Operand, b: Operand, dtype?: DType): Value {
  const graph = typeof a === 'number' ? (b as Value).graph : a.graph;
  const x = typeof a === 'number' ? graph.scalar(a) : a;
  const y = typeof b === 'number' ? graph.scalar(b) : b;
  const shape = broadcastShapes(x.shape, y.shape);
  return graph.node(op, [x, y], [{ shape, dtype: dtype ?? x.dtype }])[0];
}

export const add = (a: Operand, b: Operand): Value => binary('Add', a, b);
export const sub = (a: Operand, b: Operand): Value => binary('Sub', a, b);
export const mul = (a: Operand, b: Operand): Value => binary('Mul', a, b);
export const div = (a: Operand, b: Operand): Value => binary('Div', a, b);
export const minimum = (a: Operand, b: Operand): Value => binary('Min', a, b);
export const maximum = (a: Operand, b: Operand): Value => binary('Max', a, b);
/** `a < b` as a bool tensor; no gradient. */
export const less = (a: Operand, b: Operand): Value => binary('Less', a, b, 'bool');

export const neg = (x: Value): Value => unary('Neg', x);
export const exp = (x: Value): Value => unary('Exp', x);
export const log = (x: Value): Value => unary('Log', x);
export const sqrt = (x: Value): Value => unary('Sqrt', x);
export const tanh = (x: Value): Value => unary('Tanh', x);
export const sigmoid = (x: Value): Value => unary('Sigmoid', x);
export const relu = (x: Value): Value => unary('Relu', x);
export const erf = (x: Value): Value => unary('Erf', x);
export const sin = (x: Value): Value => unary('Sin', x);
export const cos = (x: Value): Value => unary('Cos', x);
export const square = (x: Value): Value => mul(x, x);
/** x * sigmoid(x) (Elfwing et al. 2018), ONNX Runtime's QuickGelu with alpha 1. */
export const silu = (x: Value): Value => unary('QuickGelu', x, { alpha: { float: 1 } }, CONTRIB);
/** Exact GELU, x * Phi(x) (Hendrycks & Gimpel 2016). */
export const gelu = (x: Value): Value => unary('Gelu', x, {}, CONTRIB);
/** GELU's approximation by tanh, x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
export const geluTanh = (x: Value): Value => unary('FastGelu', x, {}, CONTRIB);

/** min(max(x, low), high); the gradient is passed where x is inside. */
export const clip = (x: Value, low: number, high: number): Value => minimum(maximum(x, low), high);

/** The same value, through which no gradient flows. */
export const stopGradient = (x: Value): Value => unary('Identity', x);

/** `condition ? a : b`, element by element. */
export function where(condition: Value, a: Value, b: Value): Value {
  const shape = broadcastShapes(condition.shape, broadcastShapes(a.shape, b.shape));
  return a.graph.node('Where', [condition, a, b], [{ shape, dtype: a.dtype }])[0];
}

export function cast(x: Value, dtype: DType): Value {
  return x.graph.node('Cast', [x], [{ shape: x.shape, dtype }], { to: DTYPE_CODES[dtype] })[0];
}

export interface MatmulOptions {
  /** Transpose the last two axes of the left operand. */
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Factor on the product (1). */
  readonly alpha?: number;
}

/** alpha * op(a) @ op(b) over the last two axes; the axes before them broadcast. */
export function matmul(
  a: Value,
  b: Value,
  { transA = false, transB = false, alpha = 1 }: MatmulOptions = {},
): Value {
  if (a.rank < 2 || b.rank < 2) throw new RangeError('matmul needs operands of rank 2 or more');
  const [m, inner] = lastTwo(a.shape, transA);
  const [inner2, n] = lastTwo(b.shape, transB);
  if (inner !== inner2) throw new RangeError(`matmul: inner sizes of [${a.shape}] and [${b.shape}] differ`);
  const shape = [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
  if (!transA && !transB && alpha === 1) return a.graph.node('MatMul', [a, b], [{ shape }])[0];
  const attributes = { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } };
  return a.graph.node('FusedMatMul', [a, b], [{ shape }], attributes, CONTRIB)[0];
}

function lastTwo(shape: Shape, transposed: boolean): [Dim, Dim] {
  const [x, y] = shape.slice(-2);
  return transposed ? [y, x] : [x, y];
}

export function transpose(x: Value, axes: readonly number[]): Value {
  return x.graph.node('Transpose', [x], [{ shape: axes.map((i) => x.shape[i]), dtype: x.dtype }], {
    perm: axes,
  })[0];
}

/**
 * Rows in another shape. A symbolic size must stay at its axis, or be the only one that moves.
 * Throws RangeError where the shapes cannot be told apart before the graph runs, or do not hold equally many elements.
 */
export function reshape(x: Value, shape: Shape): Value {
  if ([...x.shape, ...shape].every((d) => typeof d === 'number') && elements(x.shape) !== elements(shape))
    throw new RangeError(`cannot reshape [${x.shape}] to [${shape}]: not equally many elements`);
  const target = staticReshape(x.shape, shape);
  if (!target)
    throw new RangeError(`cannot reshape [${x.shape}] to [${shape}] without knowing its symbolic sizes`);
  return x.graph.node('Reshape', [x, x.graph.int64s(target)], [{ shape, dtype: x.dtype }])[0];
}

const elements = (shape: Shape): number => (shape as readonly number[]).reduce((n, d) => n * d, 1);

/** An axis counted from the front; negative ones count from the end. */
function axisOf(x: Value, axis: number): number {
  const counted = axis < 0 ? x.rank + axis : axis;
  if (!(counted >= 0 && counted < x.rank)) throw new RangeError(`[${x.shape}] has no axis ${axis}`);
  return counted;
}

/** `x` in the shape of `like`, read at run time where it has to be. */
export function reshapeLike(x: Value, like: Value): Value {
  if (x.shape.join() === like.shape.join()) return x;
  if (staticReshape(x.shape, like.shape)) return reshape(x, like.shape);
  return x.graph.node('Reshape', [x, shapeOf(like)], [{ shape: like.shape, dtype: x.dtype }])[0];
}

/** ONNX's notation of a reshape (0 keeps an axis, one -1 is inferred), or undefined if it cannot say it. */
function staticReshape(from: Shape, to: Shape): number[] | undefined {
  let inferred = 0;
  const target = to.map((dim, i) => {
    if (typeof dim === 'number') return dim;
    if (from[i] === dim) return 0;
    inferred++;
    return -1;
  });
  return inferred <= 1 ? target : undefined;
}

/** The run-time shape, or the size of one axis, as a 1-D int64 tensor. */
export function shapeOf(x: Value, axis?: number): Value {
  const [start, end] = axis === undefined ? [0, x.rank] : [axis, axis + 1];
  return x.graph.node('Shape', [x], [{ shape: [end - start], dtype: 'int64' }], { start, end })[0];
}

/** `x` repeated along its axes of size 1 to the shape of `like`. */
export function expandLike(x: Value, like: Value): Value {
  const inputs = [
    x,
    like.shape.every((d) => typeof d === 'number') ? x.graph.int64s(like.shape as number[]) : shapeOf(like),
  ];
  return x.graph.node('Expand', inputs, [{ shape: like.shape, dtype: x.dtype }])[0];
}

/** The parts one after another along an axis; they agree in all other sizes. */
export function concat(parts: readonly Value[], along: number): Value {
  const [first] = parts;
  const axis = axisOf(first, along);
  const sizes = parts.map((p) => p.shape[axis]);
  const symbolic = sizes.filter((d) => typeof d === 'string');
  const known = sizes.reduce<number>((n, d) => n + (typeof d === 'number' ? d : 0), 0);
  const size: Dim = symbolic.length === 0 ? known : [...symbolic, ...(known > 0 ? [known] : [])].join('+');
  const shape = first.shape.map((d, i) => (i === axis ? size : d));
  return first.graph.node('Concat', parts, [{ shape, dtype: first.dtype }], { axis })[0];
}

/** `x` cut along an axis into parts of the given sizes. */
export function split(x: Value, sizes: readonly number[], along: number): Value[] {
  return cut(x, sizes, x.graph.int64s(sizes), axisOf(x, along));
}

/** `x` cut along an axis into parts as long as `like` are there: undoes the concatenation of their like. */
export function splitLike(x: Value, like: readonly Value[], along: number): Value[] {
  const axis = axisOf(x, along);
  const sizes = like.map((part) => part.shape[axis]);
  const atRunTime = like.map((part) => shapeOf(part, axis));
  return cut(x, sizes, concat(atRunTime, 0), axis);
}

function cut(x: Value, sizes: readonly Dim[], atRunTime: Value, axis: number): Value[] {
  const outputs = sizes.map((size) => ({
    shape: x.shape.map((d, i) => (i === axis ? size : d)),
    dtype: x.dtype,
  }));
  return x.graph.node('Split', [x, atRunTime], outputs, { axis });
}

/** Entries `[start, end)` along an axis; negative positions count from the end. `size` is needed on a symbolic axis. */
export function slice(x: Value, along: number, start: number, end: number, size?: Dim): Value {
  const axis = axisOf(x, along);
  const full = x.shape[axis];
  const at = (p: number) => (typeof full === 'number' && p < 0 ? full + p : p);
  const inferred = typeof full === 'number' ? Math.min(at(end), full) - at(start) : size;
  if (inferred === undefined)
    throw new RangeError(`slice of the symbolic axis ${axis} needs the resulting size`);
  const { graph } = x;
  const inputs = [x, graph.int64s([start]), graph.int64s([end]), graph.int64s([axis])];
  return graph.node('Slice', inputs, [
    { shape: x.shape.map((d, i) => (i === axis ? inferred : d)), dtype: x.dtype },
  ])[0];
}

/** Rows of `table` [n, ...] at int32 `indices` [...] -> [...indices, ...]: an embedding look-up. */
export function gather(table: Value, indices: Value): Value {
  const shape = [...indices.shape, ...table.shape.slice(1)];
  return table.graph.node('Gather', [table, indices], [{ shape, dtype: table.dtype }], { axis: 0 })[0];
}

/** Entries of the last axis picked by int32 `indices`, which has the rank of `x` and its leading sizes. */
export function gatherLast(x: Value, indices: Value): Value {
  const attributes = { axis: x.rank - 1 };
  return x.graph.node(
    'GatherElements',
    [x, indices],
    [{ shape: indices.shape, dtype: x.dtype }],
    attributes,
  )[0];
}

function reduce(op: string, x: Value, over: readonly number[], keepDims: boolean): Value {
  const axes = over.map((axis) => axisOf(x, axis));
  const shape = x.shape.flatMap((d, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [d]));
  const inputs = [x, x.graph.int64s(axes)];
  return x.graph.node(op, inputs, [{ shape, dtype: x.dtype }], { keepdims: Number(keepDims) })[0];
}

const allAxes = (x: Value): number[] => x.shape.map((_, i) => i);

export const sum = (x: Value, axes = allAxes(x), keepDims = false): Value =>
  reduce('ReduceSum', x, axes, keepDims);
export const mean = (x: Value, axes = allAxes(x), keepDims = false): Value =>
  reduce('ReduceMean', x, axes, keepDims);
export const sumSquares = (x: Value): Value => reduce('ReduceSumSquare', x, allAxes(x), false);

/** Softmax over the last axis. */
export const softmax = (x: Value): Value => unary('Softmax', x, { axis: -1 });
export const logSoftmax = (x: Value): Value => unary('LogSoftmax', x, { axis: -1 });

/** Layer normalisation over the last axis (Ba et al. 2016); `gain` and `bias` are [d]. */
export function layerNorm(x: Value, gain: Value, bias: Value, epsilon = 1e-5): Value {
  const stats = { shape: [...x.shape.slice(0, -1), 1] };
  const attributes = { axis: -1, epsilon: { float: epsilon } };
  return x.graph.node(
    'LayerNormalization',
    [x, gain, bias],
    [{ shape: x.shape }, stats, stats],
    attributes,
  )[0];
}

/** Root-mean-square normalisation over the last axis (Zhang & Sennrich 2019); `gain` is [d]. */
export function rmsNorm(x: Value, gain: Value, epsilon = 1e-6): Value {
  const stats = { shape: [...x.shape.slice(0, -1), 1] };
  const attributes = { axis: -1, epsilon: { float: epsilon }, stash_type: 1 };
  return x.graph.node('SimplifiedLayerNormalization', [x, gain], [{ shape: x.shape }, stats], attributes)[0];
}
