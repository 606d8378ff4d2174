/** Linear layers one after another, by each of the operators that ONNX Runtime has for weights of few bits. */
import { encodeOnnx, Graph, inInt8, ops, type Value } from '../../src/engine/index.js';
import { quantizeColumns } from '../../src/engine/int8.js';

export interface Layer {
  /** [rows, cols] */
  readonly weight: Float32Array;
  readonly rows: number;
  readonly cols: number;
}
export type Chain = readonly Layer[];

type Linear = (x: Value, layer: Layer) => Value;

const float: Linear = (x, { weight, rows, cols }) => ops.matmul(x, x.graph.constant(weight, [rows, cols]));

const outputs = (x: Value, cols: number) => ({ shape: [...x.shape.slice(0, -1), cols] });

/** @param signed codes of -127 to 127, else of 1 to 255 around 128 */
const dynamic =
  (signed: boolean): Linear =>
  (x, { weight, rows, cols }) => {
    const { graph } = x;
    const { codes, scales } = quantizeColumns(weight, cols);
    const inputs = [
      x,
      graph.constant(signed ? codes : Uint8Array.from(codes, (code) => code + 128), [rows, cols]),
      graph.constant(scales, [cols]),
      graph.constant(signed ? new Int8Array(cols) : new Uint8Array(cols).fill(128), [cols]),
    ];
    return graph.node('DynamicQuantizeMatMul', inputs, [outputs(x, cols)], {}, ops.CONTRIB)[0];
  };

const integer: Linear = (x, { weight, rows, cols }) => {
  const { graph } = x;
  const { codes, scales } = quantizeColumns(weight, cols);
  const [quantized, scale, zero] = graph.node(
    'DynamicQuantizeLinear',
    [x],
    [{ shape: x.shape, dtype: 'uint8' }, { shape: [] }, { shape: [], dtype: 'uint8' }],
  );
  const inputs = [quantized, graph.constant(codes, [rows, cols]), zero];
  const [sums] = graph.node('MatMulInteger', inputs, [{ ...outputs(x, cols), dtype: 'int32' }]);
  return ops.mul(ops.cast(sums, 'float32'), ops.mul(graph.constant(scales, [cols]), scale));
};

const BLOCK = 64;

/** Blocks of a column with a scale each; `accuracy_level` 4 quantises activations to 8 bits, block by block. */
const nBits =
  (bits: 4 | 8): Linear =>
  (x, { weight, rows, cols }) => {
    const { graph } = x;
    const blocks = rows / BLOCK;
    const middle = 2 ** (bits - 1);
    const codes = new Uint8Array((cols * rows * bits) / 8);
    const scales = new Float32Array(cols * blocks);
    for (let block = 0; block < cols * blocks; block++) {
      const [col, first] = [Math.floor(block / blocks), (block % blocks) * BLOCK];
      const values = Array.from({ length: BLOCK }, (_, i) => weight[(first + i) * cols + col]);
      scales[block] = Math.max(...values.map(Math.abs)) / (middle - 1);
      values.forEach((value, i) => {
        const code = middle + Math.round(value / scales[block]);
        const at = block * BLOCK + i;
        if (bits === 8) codes[at] = code;
        else codes[at >> 1] |= code << (4 * (at & 1));
      });
    }
    const packed = graph.constant(codes, [cols, blocks, (BLOCK * bits) / 8]);
    const inputs = [x, packed, graph.constant(scales, [cols * blocks])];
    const attributes = { K: rows, N: cols, bits, block_size: BLOCK, accuracy_level: 4 };
    return graph.node('MatMulNBits', inputs, [outputs(x, cols)], attributes, ops.CONTRIB)[0];
  };

const chained =
  (linear: Linear) =>
  (chain: Chain): Uint8Array => {
    const graph = new Graph();
    let y = graph.input('x', ['rows', chain[0].rows]);
    for (const layer of chain) y = withBias(linear(y, layer), layer);
    return encodeOnnx(graph, { outputs: { y } });
  };

const withBias = (x: Value, { cols }: Layer): Value =>
  ops.add(x, x.graph.constant(new Float32Array(cols).fill(0.01), [cols]));

/** As r4t has it; short sums too, so that what they cost is seen. */
function byRow(chain: Chain): Uint8Array {
  const graph = new Graph();
  let y = graph.input('x', ['rows', chain[0].rows]);
  chain.forEach((layer, i) => {
    const { rows, cols } = layer;
    y = withBias(
      ops.matmul(
        y,
        graph.parameter(`w${i}`, [rows, cols], () => {}),
      ),
      layer,
    );
  });
  const weights = new Map(chain.map(({ weight }, i) => [`w${i}`, weight]));
  inInt8(graph, weights, { leastInner: 1 });
  return encodeOnnx(graph, { outputs: { y }, weights });
}

/** Each as a model `x` [rows, n] -> `y`. */
export const CHAINS: Readonly<Record<string, (chain: Chain) => Uint8Array>> = {
  'MatMul, 32 bits': chained(float),
  'by row, 8 bits (r4t)': byRow,
  'DynamicQuantizeMatMul, int8': chained(dynamic(true)),
  'DynamicQuantizeMatMul, uint8': chained(dynamic(false)),
  'MatMulInteger, int8': chained(integer),
  'MatMulNBits, 8 bits': chained(nBits(8)),
  'MatMulNBits, 4 bits': chained(nBits(4)),
};
