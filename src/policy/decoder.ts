/**
 * The built-in decoder: the block of the Llama and Qwen families (RMSNorm, rotary positions, SwiGLU, tied embeddings),
 * conditioned on the query twice: its text is the prompt, and its embedding is added to every token's.
 */
import {
  type Graph,
  lecunNormal,
  normal,
  ones,
  ops,
  type Tensor,
  type Value,
  zeros,
} from '../engine/index.js';

const { add, concat, gather, matmul, mul, reshape, rmsNorm, silu, slice, split, sub, transpose } = ops;

export type Writes = 'anything' | 'nearTexts' | 'nearWords';

export interface DecoderConfig {
  readonly vocabularySize: number;
  /** Length of the query embedding. */
  readonly conditionDim: number;
  readonly width: number;
  readonly layers: number;
  /** Attention heads; `width / heads` must be even. */
  readonly heads: number;
  /** What a sub-query may be: any tokens, the text of an item near the query, or words near it (see `speller.ts`). */
  readonly writes: Writes;
}

/** Keys and values of one layer for the positions before this call: [batch, heads, past, width / heads]. */
export interface LayerCache {
  readonly keys: Value;
  readonly values: Value;
}

export interface DecoderInputs {
  /** int32 [batch, time] */
  readonly tokens: Value;
  /** Query embeddings [batch, conditionDim] */
  readonly condition: Value;
  /** Cosines and sines of the rotary angles at these positions, each [time, width / heads / 2] */
  readonly cos: Value;
  readonly sin: Value;
  /** Added to the attention scores: [batch, 1, time, keys], -1e9 where a position must not look. */
  readonly attentionBias: Value;
  /** Cached positions, one entry a layer; absent when the whole sequence is given. */
  readonly past?: readonly LayerCache[];
}

/** Declares the decoder's inputs, with a cache of `past` positions if asked for. */
export function decoderInputs(graph: Graph, config: DecoderConfig, cached: boolean): DecoderInputs {
  const { conditionDim, heads, layers, width } = config;
  const size = width / heads;
  const cache = ['batch', heads, 'past', size];
  return {
    tokens: graph.input('tokens', ['batch', 'time'], 'int32'),
    condition: graph.input('condition', ['batch', conditionDim]),
    cos: graph.input('cos', ['time', size / 2]),
    sin: graph.input('sin', ['time', size / 2]),
    attentionBias: graph.input('attentionBias', ['batch', 1, 'time', cached ? 'past+time' : 'time']),
    past: cached
      ? Array.from({ length: layers }, (_, i) => ({
          keys: graph.input(`past.${i}.keys`, cache),
          values: graph.input(`past.${i}.values`, cache),
        }))
      : undefined,
  };
}

