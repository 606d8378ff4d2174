/** Writes a graph as an ONNX model. */
import proto, { type onnx } from 'onnx-proto';
import type { Attribute, ConstantData, DType, Graph, GraphNode, Shape, Value } from './graph.js';
import { dtypeOf } from './graph.js';

// The package is CommonJS: its values are only on the default import.
const { AttributeProto, ModelProto, TensorProto } = proto.onnx;
const { DataType } = TensorProto;
const DTYPES: Record<DType, onnx.TensorProto.DataType> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};

export interface EncodeOptions {
  /** What the model computes: public name -> value. Everything these do not need is left out. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Parameter values to store inside the model. Absent: parameters are inputs, fed at every run. */
  readonly weights?: ReadonlyMap<string, Float32Array>;
}

/**
 * Serialises the part of `graph` that `outputs` depend on (opset 21 and ONNX Runtime's com.microsoft operators).
 * Throws RangeError when `weights` misses a parameter.
 */
export function encodeOnnx(graph: Graph, { outputs, weights }: EncodeOptions): Uint8Array {
  const { nodes, used } = prune(graph, Object.values(outputs));
  const parameters = [...graph.parameters].filter(([, { value }]) => used.has(value));
  const inputs = [...graph.inputs.values()].filter((value) => used.has(value));
  const initializer = [...graph.constants]
    .filter(([value]) => used.has(value))
    .map(([value, data]) => tensorProto(value.name, data, value.shape as number[]));
  if (weights) {
    for (const [name, { shape }] of parameters) {
      const data = weights.get(name);
      if (!data) throw new RangeError(`no weights for parameter ${name}`);
      initializer.push(tensorProto(name, data, shape));
    }
  } else {
    inputs.push(...parameters.map(([, { value }]) => value));
  }
  // A node writes straight to its public name; what no node makes, or has a public name already, needs a copy.
  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const publicNames = new Map<Value, string>();
  const copies: onnx.INodeProto[] = [];
  for (const [name, value] of Object.entries(outputs)) {
    if (produced.has(value) && !publicNames.has(value)) publicNames.set(value, name);
    else copies.push({ opType: 'Identity', input: [publicNames.get(value) ?? value.name], output: [name] });
  }
  const nameOf = (value?: Value) => (value ? (publicNames.get(value) ?? value.name) : '');
  const model = ModelProto.create({
    irVersion: 10,
    producerName: 'r4t',
    opsetImport: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'r4t',
      node: [...nodes.map((node) => nodeProto(node, nameOf)), ...copies],
      initializer,
      input: inputs.map((value) => valueInfo(value.name, value)),
      output: Object.entries(outputs).map(([name, value]) => valueInfo(name, value)),
    },
  });
  return ModelProto.encode(model).finish();
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

function prune(graph: Graph, outputs: readonly Value[]): { nodes: GraphNode[]; used: Set<Value> } {
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

function nodeProto(node: GraphNode, nameOf: (value?: Value) => string): onnx.INodeProto {
  return {
    opType: node.op,
    domain: node.domain,
    input: node.inputs.map(nameOf),
    output: node.outputs.map(nameOf),
    attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value)),
  };
}

function attributeProto(name: string, value: Attribute): onnx.IAttributeProto {
  const { AttributeType } = AttributeProto;
  if (typeof value === 'number') return { name, i: value, type: AttributeType.INT };
  if (typeof value === 'string')
    return { name, s: new TextEncoder().encode(value), type: AttributeType.STRING };
  if ('float' in value) return { name, f: value.float, type: AttributeType.FLOAT };
  return { name, ints: [...value], type: AttributeType.INTS };
}

function tensorProto(name: string, data: ConstantData, dims: readonly number[]): onnx.ITensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims: [...dims], dataType: DTYPES[dtypeOf(data)], rawData };
}

function valueInfo(name: string, { shape, dtype }: { shape: Shape; dtype: DType }): onnx.IValueInfoProto {
  const dim = shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: DTYPES[dtype], shape: { dim } } } };
}
