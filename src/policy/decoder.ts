/**
 * The built-in decoder: the block of the Llama and Qwen families (RMSNorm, rotary positions, SwiGLU, tied embeddings),
 * conditioned on the query twice: its text is the prompt, and its embedding is added to every token's.
 */
import {
  type Graph,
  type Initializer,
  lecunNormal,
  normal,
  ones,
  ops,
  type Tensor,
  type Value,
  zeros,
} from '../engine/index.js';
import { FORMAT_STATES } from './format.js';

const { add, concat, gather, matmul, mul, reshape, rmsNorm, silu, split, sub, transpose } = ops;

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

/** Keys and values of one layer, each [batch, heads, positions, width / heads]. */
export interface LayerCache {
  readonly keys: Value;
  readonly values: Value;
}

export interface DecoderInputs {
  /** int32 [batch, time] */
  readonly tokens: Value;
  /** Query embeddings [batch, conditionDim] */
  readonly condition: Value;
  /** Cosines and sines of the rotary angles: [time, width / heads / 2], or with a cache [batch, 1, time, width / heads / 2]. */
  readonly cos: Value;
  readonly sin: Value;
  /** Added to the attention scores, -1e9 where a position must not look: [time, time], or with a cache [batch, 1, time, room + time]. */
  readonly attentionBias: Value;
  /** Earlier positions; absent when whole sequences are given. */
  readonly cache?: {
    /** One entry a layer, with room for more positions than there are. */
    readonly layers: readonly LayerCache[];
    /** int64 [room, time]: where the scores of earlier positions end. */
    readonly parts: Value;
  };
}

/** Declares the decoder's inputs for whole sequences. */
function decoderInputs(graph: Graph, config: DecoderConfig): DecoderInputs {
  const half = config.width / config.heads / 2;
  return {
    ...sequenceInputs(graph, config),
    cos: graph.input('cos', ['time', half]),
    sin: graph.input('sin', ['time', half]),
    attentionBias: graph.input('attentionBias', ['time', 'time']),
  };
}

/** Declares them for sequences that are written token by token. */
function cachedDecoderInputs(graph: Graph, config: DecoderConfig): DecoderInputs {
  const { heads, layers, width } = config;
  const size = width / heads;
  const past = ['batch', heads, 'room', size];
  return {
    ...sequenceInputs(graph, config),
    cos: graph.input('cos', ['batch', 1, 'time', size / 2]),
    sin: graph.input('sin', ['batch', 1, 'time', size / 2]),
    attentionBias: graph.input('attentionBias', ['batch', 1, 'time', 'room+time']),
    cache: {
      layers: Array.from({ length: layers }, (_, i) => ({
        keys: graph.input(`past.${i}.keys`, past),
        values: graph.input(`past.${i}.values`, past),
      })),
      parts: graph.input('parts', [2], 'int64'),
    },
  };
}

function sequenceInputs(graph: Graph, { conditionDim }: DecoderConfig) {
  return {
    tokens: graph.input('tokens', ['batch', 'time'], 'int32'),
    condition: graph.input('condition', ['batch', conditionDim]),
  };
}

