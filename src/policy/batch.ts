/** Lays sequences out as the decoder's input tensors: prompt left-padded, then START, then the completion. */
import type { Feeds, Tensor } from '../engine/index.js';
import type { Matrix } from '../matrix.js';
import { type DecoderConfig, HINTS, RUNNING_HINTS, rotaryAngles, type Writes } from './decoder.js';
import { FORBIDDEN, type Format, formatStates, INSIDE } from './format.js';
import type { NearTokens } from './neighbourhood.js';
import { type NextTokens, spellerOf } from './speller.js';
import { PAD, SEPARATOR, START } from './tokenizer.js';

/** Prompts of one batch: int32 tokens [batch, length], and how many padding tokens each row begins with. */
export interface Prompts {
  readonly tokens: Int32Array;
  readonly length: number;
  readonly padding: Int32Array;
}

/** The longest part of a query that the policy reads, in tokens; the embedding covers the rest. */
export const MAX_PROMPT_TOKENS = 32;

/** Left-pads the queries' tokens to one length, which leaves START in the last column of every row. */
export function layOutPrompts(queries: readonly (readonly number[])[]): Prompts {
  const cut = queries.map((ids) => ids.slice(0, MAX_PROMPT_TOKENS));
  const length = Math.max(...cut.map((ids) => ids.length)) + 1;
  const tokens = new Int32Array(cut.length * length).fill(PAD);
  const padding = new Int32Array(cut.length);
  cut.forEach((ids, row) => {
    padding[row] = length - 1 - ids.length;
    tokens.set(ids, row * length + padding[row]);
    tokens[(row + 1) * length - 1] = START;
  });
  return { tokens, length, padding };
}

/** What a batch of queries is to be told, and can be answered with. */
interface Hinted {
  readonly prompt: readonly number[];
  readonly near?: NearTokens;
}

/**
 * The tokens to choose from and the decoder's hints about them: 1 for the tokens of each query, but for those which the policy
 * does not read, and the weights of the tokens near it. A policy that writes what is near the query chooses from the tokens near it
 * (filled up with PAD to one length), any other from all.
 */
export function outputFeeds(queries: readonly Hinted[], { vocabularySize, writes }: DecoderConfig): Feeds {
  if (writes === 'anything') {
    const hints = new Float32Array(queries.length * HINTS * vocabularySize);
    queries.forEach(({ prompt, near }, row) => {
      const own = row * HINTS * vocabularySize;
      for (const id of prompt.slice(0, MAX_PROMPT_TOKENS)) hints[own + id] = 1;
      near?.tokens.forEach((id, i) => {
        hints[own + vocabularySize + id] = near.weights[i];
      });
    });
    return { hints: { data: hints, dims: [queries.length, HINTS, vocabularySize] } };
  }
  const size = nearSize(queries);
  const vocabulary = new Int32Array(queries.length * size).fill(PAD);
  const hints = new Float32Array(queries.length * HINTS * size);
  queries.forEach(({ prompt, near }, row) => {
    if (!near) return;
    vocabulary.set(near.tokens, row * size);
    const own = new Set(prompt.slice(0, MAX_PROMPT_TOKENS));
    near.tokens.forEach((id, i) => {
      if (own.has(id)) hints[row * HINTS * size + i] = 1;
    });
    hints.set(near.weights, (row * HINTS + 1) * size);
  });
  return {
    hints: { data: hints, dims: [queries.length, HINTS, size] },
    vocabulary: { data: vocabulary, dims: [queries.length, size] },
  };
}

/** The longest vocabulary of a batch. */
export const nearSize = (queries: readonly Hinted[]): number =>
  Math.max(...queries.map(({ near }) => near?.tokens.length ?? 1));

/** Causal attention that skips each row's padding, [batch, 1, time, past + time]. */
export function attentionBias(padding: Int32Array, past: number, time: number): Tensor {
  const keys = past + time;
  const data = new Float32Array(padding.length * time * keys);
  for (let row = 0; row < padding.length; row++) {
    for (let t = 0; t < time; t++) {
      const start = (row * time + t) * keys;
      data.fill(FORBIDDEN, start, start + Math.min(padding[row], keys));
      data.fill(FORBIDDEN, start + past + t + 1, start + keys);
    }
  }
  return { data, dims: [padding.length, 1, time, keys] };
}

/** One training sequence. */
export interface Sequence extends Hinted {
  readonly condition: Float32Array;
  /** The completion: k sub-queries, each ended by a separator. */
  readonly tokens: Int32Array;
}

