/** What the decoder says about finished completions, computed without a cache and normalised in float64. */
import { floats, Graph, type Parameters, parameterFeeds, Session } from '../../engine/index.js';
import { type Matrix, row } from '../../matrix.js';
import { trainingBatch } from '../batch.js';
import { sequenceLogits } from '../decoder.js';
import { formatStates, formatTable } from '../format.js';
import type { NearTokens } from '../neighbourhood.js';
import type { Completion } from '../policy.js';
import { runtime, type Scene } from './scene.js';

export interface ForwardOptions {
  readonly parameters: Parameters;
  readonly queries: readonly string[];
  readonly vectors: Matrix;
  readonly near?: readonly NearTokens[];
  readonly temperature?: number;
}

/** The distribution [vocabulary] from which each token of each completion was drawn: `[completion][token]`. */
export async function fullForward(
  completions: readonly Completion[],
  { config, tokenizer, format }: Scene,
  { parameters, queries, vectors, near, temperature = 1 }: ForwardOptions,
): Promise<Float64Array[][]> {
  const graph = new Graph();
  const session = await Session.compile(graph, { logits: sequenceLogits(graph, config) }, runtime);
  const sequences = completions.map(({ query, tokens }) => ({
    prompt: tokenizer.encode(queries[query]),
    condition: row(vectors, query),
    near: near?.[query],
    tokens,
  }));
  const { feeds, written } = trainingBatch(sequences, format, config);
  const { logits } = await session.run({ ...feeds, ...parameterFeeds(parameters) });
  await session.release();
  const table = formatTable(tokenizer);
  const size = tokenizer.size;
  return completions.map(({ tokens }, i) => {
    const states = formatStates(tokens, format);
    return Array.from(tokens, (_, t) => {
      const at = (i * written + t) * size;
      const allowed = table.subarray(states[t] * size, (states[t] + 1) * size);
      return softmax(floats(logits).subarray(at, at + size), allowed, temperature);
    });
  });
}

function softmax(logits: Float32Array, bias: Float32Array, temperature: number): Float64Array {
  const scores = Float64Array.from(logits, (x, i) => x / temperature + bias[i]);
  const top = Math.max(...scores);
  const weights = scores.map((x) => Math.exp(x - top));
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w / total);
}

/** In nats. */
export const entropyOf = (probabilities: Float64Array): number =>
  probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
