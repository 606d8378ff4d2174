import { describe, expect, test } from 'vitest';
import { CounterRandom } from '../random.js';
import { Graph } from './graph.js';
import { inInt8, int8IsExact, quantizeColumns } from './int8.js';
import { encodeOnnx } from './onnx.js';
import * as ops from './ops.js';
import { openRuntime, type Runtime, type RuntimeSources } from './runtime.js';
import { floats, Session } from './session.js';

const [ROWS, INNER, COLS] = [5, 320, 24];

function normals(length: number, seed: string, deviation = 1): Float32Array {
  const out = new Float32Array(length);
  new CounterRandom(1, seed).fillNormal(out, deviation);
  return out;
}
const weights = normals(INNER * COLS, 'weights', 0.05);
/** Rows of very different sizes, the last one of zeros. */
const x = normals(ROWS * INNER, 'x').map((value, i) => value * [1, 0.01, 300, 2, 0][Math.floor(i / INNER)]);
const largest = (values: Float32Array) => values.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
const rowOf = (r: number) => x.subarray(r * INNER, (r + 1) * INNER);
const columnOf = (c: number) => weights.filter((_, i) => i % COLS === c);

function productGraph(inner = INNER): Graph {
  const graph = new Graph();
  ops.matmul(
    graph.input('x', ['batch', 'rows', inner]),
    graph.parameter('w', [inner, COLS], () => {}),
  );
  return graph;
}

async function multiply(rows: Float32Array): Promise<Float32Array> {
  const graph = productGraph();
  const outputs = { y: graph.nodes[0].outputs[0] };
  const values = new Map([['w', weights]]);
  inInt8(graph, values);
  const session = await Session.load(encodeOnnx(graph, { outputs, weights: values }), { threads: 1 });
  const { y } = await session.run({ x: { data: rows, dims: [1, rows.length / INNER, INNER] } });
  await session.release();
  return floats(y);
}

test('columns keep their largest number, and no number is off by more than half a step', () => {
  const { codes, scales } = quantizeColumns(weights, COLS);
  for (let c = 0; c < COLS; c++) {
    expect(scales[c] * 127).toBeCloseTo(largest(columnOf(c)), 6);
    expect(Math.max(...codes.filter((_, i) => i % COLS === c).map(Math.abs))).toBe(127);
  }
  codes.forEach((code, i) => {
    const scale = scales[i % COLS];
    expect(Math.abs(code * scale - weights[i])).toBeLessThanOrEqual(scale * 0.5001);
  });
});

test('a column of zeros stays one', () => {
  const { codes, scales } = quantizeColumns(Float32Array.of(0, 1, 0, -2), 2);
  expect([...codes]).toEqual([0, 64, 0, -127]);
  expect(scales[0]).toBe(0);
});

/** A processor that is not exact answers in 32 bits. */
const exact = await int8IsExact();
if (!exact)
  console.warn('this processor does not multiply codes exactly; the test of their products is skipped');