/** The decoder's feeds for whole sequences, with the target, format state and weight of every position. */
export interface TrainingBatch {
  readonly feeds: Feeds;
  /** Sequences, and positions of each. */
  readonly rows: number;
  readonly time: number;
  /** The position of a completion's first token. */
  readonly start: number;
}

/** int32 `targets` and `states` and float `weights` (1 on completion tokens), each [batch, time]. */
export function trainingBatch(
  sequences: readonly Sequence[],
  format: Format,
  config: DecoderConfig,
): TrainingBatch {
  const rows = sequences.length;
  const prompts = layOutPrompts(sequences.map((s) => s.prompt));
  const start = prompts.length - 1;
  const time = start + Math.max(...sequences.map((s) => s.tokens.length));
  const tokens = new Int32Array(rows * time).fill(PAD);
  // Positions of weight 0 aim at what the format allows: a forbidden target's log-probability is -1e9.
  const targets = new Int32Array(rows * time).fill(SEPARATOR);
  const states = new Int32Array(rows * time).fill(INSIDE);
  const weights = new Float32Array(rows * time);
  const condition = new Float32Array(rows * config.conditionDim);
  sequences.forEach((sequence, row) => {
    const completion = sequence.tokens;
    const at = row * time;
    tokens.set(prompts.tokens.subarray(row * prompts.length, (row + 1) * prompts.length), at);
    tokens.set(completion.subarray(0, -1), at + prompts.length);
    targets.set(completion, at + start);
    states.set(formatStates(completion, format), at + start);
    weights.fill(1, at + start, at + start + completion.length);
    condition.set(sequence.condition, row * config.conditionDim);
  });
  const spelling =
    config.writes === 'anything'
      ? undefined
      : spellingFeeds(sequences, targets, { start, time, format, writes: config.writes });
  const dims = [rows, time];
  return {
    rows,
    time,
    start,
    feeds: {
      tokens: { data: tokens, dims },
      targets: { data: targets, dims: [rows, time, 1] },
      states: { data: states, dims },
      weights: { data: weights, dims },
      condition: { data: condition, dims: [rows, config.conditionDim] },
      ...outputFeeds(sequences, config),
      ...spelling,
      attentionBias: attentionBias(prompts.padding, 0, time),
      ...rotaryAngles(0, time, config),
    },
  };
}

/**
 * What may come next, and the running hints, each [batch, time, size], where sub-queries are made of what is near the query. The
 * targets become positions in the query's vocabulary.
 */
function spellingFeeds(
  sequences: readonly Sequence[],
  targets: Int32Array,
  {
    start,
    time,
    format,
    writes,
  }: { readonly start: number; readonly time: number; readonly format: Format; readonly writes: Writes },
): Feeds {
  const size = nearSize(sequences);
  const { feeds, at } = nextTokenFeeds([sequences.length, time, size]);
  targets.fill(0);
  sequences.forEach(({ near, tokens }, row) => {
    if (!near) return;
    const positions = new Map(Array.from(near.tokens, (id, i) => [id, i]));
    const speller = spellerOf(near, writes, format);
    tokens.forEach((token, t) => {
      const position = row * time + start + t;
      speller.describe(at(position));
      targets[position] = positions.get(token) ?? 0;
      speller.write(targets[position]);
    });
  });
  return feeds;
}

/** Zeros for the bias and the running hints, and the views of a position, counted over all leading dimensions. */
export function nextTokenFeeds(dims: readonly number[]): {
  feeds: Feeds;
  at: (position: number) => NextTokens;
} {
  const size = dims.at(-1)!;
  const length = dims.reduce((product, n) => product * n, 1);
  const [bias, ...hints] = Array.from({ length: 1 + RUNNING_HINTS.length }, () => new Float32Array(length));
  const running = RUNNING_HINTS.map((name, i) => [`running.${name}`, { data: hints[i], dims: [...dims] }]);
  return {
    feeds: { bias: { data: bias, dims: [...dims] }, ...Object.fromEntries(running) },
    at(position) {
      const view = (data: Float32Array) => data.subarray(position * size, (position + 1) * size);
      const [near, common, before, now] = hints.map(view);
      return { bias: view(bias), running: [near, common, before, now] };
    },
  };
}

/** The given rows of the queries' embeddings as a tensor. */
export function repeatRows(vectors: Matrix, rows: ArrayLike<number>): Tensor {
  const data = new Float32Array(rows.length * vectors.cols);
  for (let i = 0; i < rows.length; i++) {
    data.set(vectors.data.subarray(rows[i] * vectors.cols, (rows[i] + 1) * vectors.cols), i * vectors.cols);
  }
  return { data, dims: [rows.length, vectors.cols] };
}
