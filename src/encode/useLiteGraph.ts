import { Graph, ops, type Value } from '../engine/index.js';
import type { NamedWeight } from './tfjsWeights.js';
import { MAX_TOKENS, USE_LITE_DIM } from './useLiteModel.js';

const TOKEN_WIDTH = 256;
const HEADS = 4;
const EPSILON = 1e-6;

const ENCODE = 'module_apply_default/Encoder_en/KonaTransformer/Encode';
const KERNELS = 'module/Encoder_en/KonaTransformer/Encode';

/** Looks up a float32 weight by its TensorFlow name. */
type Weights = (name: string) => { data: Float32Array; shape: readonly number[] };

export interface UseLiteGraph {
  readonly graph: Graph;
  /**
   * Unit vectors [batch, 512] of `tokens` [batch, length] int32, given `timing` [length, 256] and `averaging`
   * [1, length], which holds 1 / length.
   */
  readonly vectors: Value;
  /** The sinusoidal position signal [128, 256]; feed its first `length` rows. */
  readonly timing: Float32Array;
  /** The unit vector [512] of a text without tokens. */
  readonly empty: Float32Array;
}

/**
 * Universal Sentence Encoder lite as a graph: a two-layer pre-norm transformer whose token outputs are averaged, then
 * projected through tanh to the unit sphere. All texts of a batch have the same number of tokens, so nothing is masked.
 *
 * @see Cer et al. 2018, "Universal Sentence Encoder", section 3.1.
 */
export function useLiteGraph(named: ReadonlyMap<string, NamedWeight>): UseLiteGraph {
  const weights = float32Weights(named);
  const graph = new Graph();
  const constant = (name: string, shape?: readonly number[]): Value => {
    const { data, shape: stored } = weights(name);
    // Rank-4 kernels are 1 x 1 convolutions, which are matrix products over the last two axes.
    return graph.constant(data, shape ?? stored.slice(-2));
  };
  const linear = (x: Value, kernel: string, bias: string): Value =>
    ops.add(ops.matmul(x, constant(kernel)), constant(`${bias}/ConcatPartitions/concat`));

  const norm = (x: Value, scope: string): Value => {
    const base = `${ENCODE}/${scope}/layer_prepostprocess/layer_norm/layer_norm`;
    const gain = constant(`${base}_scale/ConcatPartitions/concat`);
    return ops.layerNorm(x, gain, constant(`${base}_bias/ConcatPartitions/concat`), EPSILON);
  };

  const attention = (x: Value, layer: string): Value => {
    const scope = `${layer}/TransformerLayer/MultiheadAttention`;
    const transform = (input: Value, name: string) =>
      linear(input, `${KERNELS}/${scope}/${name}/kernel/part_0`, `${ENCODE}/${scope}/${name}/bias`);
    const width = x.shape[2] as number;
    const qkv = ops.split(transform(x, 'qkv_transform_single'), [width, width, width], 2);
    const heads = graph.node(
      'MultiHeadAttention',
      qkv,
      [{ shape: x.shape }],
      { num_heads: HEADS },
      'com.microsoft',
    );
    return transform(heads[0], 'output_transform_single');
  };

  const feedForward = (x: Value, layer: string, pool: (hidden: Value) => Value): Value => {
    const kernel = (conv: string) =>
      `${ENCODE}/TransformerStack/${layer}/TransformerLayer/FFN/${conv}/Tensordot/Reshape_1`;
    const bias = (conv: string) => `${ENCODE}/${layer}/TransformerLayer/FFN/${conv}/bias`;
    const hidden = ops.relu(linear(x, kernel('conv1'), bias('conv1')));
    return linear(pool(hidden), kernel('conv2'), bias('conv2'));
  };

  const block = (x: Value, residual: Value, layer: string, pool: (hidden: Value) => Value): Value => {
    const attended = ops.add(attention(norm(x, `${layer}/TransformerLayer`), layer), residual);
    const inner = norm(attended, `${layer}/TransformerLayer/FFN`);
    return ops.add(feedForward(inner, layer, pool), pool(attended));
  };

  const tokens = graph.input('tokens', ['batch', 'length'], 'int32');
  const timing = graph.input('timing', ['length', TOKEN_WIDTH]);
  // The original adds the embedding to the sum of embedding and timing signal.
  const x = ops.add(ops.mul(ops.gather(constant('module/Embeddings_en'), tokens), 2), timing);
  const dense = `${ENCODE}/Layer_0/TransformerLayer/dense`;
  const widened = linear(x, `${dense}/kernel/ConcatPartitions/concat`, `${dense}/bias`);
  const first = block(x, widened, 'Layer_0', (hidden) => hidden);
  // The mean over tokens commutes with the last linear map; taken before it, that map runs once a text. It is a
  // matrix product because ReduceMean adds in another order for a batch of one, and a text's vector must not depend on
  // its batch.
  const averaging = graph.input('averaging', [1, 'length']);
  const pooled = block(first, first, 'Layer_1', (hidden) => ops.matmul(averaging, hidden));

  const output = 'module/Encoder_en/hidden_layers/tanh_layer_0';
  const projected = ops.tanh(
    ops.add(ops.matmul(pooled, constant(`${output}/weights`)), constant(`${output}/bias`)),
  );
  const norms = ops.sqrt(ops.sum(ops.square(projected), [2], true));
  return {
    graph,
    vectors: ops.reshape(ops.div(projected, norms), ['batch', USE_LITE_DIM]),
    timing: timingSignal(
      weights(`${ENCODE}/TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`).data,
    ),
    empty: emptyVector(weights(`${output}/bias`).data),
  };
}

function float32Weights(named: ReadonlyMap<string, NamedWeight>): Weights {
  return (name) => {
    const weight = named.get(name);
    if (!(weight?.data instanceof Float32Array)) throw new RangeError(`USE-lite has no float weight ${name}`);
    return { data: weight.data, shape: weight.shape };
  };
}

/** Sines, then cosines, of position times each inverse timescale (Vaswani et al. 2017, section 3.5). */
function timingSignal(rates: Float32Array): Float32Array {
  const signal = new Float32Array(MAX_TOKENS * TOKEN_WIDTH);
  for (let position = 0; position < MAX_TOKENS; position++) {
    for (let i = 0; i < rates.length; i++) {
      const angle = Math.fround(position * rates[i]);
      signal[position * TOKEN_WIDTH + i] = Math.sin(angle);
      signal[position * TOKEN_WIDTH + rates.length + i] = Math.cos(angle);
    }
  }
  return signal;
}

/** The average of no tokens is zero in the original, so only the last bias remains. */
function emptyVector(bias: Float32Array): Float32Array {
  const vector = bias.map(Math.tanh);
  const norm = Math.hypot(...vector);
  return vector.map((x) => x / norm);
}
