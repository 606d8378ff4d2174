import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Attributes, Graph, type OutputSpec, type Value } from './graph.js';
import { encodeOnnx } from './onnx.js';
import { Session } from './session.js';

/** A model that `fixtures/make_onnx.py` made with the `onnx` package, base64. */
const { model }: { model: string } = JSON.parse(
  readFileSync(new URL('./fixtures/onnx.json', import.meta.url), 'utf8'),
);

/** The same model as a graph of ours. */
function everything() {
  const graph = new Graph();
  const one = (
    op: string,
    inputs: readonly (Value | undefined)[],
    output: OutputSpec,
    attributes: Attributes = {},
    domain = '',
  ) => graph.node(op, inputs, [output], attributes, domain)[0];
  const x = graph.input('x', ['batch', 2]);
  const mask = graph.input('mask', [300], 'bool');
  const n = graph.input('n', [1], 'int32');
  const w = graph.parameter('w', [2, 3], () => {});
  const product = one('MatMul', [x, w], { shape: ['batch', 3] });
  const h = one('QuickGelu', [product], product, { alpha: { float: 1.5 } }, 'com.microsoft');
  const sum = one('ReduceSum', [h, graph.int64s([-1])], { shape: ['batch'] }, { keepdims: 0 });
  const clipped = one('Clip', [sum, undefined, graph.scalar(2.5)], sum);
  const turned = one('Transpose', [h], { shape: [3, 'batch'] }, { perm: [1, 0] });
  const shares = one('Softmax', [turned], turned, { axis: -1 });
  const products = one('Einsum', [shares, shares], { shape: [3, 3] }, { equation: 'ij,kj->ik' });
  const double = one('Cast', [clipped], { shape: ['batch'], dtype: 'float64' }, { to: 11 });
  const shifted = one('Add', [double, graph.constant(Float64Array.of(1e-9), [1])], double);
  const seven = graph.constant(Int32Array.of(-7), [1]);
  const chosen = one('Where', [mask, seven, n], { shape: [300], dtype: 'int32' });
  return { graph, outputs: { sum, total: sum, products, shifted, chosen } };
}

const weights = new Map([['w', Float32Array.from({ length: 6 }, (_, i) => i / 8)]]);

it('writes byte for byte what the onnx package writes', () => {
  const { graph, outputs } = everything();
  const written = encodeOnnx(graph, { outputs, weights });
  expect(Buffer.from(written).toString('base64')).toBe(model);
});

it('stores a view of a larger buffer, and only that', () => {
  const { graph, outputs } = everything();
  const larger = Float32Array.of(9, 9, ...(weights.get('w') ?? []), 9);
  const written = encodeOnnx(graph, { outputs, weights: new Map([['w', larger.subarray(2, 8)]]) });
  expect(Buffer.from(written).toString('base64')).toBe(model);
});

it('runs in onnxruntime-node', async () => {
  const { graph, outputs } = everything();
  const session = await Session.load(encodeOnnx(graph, { outputs, weights }));
  const mask = new Uint8Array(300).map((_, i) => i % 2);
  const { sum, total, shifted, chosen } = await session.run({
    x: { data: Float32Array.of(0, 0, 8, 0), dims: [2, 2] },
    mask: { data: mask, dims: [300] },
    n: { data: Int32Array.of(5), dims: [1] },
  });
  await session.release();
  // x w = [0, 1, 2], and y / (1 + e^(-1.5 y)) of each, summed.
  const expected = 1 / (1 + Math.exp(-1.5)) + 2 / (1 + Math.exp(-3));
  expect([...sum.data]).toEqual([0, expect.closeTo(expected, 5)]);
  expect(total.data).toEqual(sum.data);
  expect([...shifted.data]).toEqual([1e-9, expect.closeTo(2.5, 5)]);
  expect([...chosen.data.slice(0, 4)]).toEqual([5, -7, 5, -7]);
});

it('refuses to store a parameter that has no weights', () => {
  const { graph, outputs } = everything();
  expect(() => encodeOnnx(graph, { outputs, weights: new Map() })).toThrow('no weights for parameter w');
});