/** The decoder as graph code: hidden states [batch, time, width] after the last norm, and the grown caches. */
export function decoder(
  graph: Graph,
  { width, layers, heads, ...config }: DecoderConfig,
  { tokens, condition, cos, sin, attentionBias, past }: DecoderInputs,
): { hidden: Value; caches: LayerCache[] } {
  const size = width / heads;
  const feedForward = Math.ceil((width * 8) / 3 / 32) * 32;
  const weight = (name: string, rows: number, cols: number) =>
    graph.parameter(name, [rows, cols], lecunNormal);
  // Branches start small, so that a deep stack starts as the identity (Radford et al. 2019).
  const residualWeight = (name: string, rows: number, cols: number) =>
    graph.parameter(name, [rows, cols], normal(1 / Math.sqrt(rows * 2 * layers)));
  const norm = (x: Value, name: string) => rmsNorm(x, graph.parameter(name, [width], ones));
  const toHeads = (x: Value) => transpose(reshape(x, ['batch', 'time', heads, size]), [0, 2, 1, 3]);

  const conditioned = matmul(condition, weight('condition.weight', config.conditionDim, width));
  let hidden = add(
    gather(embedding(graph, { width, layers, heads, ...config }), tokens),
    reshape(conditioned, ['batch', 1, width]),
  );
  const caches: LayerCache[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`;
    const x = norm(hidden, name('attention.norm'));
    const project = (part: string) => toHeads(matmul(x, weight(name(`attention.${part}`), width, width)));
    const queries = rotate(project('query'), cos, sin);
    let keys = rotate(project('key'), cos, sin);
    let values = project('value');
    if (past) {
      keys = concat([past[layer].keys, keys], 2);
      values = concat([past[layer].values, values], 2);
    }
    caches.push({ keys, values });
    const scores = matmul(queries, keys, { transB: true, alpha: 1 / Math.sqrt(size) });
    const mixed = matmul(ops.softmax(add(scores, attentionBias)), values);
    const joined = reshape(transpose(mixed, [0, 2, 1, 3]), ['batch', 'time', width]);
    hidden = add(hidden, matmul(joined, residualWeight(name('attention.output'), width, width)));

    const y = norm(hidden, name('mlp.norm'));
    const gate = silu(matmul(y, weight(name('mlp.gate'), width, feedForward)));
    const gated = mul(gate, matmul(y, weight(name('mlp.up'), width, feedForward)));
    hidden = add(hidden, matmul(gated, residualWeight(name('mlp.down'), feedForward, width)));
  }
  return { hidden: norm(hidden, 'norm'), caches };
}

/** The token embeddings [vocabulary, width], also the output matrix. Unit-sized rows keep the first logits moderate. */
function embedding(graph: Graph, { vocabularySize, width }: DecoderConfig): Value {
  return graph.parameter('embedding', [vocabularySize, width], normal(1 / Math.sqrt(width)));
}

/** Kinds of hints: tokens of the query, and tokens of items near it. */
export const HINTS = 2;

/** Kinds of hints that change from token to token, where sub-queries are made of what is near; see `NextTokens`. */
export const RUNNING_HINTS = ['near', 'common', 'before', 'now'] as const;

/** What the next token is chosen from. */
export interface OutputInputs {
  /** 0 to 1 for each kind of hint and token, [batch, HINTS, size]. */
  readonly hints: Value;
  /** int32 [batch, size]: the tokens that each sequence can be made of, where these are few; absent: all of them. */
  readonly vocabulary?: Value;
  /** 0 to 1 for each kind of running hint, [batch, time, size]. */
  readonly running?: readonly Value[];
}

/** Declares them: a policy that writes what is near the query has a vocabulary for each query, of some hundred tokens. */
export function outputInputs(
  graph: Graph,
  { vocabularySize, writes }: DecoderConfig,
  { batch, time }: { readonly batch: string; readonly time: string } = { batch: 'batch', time: 'time' },
): OutputInputs {
  if (writes === 'anything') return { hints: graph.input('hints', [batch, HINTS, vocabularySize]) };
  return {
    hints: graph.input('hints', [batch, HINTS, 'size']),
    vocabulary: graph.input('vocabulary', [batch, 'size'], 'int32'),
    running: RUNNING_HINTS.map((name) => graph.input(`running.${name}`, [batch, time, 'size'])),
  };
}

/**
 * Logits [batch, time, size] of the next token; the embeddings are tied (Press & Wolf 2017). Hinted tokens get
 * a bonus that the hidden state decides on, one for each kind of hint, as in a pointer-generator (See et al. 2017): a small
 * decoder finds the right sense by itself, but to hit the query's very word among its synonyms, or the words that the catalog
 * has for it, would take it long to learn.
 */
export function outputLogits(
  graph: Graph,
  config: DecoderConfig,
  hidden: Value,
  { hints, vocabulary, running }: OutputInputs,
): Value {
  const bonus = add(
    matmul(hidden, graph.parameter('hint.weight', [config.width, HINTS], zeros)),
    graph.parameter('hint.bias', [HINTS], ones),
  );
  const all = embedding(graph, config);
  const table = vocabulary ? gather(all, vocabulary) : all;
  const logits = add(matmul(hidden, table, { transB: true }), matmul(bonus, hints));
  if (!running) return logits;
  const kinds = running.length;
  const weights = add(
    matmul(hidden, graph.parameter('running.weight', [config.width, kinds], zeros)),
    graph.parameter('running.bias', [kinds], zeros),
  );
  return split(weights, Array<number>(kinds).fill(1), 2).reduce(
    (sum, weight, i) => add(sum, mul(weight, running[i])),
    logits,
  );
}

/** Only the last position of [batch, time, width], as [batch, 1, width]. */
export const lastPosition = (hidden: Value): Value => slice(hidden, 1, -1, Number.MAX_SAFE_INTEGER, 1);

/** Rotary position embedding (Su et al. 2021) on [batch, heads, time, size], halves as pairs. */
function rotate(x: Value, cos: Value, sin: Value): Value {
  const half = (x.shape[3] as number) / 2;
  const [a, b] = split(x, [half, half], 3);
  return concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))], 3);
}

/** The rotary angles of positions [start, start + time): what `cos` and `sin` are fed with. */
export function rotaryAngles(
  start: number,
  time: number,
  { width, heads }: DecoderConfig,
): { cos: Tensor; sin: Tensor } {
  const half = width / heads / 2;
  const cos = new Float32Array(time * half);
  const sin = new Float32Array(time * half);
  for (let t = 0; t < time; t++) {
    for (let i = 0; i < half; i++) {
      const angle = (start + t) * 10_000 ** (-i / half);
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  }
  return { cos: { data: cos, dims: [time, half] }, sin: { data: sin, dims: [time, half] } };
}
