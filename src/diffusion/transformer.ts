/**
 * The network inside the denoiser, written once as graph code for training and inference: a pre-norm transformer over
 * the rows of a set (docs/paper.md, Set diffusion). Rows carry no positions, so permuting them permutes the output.
 */
import {
  type Graph,
  type Initializer,
  lecunNormal,
  normal,
  ones,
  ops,
  type Value,
  zeros,
} from '../engine/index.js';
import { besideQuery } from './besideQuery.js';
import type { DenoiserConfig } from './config.js';
import type { DenoiserInputs } from './denoiser.js';
import { preconditioningGraph } from './edm.js';

const { add, layerNorm, matmul, mul, reshape, silu, softmax, split, sub, transpose } = ops;

/** Zeroes a random share of a tensor while training; see `dropout.ts`. */
export type Drop = (x: Value, share: number) => Value;

/** The query's side of the model, the same at every noise level. */
export interface ConditionMemory {
  /** What each block's cross-attention reads: [batch, heads, tokens, width / heads]. */
  readonly blocks: readonly { readonly keys: Value; readonly values: Value }[];
  /** The query's own vote for anchors near it [batch, 1, dimension], where the head has anchors. */
  readonly vote?: Value;
}

/** x [..., n] -> [..., out]. */
function linear(x: Value, name: string, out: number, init: Initializer = lecunNormal): Value {
  const { graph } = x;
  const weight = graph.parameter(`${name}.weight`, [x.shape[x.rank - 1] as number, out], init);
  return add(matmul(x, weight), graph.parameter(`${name}.bias`, [out], zeros));
}

function norm(x: Value, name: string): Value {
  const size = x.shape[x.rank - 1] as number;
  const gain = x.graph.parameter(`${name}.gain`, [size], ones);
  return layerNorm(x, gain, x.graph.parameter(`${name}.bias`, [size], zeros));
}

/** [batch, n, width] -> [batch, heads, n, width / heads]. */
function splitHeads(x: Value, heads: number): Value {
  const [batch, n, width] = x.shape;
  return transpose(reshape(x, [batch, n, heads, (width as number) / heads]), [0, 2, 1, 3]);
}

function attention(q: Value, keys: Value, values: Value, drop: (weights: Value) => Value = (w) => w): Value {
  const [batch, heads, n, size] = q.shape;
  const weights = softmax(matmul(q, keys, { transB: true, alpha: 1 / Math.sqrt(size as number) }));
  const mixed = transpose(matmul(drop(weights), values), [0, 2, 1, 3]);
  return reshape(mixed, [batch, n, (heads as number) * (size as number)]);
}

/**
 * Projects `condition` [batch, conditionDimension] to a few tokens, and these to each block's keys and values.
 *
 * @param kept 1, or 0 where a learned null condition takes the query's place, [batch, 1, 1] (absent: nowhere)
 */
export function conditionMemory(config: DenoiserConfig, condition: Value, kept?: Value): ConditionMemory {
  const { conditionTokens, conditionWidth, dimension, head } = config;
  const [batch, size] = condition.shape;
  const flat = linear(condition, 'condition', conditionTokens * conditionWidth);
  let tokens = reshape(flat, [batch, conditionTokens, conditionWidth]);
  if (kept) {
    const none = nullTokens(config, condition.graph);
    tokens = add(none, mul(kept, sub(tokens, none)));
  }
  const blocks = memoryBlocks(config, tokens);
  if (head === 'edm') return { blocks };
  const weight = condition.graph.parameter('condition.vote', [size as number, dimension], scaledIdentity);
  const vote = reshape(matmul(condition, weight), [batch, 1, dimension]);
  return { blocks, vote: kept ? mul(kept, vote) : vote };
}

function nullTokens({ conditionTokens, conditionWidth }: DenoiserConfig, graph: Graph): Value {
  return graph.parameter('condition.null', [1, conditionTokens, conditionWidth], normal(1));
}

function memoryBlocks({ width, heads, layers }: DenoiserConfig, tokens: Value): ConditionMemory['blocks'] {
  const normalized = norm(tokens, 'condition.norm');
  return Array.from({ length: layers }, (_, i) => ({
    keys: splitHeads(linear(normalized, `block${i}.cross.key`, width), heads),
    values: splitHeads(linear(normalized, `block${i}.cross.value`, width), heads),
  }));
}

/** Query and rows live in one space: at first a query votes for the anchors near to it. */
const scaledIdentity: Initializer = (out, [rows, cols]) => {
  out.fill(0);
  for (let i = 0; i < Math.min(rows, cols); i++) out[i * cols + i] = 10;
};

/** c_noise [n, 1, 1] -> [n, 1, width]: Fourier features of log-spaced frequencies, then an MLP. */
function noiseEmbedding({ noiseFeatures, width }: DenoiserConfig, level: Value): Value {
  const half = noiseFeatures / 2;
  // c_noise = ln(sigma) / 4 spans about three units: from a fifth of a period to a dozen periods over that range.
  const frequencies = Float32Array.from({ length: half }, (_, i) => 0.4 * 60 ** (i / (half - 1)));
  const angles = mul(level, level.graph.constant(frequencies, [1, 1, half]));
  const features = ops.concat([ops.sin(angles), ops.cos(angles)], 2);
  return silu(linear(silu(linear(features, 'noise.in', width)), 'noise.out', width));
}

export interface TransformerInputs {
  /** Rows of unit variance [batch, rows, dimension]; a batch may hold several sets a query, one after another. */
  readonly x: Value;
  /** c_noise [batch, 1, 1], or [1, 1, 1] for all. */
  readonly level: Value;
  readonly condition: ConditionMemory;
  readonly drop?: Drop;
}

/** Rows -> [batch, rows, dimension]; all zero before training. */
export function transformer(
  config: DenoiserConfig,
  { x, level, condition, drop = (y) => y }: TransformerInputs,
): Value {
  const { width, hidden, heads, layers, dropout, attentionDropout } = config;
  let h = add(linear(x, 'in', width), noiseEmbedding(config, level));
  const residual = (branch: Value) => {
    h = add(h, drop(branch, dropout));
  };
  for (let i = 0; i < layers; i++) {
    const name = `block${i}`;
    const qkv = linear(norm(h, `${name}.self.norm`), `${name}.self.qkv`, 3 * width);
    const [q, k, v] = split(qkv, [width, width, width], 2).map((y) => splitHeads(y, heads));
    const own = attention(q, k, v, (weights) => drop(weights, attentionDropout));
    residual(linear(own, `${name}.self.out`, width));

    const asked = linear(norm(h, `${name}.cross.norm`), `${name}.cross.query`, width);
    const { keys, values } = condition.blocks[i];
    const read = besideQuery(asked, keys, (rows) => attention(splitHeads(rows, heads), keys, values));
    residual(linear(read, `${name}.cross.out`, width));

    const inner = silu(linear(norm(h, `${name}.mlp.norm`), `${name}.mlp.in`, hidden));
    residual(linear(inner, `${name}.mlp.out`, width));
  }
  return linear(norm(h, 'out.norm'), 'out', config.dimension, zeros);
}

/** F of the preconditioned denoiser: the transformer of rows brought to unit variance, [batch, rows, dimension]. */
export function preconditioned(config: DenoiserConfig, { x, sigma, condition, drop }: DenoiserInputs): Value {
  const { in: scale, noise } = preconditioningGraph(sigma, config.sigmaData);
  return transformer(config, { x: mul(x, scale), level: noise, condition, drop });
}
