/** Lays sequences out as the decoder's input tensors: prompt left-padded, then START, then the completion. */
import type { Feeds, Tensor } from '../engine/index.js';
import type { Matrix } from '../matrix.js';
import { type DecoderConfig, HINTS, rotaryAngles } from './decoder.js';
import { FORBIDDEN, type Format, formatStates, INSIDE } from './format.js';
import { NearTexts } from './nearTexts.js';
import type { NearTokens } from './neighbourhood.js';
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

/**
 * The decoder's hints, [batch, HINTS, vocabulary]: 1 for the tokens of each query, but for those which the policy does not read;
 * and the weights of the tokens near it, where they are known.
 */
export function tokenHints(
  queries: readonly { readonly prompt: readonly number[]; readonly near?: NearTokens }[],
  { vocabularySize }: DecoderConfig,
): Tensor {
  const data = new Float32Array(queries.length * HINTS * vocabularySize);
  queries.forEach(({ prompt, near }, row) => {
    const own = row * HINTS * vocabularySize;
    for (const id of prompt.slice(0, MAX_PROMPT_TOKENS)) data[own + id] = 1;
    near?.tokens.forEach((id, i) => {
      data[own + vocabularySize + id] = near.weights[i];
    });
  });
  return { data, dims: [queries.length, HINTS, vocabularySize] };
}

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
export interface Sequence {
  readonly prompt: readonly number[];
  readonly condition: Float32Array;
  readonly near?: NearTokens;
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
      hints: tokenHints(sequences, config),
      ...(config.writes === 'nearTexts' && { bias: nearTextBias(sequences, { start, time, config }) }),
      attentionBias: attentionBias(prompts.padding, 0, time),
      ...rotaryAngles(0, time, config),
    },
  };
}

/** The bias of every position, [batch, time, vocabulary]: 0, or -1e9 where no text near the query goes on so. */
function nearTextBias(
  sequences: readonly Sequence[],
  { start, time, config }: { start: number; time: number; config: DecoderConfig },
): Tensor {
  const size = config.vocabularySize;
  const data = new Float32Array(sequences.length * time * size);
  sequences.forEach(({ near, tokens }, row) => {
    const texts = new NearTexts(near?.texts ?? []);
    tokens.forEach((token, t) => {
      const at = (row * time + start + t) * size;
      texts.writeBias(data.subarray(at, at + size));
      texts.write(token);
    });
  });
  return { data, dims: [sequences.length, time, size] };
}

/** The given rows of the queries' embeddings as a tensor. */
export function repeatRows(vectors: Matrix, rows: ArrayLike<number>): Tensor {
  const data = new Float32Array(rows.length * vectors.cols);
  for (let i = 0; i < rows.length; i++) {
    data.set(vectors.data.subarray(rows[i] * vectors.cols, (rows[i] + 1) * vectors.cols), i * vectors.cols);
  }
  return { data, dims: [rows.length, vectors.cols] };
}