/** The decoder as graph code: hidden states [batch, time, width] after the last norm, and the keys and values of these positions. */
function decoder(
  graph: Graph,
  config: DecoderConfig,
  inputs: DecoderInputs,
): { hidden: Value; present: LayerCache[] } {
  const { width, layers, heads } = config;
  const size = width / heads;
  const feedForward = Math.ceil((width * 8) / 3 / 32) * 32;
  const weight = (name: string, rows: number, cols: number) =>
    graph.parameter(name, [rows, cols], lecunNormal);
  // Branches start small, so that a deep stack starts as the identity (Radford et al. 2019).
  const residualWeight = (name: string, rows: number, cols: number) =>
    graph.parameter(name, [rows, cols], normal(1 / Math.sqrt(rows * 2 * layers)));
  const norm = (x: Value, name: string) => rmsNorm(x, graph.parameter(name, [width], ones));

  const conditioned = matmul(inputs.condition, weight('condition.weight', config.conditionDim, width));
  let hidden = add(
    gather(embedding(graph, config), inputs.tokens),
    reshape(conditioned, ['batch', 1, width]),
  );
  const present: LayerCache[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`;
    const x = norm(hidden, name('attention.norm'));
    const project = (part: string) =>
      transpose(
        reshape(matmul(x, weight(name(`attention.${part}`), width, width)), ['batch', 'time', heads, size]),
        [0, 2, 1, 3],
      );
    const queries = rotate(project('query'), inputs.cos, inputs.sin);
    const own = { keys: rotate(project('key'), inputs.cos, inputs.sin), values: project('value') };
    present.push(own);
    const attended = attend(queries, own, layer, inputs);
    const mixed = reshape(transpose(attended, [0, 2, 1, 3]), ['batch', 'time', width]);
    hidden = add(hidden, matmul(mixed, residualWeight(name('attention.output'), width, width)));

    const y = norm(hidden, name('mlp.norm'));
    const gate = silu(matmul(y, weight(name('mlp.gate'), width, feedForward)));
    const gated = mul(gate, matmul(y, weight(name('mlp.up'), width, feedForward)));
    hidden = add(hidden, matmul(gated, residualWeight(name('mlp.down'), feedForward, width)));
  }
  return { hidden: norm(hidden, 'norm'), present };
}

/** Softmax attention of all heads over these positions and, with a cache, those before them. */
function attend(
  queries: Value,
  { keys, values }: LayerCache,
  layer: number,
  { attentionBias, cache }: DecoderInputs,
): Value {
  const options = { transB: true, alpha: 1 / Math.sqrt(queries.shape[3] as number) };
  const scores = matmul(queries, keys, options);
  if (!cache) return matmul(ops.softmax(add(scores, attentionBias)), values);
  // The cache is read where it lies: to put the new position behind it would copy all those before, at every token.
  const past = cache.layers[layer];
  const all = concat([matmul(queries, past.keys, options), scores], 3);
  const weights = ops.softmax(add(all, attentionBias));
  const parts = [past.keys, keys].map(({ shape }) => ({ shape: [...queries.shape.slice(0, 3), shape[2]] }));
  const [before, now] = queries.graph.node('Split', [weights, cache.parts], parts, { axis: 3 });
  return add(matmul(before, past.values), matmul(now, values));
}

/** The hidden states [...at, width] at the positions which int32 `at` counts over all sequences. */
function statesAt(hidden: Value, at: Value): Value {
  const width = hidden.shape[2] as number;
  return gather(reshape(hidden, ['states', width]), at);
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
interface OutputInputs {
  /** 0 to 1 for each kind of hint and token, [queries, HINTS, size]. */
  readonly hints: Value;
  /** Embeddings [queries, size, width] of the tokens that answers to a query can be made of, where these are few; absent: all. */
  readonly table?: Value;
  /** 0 to 1 for each kind of running hint, [queries, choices, RUNNING_HINTS, size]. */
  readonly running?: Value;
}

/** Declares them: a policy that writes what is near the query has a vocabulary for each query, of some hundred tokens. */
function outputInputs(graph: Graph, config: DecoderConfig): OutputInputs {
  if (config.writes === 'anything')
    return { hints: graph.input('hints', ['queries', HINTS, config.vocabularySize]) };
  return {
    hints: graph.input('hints', ['queries', HINTS, 'size']),
    table: gather(embedding(graph, config), graph.input('vocabulary', ['queries', 'size'], 'int32')),
    running: graph.input('running', ['queries', 'choices', RUNNING_HINTS.length, 'size']),
  };
}

/**
 * Logits [queries, choices, size] of the next token; the embeddings are tied (Press & Wolf 2017). Hinted tokens get
 * a bonus that the hidden state decides on, one for each kind of hint, as in a pointer-generator (See et al. 2017): a small
 * decoder finds the right sense by itself, but to hit the query's very word among its synonyms, or the words that the catalog
 * has for it, would take it long to learn.
 */
function outputLogits(
  graph: Graph,
  config: DecoderConfig,
  hidden: Value,
  { hints, table = embedding(graph, config), running }: OutputInputs,
): Value {
  const linear = (name: string, kinds: number, bias: Initializer) =>
    add(
      matmul(hidden, graph.parameter(`${name}.weight`, [config.width, kinds], zeros)),
      graph.parameter(`${name}.bias`, [kinds], bias),
    );
  const logits = add(matmul(hidden, table, { transB: true }), matmul(linear('hint', HINTS, ones), hints));
  if (!running) return logits;
  const weights = linear('running', RUNNING_HINTS.length, zeros);
  // One small product a position: sums of products of whole tensors took an eighth of a training step.
  const bonus = matmul(reshape(weights, ['queries', 'choices', 1, RUNNING_HINTS.length]), running);
  return add(logits, reshape(bonus, logits.shape));
}

/**
 * Logits [queries, choices, size] of every token of whole completions, before it is said which may come next. Completions of one query
 * that stand together share its vocabulary: it is much larger than they are.
 */
export function sequenceLogits(graph: Graph, config: DecoderConfig): Value {
  const { hidden } = decoder(graph, config, decoderInputs(graph, config));
  const choices = graph.input('choices', ['queries', 'choices'], 'int32');
  return outputLogits(graph, config, statesAt(hidden, choices), outputInputs(graph, config));
}

/**
 * Probabilities [queries, choices, size] of the next token of sequences that are being written, and the keys and values of the positions
 * before it. Where queries have vocabularies of their own, the sequences of one stand together; otherwise each is alone, [sequences, 1,
 * vocabulary].
 */
export function nextTokenProbabilities(
  graph: Graph,
  config: DecoderConfig,
): { probabilities: Value; present: LayerCache[] } {
  const { width, vocabularySize, writes } = config;
  const { hidden, present } = decoder(graph, config, cachedDecoderInputs(graph, config));
  const states = statesAt(hidden, graph.input('choices', ['queries', 'choices'], 'int32'));
  const inverseTemperature = graph.input('inverseTemperature', []);
  const isFree = writes === 'anything';
  const size = isFree ? vocabularySize : 'size';
  const logits = outputLogits(graph, config, states, {
    hints: graph.input('hints', ['queries', HINTS, size]),
    // Looked up before: every token's run would gather it anew.
    table: isFree ? undefined : graph.input('table', ['queries', size, width]),
    running: isFree ? undefined : graph.input('running', ['queries', 'choices', RUNNING_HINTS.length, size]),
  });
  const bias = isFree
    ? gather(
        graph.input('formatTable', [FORMAT_STATES, vocabularySize]),
        graph.input('states', ['queries', 'choices'], 'int32'),
      )
    : graph.input('bias', ['queries', 'choices', size]);
  return { probabilities: ops.softmax(add(mul(logits, inverseTemperature), bias)), present };
}

/** Rotary position embedding (Su et al. 2021) on the last of four axes, halves as pairs. */
function rotate(x: Value, cos: Value, sin: Value): Value {
  const half = (x.shape[3] as number) / 2;
  const [a, b] = split(x, [half, half], 3);
  return concat([sub(mul(a, cos), mul(b, sin)), add(mul(b, cos), mul(a, sin))], 3);
}

/** The rotary angles of the positions, [...dims, width / heads / 2]: what `cos` and `sin` are fed with. */
export function rotaryAngles(
  positions: Int32Array,
  dims: readonly number[],
  { width, heads }: DecoderConfig,
): { cos: Tensor; sin: Tensor } {
  const half = width / heads / 2;
  const rates = Float64Array.from({ length: half }, (_, i) => 10_000 ** (-i / half));
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  positions.forEach((position, t) => {
    for (let i = 0; i < half; i++) {
      const angle = position * rates[i];
      cos[t * half + i] = Math.cos(angle);
      sin[t * half + i] = Math.sin(angle);
    }
  });
  return { cos: { data: cos, dims: [...dims, half] }, sin: { data: sin, dims: [...dims, half] } };
}
