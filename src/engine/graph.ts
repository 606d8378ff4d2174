/**
 * A computation graph under construction: values with (partly symbolic) shapes, and the ONNX nodes between them.
 * Nodes are appended in execution order, so `nodes` is always topologically sorted.
 */

/** A size: a number, or the name of a size known only when the graph runs, e.g. `batch`. */
export type Dim = number | string;
export type Shape = readonly Dim[];
export type DType = 'float32' | 'float64' | 'int8' | 'uint8' | 'int32' | 'int64' | 'bool';
/** TensorProto.DataType of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export const DTYPE_CODES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};
export type ConstantData = Float32Array | Float64Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;

/** An edge of the graph: what a node produced, or an input, a parameter, a constant. */
export class Value {
  constructor(
    readonly graph: Graph,
    readonly name: string,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  get rank(): number {
    return this.shape.length;
  }
}

export type Attribute = number | string | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface GraphNode {
  readonly op: string;
  /** '' for the standard ONNX operators, `com.microsoft` for ONNX Runtime's own. */
  readonly domain: string;
  /** `undefined` stands for an optional input left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** Fills a fresh parameter; `random` is the parameter's own seeded stream. */
export type Initializer = (out: Float32Array, shape: readonly number[], random: NormalSource) => void;

/** The part of a random generator that initialisers need. */
export interface NormalSource {
  fillNormal(out: Float32Array, scale?: number): void;
}

export interface ParameterSpec {
  readonly value: Value;
  readonly shape: readonly number[];
  readonly init: Initializer;
}

export interface OutputSpec {
  readonly shape: Shape;
  readonly dtype?: DType;
}

export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly inputs = new Map<string, Value>();
  readonly parameters = new Map<string, ParameterSpec>();
  readonly constants = new Map<Value, ConstantData>();
  /** Stretches [start, end) of `nodes` that `recompute` made, in their order. */
  readonly recomputed: { readonly start: number; readonly end: number }[] = [];
  private readonly sharedConstants = new Map<string, Value>();
  private counter = 0;

  /** A tensor handed in at every run. */
  input(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    this.claim(name);
    const value = new Value(this, name, shape, dtype);
    this.inputs.set(name, value);
    return value;
  }

  /** A trainable float32 tensor. Asking again for a name returns the same parameter (tied weights). */
  parameter(name: string, shape: readonly number[], init: Initializer): Value {
    const known = this.parameters.get(name);
    if (known) {
      if (known.shape.join() !== shape.join()) {
        throw new RangeError(`parameter ${name} is [${known.shape}], not [${shape}]`);
      }
      return known.value;
    }
    this.claim(name);
    const value = new Value(this, name, shape, 'float32');
    this.parameters.set(name, { value, shape, init });
    return value;
  }

  /** A fixed tensor; small equal ones are stored once. */
  constant(data: ConstantData, shape: readonly number[]): Value {
    const dtype = dtypeOf(data);
    const key = data.length <= 64 ? `${dtype}|${shape.join()}|${data.join()}` : undefined;
    const known = key === undefined ? undefined : this.sharedConstants.get(key);
    if (known) return known;
    const value = new Value(this, this.fresh('constant'), shape, dtype);
    this.constants.set(value, data);
    if (key !== undefined) this.sharedConstants.set(key, value);
    return value;
  }

  scalar(x: number): Value {
    return this.constant(Float32Array.of(x), []);
  }

  /** A shape, axes or split sizes as ONNX wants them: a 1-D int64 constant. */
  int64s(values: readonly number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length]);
  }

  /** Appends a node with any number of outputs. The typed functions in `ops.ts` are the usual way in. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputSpec[],
    attributes: Attributes = {},
    domain = '',
  ): Value[] {
    for (const input of inputs) {
      if (input && input.graph !== this)
        throw new RangeError(`${op}: ${input.name} belongs to another graph`);
    }
    const values = outputs.map(
      ({ shape, dtype = 'float32' }) => new Value(this, this.fresh(op), shape, dtype),
    );
    this.nodes.push({ op, domain, inputs, outputs: values, attributes });
    return values;
  }

  /**
   * Appends what `build` appends. Its results are kept for the gradients, but what is computed on the way to them is not: it is computed
   * once more when they are. That costs time and saves memory (Chen et al. 2016, arXiv 1604.06174). Stretches do not nest.
   */
  recompute<T>(build: () => T): T {
    const start = this.nodes.length;
    const results = build();
    this.recomputed.push({ start, end: this.nodes.length });
    return results;
  }

  private fresh(prefix: string): string {
    return `${prefix}_${this.counter++}`;
  }

  private claim(name: string): void {
    if (this.inputs.has(name) || this.parameters.has(name)) {
      throw new RangeError(`the graph already has an input or parameter named ${name}`);
    }
  }
}

export function dtypeOf(data: ConstantData): DType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int8Array) return 'int8';
  if (data instanceof Uint8Array) return 'uint8';
  return data instanceof Int32Array ? 'int32' : 'int64';
}

/** The shape two operands broadcast to (NumPy's rules); symbolic sizes match by name only. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    throw new RangeError(`shapes [${a}] and [${b}] do not broadcast`);
  });
}
