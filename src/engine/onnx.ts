/** Writes a graph as an ONNX model: messages and field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
import type { Attribute, ConstantData, DType, Graph, GraphNode, Shape, Value } from './graph.js';
import { DTYPE_CODES, dtypeOf } from './graph.js';
import { encodeMessage, type MessageWriter } from './protobuf.js';

/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2, string: 3, ints: 7 };
const IR_VERSION = 10;
/** Version of each set of operators. */
const OPSETS = [
  ['', 21],
  ['com.microsoft', 1],
] as const;

export interface EncodeOptions {
  /** What the model computes: public name -> value. Everything these do not need is left out. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Parameter values to store inside the model. Absent: parameters are inputs, fed at every run. */
  readonly weights?: ReadonlyMap<string, Float32Array>;
}

/**
 * Serialises the part of `graph` that `outputs` depend on (opset 21 and ONNX Runtime's com.microsoft operators).
 * Constants and weights are read where they lie and copied once, into the model.
 *
 * @throws RangeError when `weights` misses a parameter, or the model would have 2 GiB or more
 */
export function encodeOnnx(graph: Graph, { outputs, weights }: EncodeOptions): Uint8Array {
  const { nodes, used } = leavesLast(prune(graph, Object.values(outputs)));
  const parameters = [...graph.parameters].filter(([, { value }]) => used.has(value));
  const inputs = [...graph.inputs.values()].filter((value) => used.has(value));
  const initializers: Tensor[] = [...graph.constants]
    .filter(([value]) => used.has(value))
    .map(([value, data]) => ({ name: value.name, data, dims: value.shape as number[] }));
  if (weights) {
    for (const [name, { shape }] of parameters) {
      const data = weights.get(name);
      if (!data) throw new RangeError(`no weights for parameter ${name}`);
      initializers.push({ name, data, dims: shape });
    }
  } else {
    inputs.push(...parameters.map(([, { value }]) => value));
  }
  // A node writes straight to its public name; what no node makes, or has a public name already, needs a copy.
  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const publicNames = new Map<Value, string>();
  const copies: NamedNode[] = [];
  const nameOf = (value?: Value) => (value ? (publicNames.get(value) ?? value.name) : '');
  for (const [name, value] of Object.entries(outputs)) {
    if (produced.has(value) && !publicNames.has(value)) publicNames.set(value, name);
    else
      copies.push({ op: 'Identity', domain: '', inputs: [nameOf(value)], outputs: [name], attributes: {} });
  }
  const named = nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(nameOf),
    outputs: node.outputs.map(nameOf),
  }));
  return encodeMessage((to) => {
    // ModelProto
    to.integer(1, IR_VERSION);
    to.text(2, 'r4t');
    to.message(7, () => {
      // GraphProto
      for (const node of [...named, ...copies]) to.message(1, () => writeNode(to, node));
      to.text(2, 'r4t');
      for (const tensor of initializers) to.message(5, () => writeTensor(to, tensor));
      for (const value of inputs) to.message(11, () => writeValueInfo(to, value.name, value));
      for (const [name, value] of Object.entries(outputs))
        to.message(12, () => writeValueInfo(to, name, value));
    });
    for (const [domain, version] of OPSETS) {
      to.message(8, () => {
        to.text(1, domain);
        to.integer(2, version);
      });
    }
  });
}

/** Names of the graph inputs and parameters that `outputs` depend on. */
export function requiredInputs(
  graph: Graph,
  outputs: readonly Value[],
): { inputs: string[]; parameters: string[] } {
  const { used } = prune(graph, outputs);
  return {
    inputs: [...graph.inputs].filter(([, value]) => used.has(value)).map(([name]) => name),
    parameters: [...graph.parameters].filter(([, { value }]) => used.has(value)).map(([name]) => name),
  };
}

interface Pruned {
  readonly nodes: readonly GraphNode[];
  readonly used: ReadonlySet<Value>;
}

function prune(graph: Graph, outputs: readonly Value[]): Pruned {
  const used = new Set<Value>(outputs);
  const nodes: GraphNode[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node.outputs.some((y) => used.has(y))) continue;
    nodes.push(node);
    for (const x of node.inputs) if (x) used.add(x);
  }
  return { nodes: nodes.reverse(), used };
}

/**
 * The nodes in an order that is still topological: those whose results no other needs stand at the end, the first of them last. ONNX
 * Runtime computes what its last such node needs, then what the one before needs, and so on. In the order of the graph it would begin
 * with the gradients of the first layer, which need nearly everything, and keep what all others are made of until the end.
 */
function leavesLast({ nodes, ...rest }: Pruned): Pruned {
  const needed = new Set(nodes.flatMap(({ inputs }) => inputs));
  const isLeaf = ({ outputs }: GraphNode) => !outputs.some((y) => needed.has(y));
  return { nodes: [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()], ...rest };
}

interface NamedNode extends Pick<GraphNode, 'op' | 'domain' | 'attributes'> {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** NodeProto */
function writeNode(to: MessageWriter, { op, domain, inputs, outputs, attributes }: NamedNode): void {
  for (const name of inputs) to.text(1, name);
  for (const name of outputs) to.text(2, name);
  to.text(4, op);
  for (const name in attributes) to.message(5, () => writeAttribute(to, name, attributes[name]));
  to.text(7, domain);
}

/** AttributeProto */
function writeAttribute(to: MessageWriter, name: string, value: Attribute): void {
  to.text(1, name);
  if (typeof value === 'number') {
    to.integer(3, value);
    to.integer(20, ATTRIBUTE.int);
  } else if (typeof value === 'string') {
    to.text(4, value);
    to.integer(20, ATTRIBUTE.string);
  } else if ('float' in value) {
    to.float32(2, value.float);
    to.integer(20, ATTRIBUTE.float);
  } else {
    for (const x of value) to.integer(8, x);
    to.integer(20, ATTRIBUTE.ints);
  }
}

interface Tensor {
  readonly name: string;
  readonly data: ConstantData;
  readonly dims: readonly number[];
}

/** TensorProto */
function writeTensor(to: MessageWriter, { name, data, dims }: Tensor): void {
  for (const size of dims) to.integer(1, size);
  to.integer(2, DTYPE_CODES[dtypeOf(data)]);
  to.text(8, name);
  to.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** ValueInfoProto, in it TypeProto > Tensor > TensorShapeProto > Dimension */
function writeValueInfo(
  to: MessageWriter,
  name: string,
  { shape, dtype }: { shape: Shape; dtype: DType },
): void {
  to.text(1, name);
  to.message(2, () =>
    to.message(1, () => {
      to.integer(1, DTYPE_CODES[dtype]);
      to.message(2, () => {
        for (const size of shape) {
          to.message(1, () => (typeof size === 'number' ? to.integer(1, size) : to.text(2, size)));
        }
      });
    }),
  );
}
