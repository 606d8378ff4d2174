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

const { add, layerNorm, matmul, mul, reshape, silu, softmax, split, sub, transpose } = ops;

/** Zeroes a random share of a tensor while training; see `dropout.ts`. */
export type Drop = (x: Value, share: number) => Value;

/** The query's side of the model, the same at every noise level. */
export interface ConditionMemory {
  /** What each block's cross-attention reads: [batch, heads, tokens, width / heads]. */
  readonly blocks: readonly { readonly keys: Value; readonly values: Value }[];
  /** The query's own vote for the anchors [batch, 1, dimension]; absent without anchors or query. */
  readonly vote?: Value;
  /** What rows may copy, [batch, words, dimension], and by which keys [batch, words, width]; only with condition words. */
  readonly words?: { readonly keys: Value; readonly vectors: Value };
  /** What the sources say for each anchor, as a logit, [batch, 1, anchors]. */
  readonly prior?: Value;
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

/** The query's own embedding in its condition, [batch, d]; see `conditions.ts`. */
export function embeddingOf({ conditionDimension, conditionWords }: DenoiserConfig, condition: Value): Value {
  const size = conditionDimension / (1 + conditionWords);
  return conditionWords > 0 ? split(condition, [size, conditionWords * size], 1)[0] : condition;
}

/** What the query's side is made of besides the condition. */
export interface ConditionContext {
  /** 1, or 0 where a learned null condition takes the query's place, [batch, 1, 1] (absent: nowhere). */
  readonly kept?: Value;
  /** The anchors near the query [batch, nearAnchors, dimension], where the model has such. */
  readonly near?: Value;
  /** What the sources say of each anchor, [batch, anchors, features]. */
  readonly features?: Value;
}

/**
 * Projects `condition` [batch, conditionDimension] to a few tokens, and these, with the anchors near the query, to each
 * block's keys and values: rows that see what there is can agree on who takes what.
 */
export function conditionMemory(
  config: DenoiserConfig,
  condition: Value,
  { kept, near, features }: ConditionContext = {},
): ConditionMemory {
  const { conditionTokens, conditionWidth, conditionWords, dimension } = config;
  const batch = condition.shape[0];
  const query = embeddingOf(config, condition);
  const size = query.shape[1] as number;
  const flat = linear(query, 'condition', conditionTokens * conditionWidth);
  let tokens = reshape(flat, [batch, conditionTokens, conditionWidth]);
  const rest = conditionWords > 0 && split(condition, [size, conditionWords * size], 1)[1];
  const vectors = rest ? reshape(rest, [batch, conditionWords, size]) : undefined;
  const words = vectors && linear(vectors, 'condition.word', conditionWidth);
  if (words) tokens = ops.concat([tokens, words], 1);
  if (kept) {
    const none = nullTokens(config, condition.graph);
    tokens = add(none, mul(kept, sub(tokens, none)));
  }
  if (near) {
    const candidates = linear(mul(near, Math.sqrt(dimension)), 'condition.near', conditionWidth);
    tokens = ops.concat([tokens, candidates], 1);
  }
  const blocks = memoryBlocks(config, tokens);
  const copied = vectors &&
    words && {
      keys: linear(norm(words, 'copy.norm'), 'copy.key', config.width),
      vectors: kept ? mul(kept, vectors) : vectors,
    };
  if (config.anchors === 0) return { blocks, words: copied };
  const weight = condition.graph.parameter('condition.vote', [size, dimension], scaledIdentity);
  const vote = reshape(matmul(query, weight), [batch, 1, dimension]);
  const prior = features && candidatePrior(features);
  return {
    blocks,
    words: copied,
    vote: kept ? mul(kept, vote) : vote,
    prior,
  };
}

/** How likely each anchor is to be in the query's set, before any row is looked at: an MLP of what its sources say. */
function candidatePrior(features: Value): Value {
  const { graph, shape } = features;
  const [batch, anchors, size] = shape;
  const hidden = silu(linear(features, 'prior.in', PRIOR_WIDTH));
  const direct = graph.parameter('prior.direct.weight', [size as number, 1], zeros);
  const logits = add(linear(hidden, 'prior.out', 1, zeros), matmul(features, direct));
  return reshape(logits, [batch, 1, anchors]);
}

const PRIOR_WIDTH = 32;

function nullTokens(
  { conditionTokens, conditionWords, conditionWidth }: DenoiserConfig,
  graph: Graph,
): Value {
  return graph.parameter('condition.null', [1, conditionTokens + conditionWords, conditionWidth], normal(1));
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

/** Rows -> [batch, rows, outputs]; all zero before training. */
export function transformer(
  config: DenoiserConfig,
  { x, level, condition, drop = (y) => y }: TransformerInputs,
  outputs: number,
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
  const last = norm(h, 'out.norm');
  const made = linear(last, 'out', outputs, zeros);
  return condition.words ? add(made, copiedWords(config, last, condition.words)) : made;
}

/**
 * A mixture of the query's words for each row, in the network's scale of unit variance, as much of it as the row asks for: a
 * sub-query is mostly a word of the query and what goes with it, which should not have to pass the network's narrow width.
 */
function copiedWords(
  { width, dimension }: DenoiserConfig,
  rows: Value,
  { keys, vectors }: NonNullable<ConditionMemory['words']>,
): Value {
  const asked = linear(rows, 'copy.query', width);
  const copied = besideQuery(asked, keys, (each) =>
    matmul(softmax(matmul(each, keys, { transB: true, alpha: 1 / Math.sqrt(width) })), vectors),
  );
  return mul(mul(copied, linear(rows, 'copy.gate', 1)), Math.sqrt(dimension));
}
