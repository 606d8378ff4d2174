/** Lays sequences out as the decoder's input tensors: prompt, START, completion, and what is left is padding. */
import type { Feeds, Tensor } from '../engine/index.js';
import type { Matrix } from '../matrix.js';
import { type DecoderConfig, HINTS, RUNNING_HINTS, rotaryAngles, type Writes } from './decoder.js';
import { FORBIDDEN, type Format, formatStates, INSIDE } from './format.js';
import type { NearTokens } from './neighbourhood.js';
import { type NextTokens, spellerOf } from './speller.js';
import { PAD, SEPARATOR, START } from './tokenizer.js';

/** The longest part of a query that the policy reads, in tokens; the embedding covers the rest. */
export const MAX_PROMPT_TOKENS = 32;

/** What stands before a completion. */
export const promptOf = (query: readonly number[]): number[] => [...query.slice(0, MAX_PROMPT_TOKENS), START];

/** Sequences one below the other as int32 [batch, time], the shorter ones filled up with PAD. */
export function layOut(sequences: readonly ArrayLike<number>[]): Tensor & { readonly data: Int32Array } {
  const time = Math.max(...sequences.map(({ length }) => length));
  const data = new Int32Array(sequences.length * time).fill(PAD);
  sequences.forEach((sequence, row) => {
    data.set(sequence, row * time);
  });
  return { data, dims: [sequences.length, time] };
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

/** The embeddings [queries, size, width] of the tokens near each query, from those of all, [vocabulary, width]; 0 where it has fewer. */
export function nearTable(queries: readonly Hinted[], embedding: Float32Array, width: number): Tensor {
  const size = nearSize(queries);
  const data = new Float32Array(queries.length * size * width);
  queries.forEach(({ near }, row) => {
    near?.tokens.forEach((id, i) => {
      data.set(embedding.subarray(id * width, (id + 1) * width), (row * size + i) * width);
    });
  });
  return { data, dims: [queries.length, size, width] };
}

/** Causal attention [time, time]: no position looks at what comes after it, so none looks at the padding at the end. */
function causalBias(time: number): Tensor {
  const data = new Float32Array(time * time);
  for (let t = 0; t < time; t++) data.fill(FORBIDDEN, t * time + t + 1, (t + 1) * time);
  return { data, dims: [time, time] };
}

/** One training sequence. */
export interface Sequence extends Hinted {
  readonly condition: Float32Array;
  /** The completion: k sub-queries, each ended by a separator. */
  readonly tokens: Int32Array;
}

/** The decoder's feeds for whole sequences, with the target, format state and weight of every token that was written. */
export interface TrainingBatch {
  readonly feeds: Feeds;
  /** Tokens of the longest completion: what is said of tokens is [sequences, written]. */
  readonly written: number;
  /** How the graph counts these tokens: [queries, choices], in the same order. */
  readonly choices: readonly [queries: number, choices: number];
}

/** int32 `targets` and `states` and float `weights` (1 on completion tokens), each [queries, choices]. */
export function trainingBatch(
  sequences: readonly Sequence[],
  format: Format,
  config: DecoderConfig,
): TrainingBatch {
  const rows = sequences.length;
  const prompts = sequences.map(({ prompt }) => promptOf(prompt));
  // The last token of a completion is only aimed at.
  const tokens = layOut(sequences.map((s, row) => [...prompts[row], ...s.tokens.subarray(0, -1)]));
  const [, time] = tokens.dims;
  const written = Math.max(...sequences.map((s) => s.tokens.length));
  const positions = new Int32Array(rows * written);
  // Positions of weight 0 aim at what the format allows: a forbidden target's log-probability is -1e9.
  const targets = new Int32Array(rows * written).fill(SEPARATOR);
  const states = new Int32Array(rows * written).fill(INSIDE);
  const weights = new Float32Array(rows * written);
  const condition = new Float32Array(rows * config.conditionDim);
  sequences.forEach((sequence, row) => {
    const completion = sequence.tokens;
    const at = row * written;
    const start = row * time + prompts[row].length - 1;
    for (let t = 0; t < written; t++) positions[at + t] = start + Math.min(t, completion.length - 1);
    targets.set(completion, at);
    states.set(formatStates(completion, format), at);
    weights.fill(1, at, at + completion.length);
    condition.set(sequence.condition, row * config.conditionDim);
  });
  const each = completionsOfEach(sequences);
  const choices = [rows / each, each * written] as const;
  const spelling =
    config.writes === 'anything'
      ? undefined
      : spellingFeeds(sequences, targets, { choices, written, format, writes: config.writes });
  return {
    written,
    choices,
    feeds: {
      tokens,
      choices: { data: positions, dims: choices },
      targets: { data: targets, dims: [...choices, 1] },
      states: { data: states, dims: choices },
      weights: { data: weights, dims: choices },
      condition: { data: condition, dims: [rows, config.conditionDim] },
      ...outputFeeds(
        sequences.filter((_, row) => row % each === 0),
        config,
      ),
      ...spelling,
      attentionBias: causalBias(time),
      ...rotaryAngles(
        Int32Array.from({ length: time }, (_, t) => t),
        [time],
        config,
      ),
    },
  };
}

/** How many sequences of one query stand together, if equally many of each do; else 1. */
function completionsOfEach(sequences: readonly Sequence[]): number {
  const { near } = sequences[0];
  const other = near ? sequences.findIndex((s) => s.near !== near) : 1;
  const each = other < 0 ? sequences.length : other;
  const isEven = sequences.every((s, row) => s.near === sequences[row - (row % each)].near);
  return isEven && sequences.length % each === 0 ? each : 1;
}

/**
 * What may come next, and the running hints, where sub-queries are made of what is near the query. The targets become positions in the
 * query's vocabulary.
 */
function spellingFeeds(
  sequences: readonly Sequence[],
  targets: Int32Array,
  {
    choices,
    written,
    format,
    writes,
  }: Pick<TrainingBatch, 'choices' | 'written'> & { readonly format: Format; readonly writes: Writes },
): Feeds {
  const { feeds, at } = nextTokenFeeds([...choices, nearSize(sequences)]);
  targets.fill(0);
  sequences.forEach(({ near, tokens }, row) => {
    if (!near) return;
    const positions = new Map(Array.from(near.tokens, (id, i) => [id, i]));
    const speller = spellerOf(near, writes, format);
    tokens.forEach((token, t) => {
      const position = row * written + t;
      speller.describe(at(position));
      targets[position] = positions.get(token) ?? 0;
      speller.write(targets[position]);
    });
  });
  return feeds;
}

/**
 * Zeros for the bias [..., size] and the running hints [..., RUNNING_HINTS, size], and the views of a position, counted over all leading
 * dimensions.
 */
export function nextTokenFeeds(dims: readonly number[]): {
  feeds: Feeds;
  at: (position: number) => NextTokens;
} {
  const size = dims.at(-1)!;
  const kinds = RUNNING_HINTS.length;
  const length = dims.reduce((product, n) => product * n, 1);
  const bias = new Float32Array(length);
  const running = new Float32Array(length * kinds);
  return {
    feeds: {
      bias: { data: bias, dims: [...dims] },
      running: { data: running, dims: [...dims.slice(0, -1), kinds, size] },
    },
    at(position) {
      const view = (data: Float32Array, row: number) => data.subarray(row * size, (row + 1) * size);
      const hint = (kind: number) => view(running, position * kinds + kind);
      return { bias: view(bias, position), running: [hint(0), hint(1), hint(2), hint(3)] };
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