describe('a product in 8 bits', () => {
  test.skipIf(!exact)(
    'is the product of codes, with scales of rows and columns, where the processor multiplies codes exactly',
    async () => {
      const found = await multiply(x);
      const columns = quantizeColumns(weights, COLS);
      for (let r = 0; r < ROWS; r++) {
        const scale = Math.fround(Math.fround(Math.max(largest(rowOf(r)), 1e-20)) * Math.fround(1 / 127));
        const codes = rowOf(r).map((value) => roundToEven(Math.fround(value / scale)));
        for (let c = 0; c < COLS; c++) {
          let sum = 0;
          for (let i = 0; i < INNER; i++) sum += codes[i] * columns.codes[i * COLS + c];
          const wanted = sum * scale * columns.scales[c];
          expect(Math.abs(found[r * COLS + c] - wanted)).toBeLessThanOrEqual(1e-5 * Math.abs(wanted));
        }
      }
    },
  );

  test('is as near to the exact one as half a step of each number allows', async () => {
    const found = await multiply(x);
    for (let r = 0; r < ROWS; r++)
      for (let c = 0; c < COLS; c++) {
        const [row, column] = [rowOf(r), columnOf(c)];
        const exact = row.reduce((sum, value, i) => sum + value * column[i], 0);
        const [s, t] = [largest(row) / 127, largest(column) / 127];
        const bound = (INNER / 2) * (s * largest(column) + t * largest(row) + (s * t) / 2);
        expect(Math.abs(found[r * COLS + c] - exact)).toBeLessThanOrEqual(bound);
      }
  });

  test('of a row does not depend on the rows beside it', async () => {
    const together = await multiply(x);
    for (let r = 0; r < ROWS; r++)
      expect(await multiply(rowOf(r).slice())).toEqual(together.subarray(r * COLS, (r + 1) * COLS));
  });

  test('is not made of short sums', () => {
    const graph = productGraph(64);
    inInt8(graph, new Map([['w', new Float32Array(64 * COLS)]]));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['MatMul']);
  });

  test('is not made of two inputs; rows and weights of several products are quantised once', () => {
    const graph = new Graph();
    const a = graph.input('a', ['rows', INNER]);
    const b = graph.input('b', [INNER, INNER]);
    const names = ['v', 'w'];
    ops.matmul(a, b);
    for (const name of names)
      ops.matmul(
        a,
        graph.parameter(name, [INNER, COLS], () => {}),
      );
    ops.matmul(
      graph.input('c', ['rows', INNER]),
      graph.parameter('w', [INNER, COLS], () => {}),
    );
    inInt8(graph, new Map(names.map((name) => [name, weights])));
    expect([...graph.constants.values()].filter((data) => data instanceof Int8Array)).toHaveLength(2);
    const made = graph.nodes.map(({ op }) => op);
    const count = (op: string) => made.filter((other) => other === op).length;
    expect([count('MatMul'), count('MatMulIntegerToFloat'), count('QuantizeLinear')]).toEqual([1, 3, 2]);
  });
});

describe('int8IsExact', () => {
  /** A runtime whose model of one product answers so. */
  const answering = (sum: number): Runtime => {
    const session = { inputNames: ['x'], outputNames: ['y'], release: async () => {} };
    class Tensor {
      constructor(
        readonly type: never,
        readonly data: never,
        readonly dims: readonly number[],
      ) {}
    }
    const create = async () => ({ ...session, run: async () => ({}) });
    return {
      ort: { InferenceSession: { create }, Tensor },
      isNative: true,
      run: async () => ({ y: { data: new Float32Array(256).fill(sum), dims: [16, 16] } }),
    };
  };

  test('the processor or the runtime may be any, and so WebAssembly', async () => {
    const runtime = await openRuntime({
      native: () => Promise.reject(new Error('not installed')),
      wasm: () => import('onnxruntime-web') as ReturnType<RuntimeSources['wasm']>,
      warn: () => {},
    });
    expect(await int8IsExact({}, runtime)).toBe(true);
  });

  test('a processor that adds in 16 bits is found out', async () => {
    expect(await int8IsExact({}, answering(256))).toBe(true);
    // Two products of 255 * 127, cut off at 2^15 - 1 where they are added.
    expect(await int8IsExact({}, answering(256 * (32767 / (2 * 255 * 127))))).toBe(false);
  });

  test('so is a runtime without the operator, and another device', async () => {
    const create = async () => {
      throw new Error('MatMulIntegerToFloat is not a registered function/op');
    };
    const lacking = { ...answering(256), ort: { ...answering(256).ort, InferenceSession: { create } } };
    expect(await int8IsExact({}, lacking)).toBe(false);
    expect(await int8IsExact({ device: 'webgpu' }, answering(256))).toBe(false);
  });
});

function roundToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
