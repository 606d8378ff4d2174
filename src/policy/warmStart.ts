/**
 * Warm start: before any reward, the decoder learns to write the catalog's own words near the query, so that its first
 * rollouts are readable, grounded and varied enough to be told apart.
 */

import { mmr } from '../baselines/mmr.js';
import type { Item } from '../catalog/item.js';
import { buildPostings } from '../catalog/postings.js';
import { contentWords } from '../catalog/words.js';
import type { Encoder } from '../encode/encoder.js';
import { initialize, type Parameters, type RuntimeOptions, Trainer, warmupCosine } from '../engine/index.js';
import { concatRows, dot, gatherRows, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import type { TrainingControl } from '../training.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { type Sequence, trainingBatch } from './batch.js';
import type { DecoderConfig } from './decoder.js';
import { type Format, formatCompletion, formatTable } from './format.js';
import { type NearTokens, Neighbourhood, wordPieces } from './neighbourhood.js';
import { crossEntropyGraph } from './softGrpo.js';
import { WordSpeller } from './speller.js';
import type { Tokenizer } from './tokenizer.js';
import { drawSubQueries } from './warmStartSets.js';

export interface WarmStartOptions extends TrainingControl {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly format: Format;
  readonly items: readonly Item[];
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: Matrix;
  readonly index: VectorIndex;
  /** The projected text encoder, [conditionDim]. */
  readonly encoder: Encoder;
  /** Training queries and their embeddings [n, d]. */
  readonly queries: readonly string[];
  readonly queryVectors: Matrix;
  /** Reference rows of each query: weakly supervised retrieval, whose completions are drawn from query words and references. */
  readonly references?: readonly (readonly number[])[];
  readonly steps: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
}

/** Relevance against novelty when they are drawn. */
const LAMBDA = 0.5;
/** Sequences a step. */
const BATCH = 48;

/** Trains a fresh decoder on catalog words; resolves with its parameters. */
export async function warmStart(options: WarmStartOptions): Promise<Parameters> {
  const { config, tokenizer, format, steps, learningRate = 3e-3, seed, runtime } = options;
  const { signal, onProgress, resume, onStep } = options;
  const { loss } = crossEntropyGraph(config, formatTable(tokenizer));
  const trainer = await Trainer.create({
    loss,
    parameters: await meaningfulStart(initialize(loss.graph, seed), options),
    optimizer: { beta1: 0.9, beta2: 0.95, weightDecay: 0.01 },
    clipNorm: 1,
    runtime,
  });
  const draw = options.references ? supervisedSequences(options, options.references) : openSequences(options);
  try {
    if (resume) trainer.restore(resume);
    while (trainer.step < steps) {
      signal?.throwIfAborted();
      const random = new CounterRandom(seed, 'policy/warm-start', trainer.step);
      const sequences = await draw(random);
      const rate = warmupCosine(trainer.step, {
        peak: learningRate,
        warmupSteps: 20,
        totalSteps: steps,
        final: 0.1,
      });
      const { loss: value } = await trainer.train(trainingBatch(sequences, format, config).feeds, {
        learningRate: rate,
      });
      onProgress?.({
        stage: 'policy/warm-start',
        done: trainer.step,
        total: steps,
        metrics: { loss: value },
      });
      await onStep?.({ step: trainer.step, metrics: { loss: value }, state: trainer.state });
    }
    return trainer.parameters;
  } finally {
    await trainer.release();
  }
}

/**
 * Gives the fresh decoder the encoder's sense of meaning: every token starts as the embedding of its text, and the query's
 * embedding enters unrotated. As the embeddings are tied, words near the query are likely before the first step.
 */
async function meaningfulStart(
  parameters: Parameters,
  { tokenizer, encoder, config, signal }: WarmStartOptions,
): Promise<Parameters> {
  const { width, conditionDim } = config;
  const embedding = parameters.get('embedding')!.data;
  const condition = parameters.get('condition.weight')!.data;
  const shared = Math.min(width, conditionDim);
  const ids = Array.from({ length: tokenizer.size }, (_, id) => id).filter(
    (id) => tokenizer.decode([id]) !== '',
  );
  const vectors = await encoder.encode(
    ids.map((id) => tokenizer.decode([id])),
    { signal },
  );
  ids.forEach((id, i) => {
    embedding.set(row(vectors, i).subarray(0, shared), id * width);
  });
  condition.fill(0);
  // Stronger than the last token, whose own embedding would otherwise make it repeat itself.
  for (let i = 0; i < shared; i++) condition[i * width + i] = 1.5;
  return parameters;
}

/** A query to learn from; its text is empty where only the embedding is known. */
interface Example {
  readonly text: string;
  readonly vector: Float32Array;
}

/** The queries of one step: half the user's, half stand-ins from the catalog. */
function drawExamples(
  { items, vectors, queries, queryVectors, batchSize = BATCH }: WarmStartOptions,
  random: CounterRandom,
): Example[] {
  return Array.from({ length: batchSize }, () => {
    if (queries.length > 0 && random.uniform() < 0.5) {
      const i = random.integer(queries.length);
      // Half of the time without the words, which are soon learned by heart: the embedding is what carries over to new queries.
      return { text: random.uniform() < 0.5 ? queries[i] : '', vector: row(queryVectors, i) };
    }
    const i = random.integer(items.length);
    if (random.uniform() < 0.5) return { text: items[i].title, vector: row(vectors, i) };
    // A broad query lies between items: the direction half-way between two of them.
    const j = random.integer(items.length);
    const mixed = row(vectors, i).map((x, d) => x + vectors.data[j * vectors.cols + d]);
    return { text: '', vector: normalizeRows(matrix(1, vectors.cols, mixed)).data };
  });
}

type DrawSequences = (random: CounterRandom) => Promise<Sequence[]>;

/**
 * The training sequences of one step. The sub-queries are the words of k items that are near the query and differ from
 * each other: maximal marginal relevance on a random half of the neighbourhood, so that no two sets are the same.
 */
function openSequences(options: WarmStartOptions): DrawSequences {
  const { config, tokenizer, format, items, vectors } = options;
  const neighbourhoods = neighbourFinder(options);
  return async (random) => {
    const examples = drawExamples(options, random);
    const hints = await neighbourhoods(examples);
    return examples.map(({ text, vector }, i) => {
      const { rows, nearest } = hints[i];
      const near = random
        .permutation(nearest)
        .subarray(0, Math.max(Math.ceil(nearest / 2), Math.min(nearest, 2 * format.k)))
        .map((rank) => rows[rank]);
      const candidates = gatherRows(vectors, near);
      const chosen = mmr({
        candidates,
        relevance: Float32Array.from(near, (_, at) => dot(row(candidates, at), vector)),
        lambda: LAMBDA,
        k: format.k,
      });
      const texts = Array.from(chosen, (position) => items[near[position]].text);
      const subQueries =
        config.writes === 'nearTexts'
          ? differentTexts(texts, options)
          : texts.map((text) => catalogWords(text, random));
      return {
        prompt: tokenizer.encode(text),
        condition: vector,
        near: hints[i],
        tokens: formatCompletion(subQueries, tokenizer, format),
      };
    });
  };
}

/** The training sequences of one step where queries have reference sets: see `drawSubQueries`. */
function supervisedSequences(
  options: WarmStartOptions,
  references: readonly (readonly number[])[],
): DrawSequences {
  const { config, tokenizer, format, items, encoder, queries, queryVectors, batchSize = BATCH } = options;
  const neighbourhoods = neighbourFinder(options);
  return async (random) => {
    const examples = Array.from({ length: batchSize }, (_, i) => {
      if (queries.length > 0 && i % 2 === 0) {
        const q = random.integer(queries.length);
        return { text: queries[q], reference: references[q], vector: row(queryVectors, q) };
      }
      // A stand-in: words of two or three random items ask for these items.
      const reference = Array.from({ length: 2 + random.integer(2) }, () => random.integer(items.length));
      const words = reference.flatMap((r) => random.shuffle(contentWords(items[r].text)).slice(0, 1));
      return { text: words.join(' ') || items[reference[0]].title, reference };
    });
    const made = await encoder.encode(
      examples.filter((e) => !e.vector).map((e) => e.text),
      { signal: options.signal },
    );
    let next = 0;
    const complete = examples.map((e) => ({ ...e, vector: e.vector ?? row(made, next++) }));
    const hints = await neighbourhoods(complete);
    return complete.map(({ text, vector, reference }, i) => {
      const { rows, nearest } = hints[i];
      const drawn = drawSubQueries({
        items,
        postings: buildPostings(items, rows),
        query: text,
        reference,
        neighbours: rows.subarray(0, nearest),
        k: format.k,
        random,
      });
      const subQueries =
        config.writes === 'nearWords' ? writable(drawn, hints[i], items[rows[0]].text, options) : drawn;
      return {
        prompt: tokenizer.encode(text),
        condition: vector,
        near: hints[i],
        tokens: formatCompletion(subQueries, tokenizer, format),
      };
    });
  };
}

/**
 * The sub-queries without the words that the policy cannot write, for this query or beside those before them; where nothing is left,
 * words of the nearest item, or else the first word there is.
 */
function writable(
  subQueries: readonly string[],
  near: NearTokens,
  nearest: string,
  { tokenizer, format }: WarmStartOptions,
): string[] {
  const { tokens, pieces } = near;
  const tokensOf = (piece: Int32Array) => piece.map((position) => tokens[position]);
  const known = new Map(pieces.map((piece, at) => [tokensOf(piece).join(' '), at]));
  const wordsLeft = (text: string) => {
    const speller = new WordSpeller(near, format.maxTokens);
    const left = wordPieces(tokenizer.encode(text), tokenizer, format).filter((word) => {
      const piece = known.get(word.join(' '));
      return piece !== undefined && speller.writeWord(piece);
    });
    return tokenizer.decode(left.flatMap((word) => [...word]));
  };
  const instead = wordsLeft(nearest) || tokenizer.decode(tokensOf(pieces[0]));
  return subQueries.map((subQuery) => wordsLeft(subQuery) || instead);
}

/** The texts without those that are an earlier one as the policy writes them: it writes none twice. */
function differentTexts(texts: readonly string[], { tokenizer, format }: WarmStartOptions): string[] {
  const seen = new Set<string>();
  return texts.filter((text) => {
    const key = formatCompletion([text], tokenizer, format).join(' ');
    return !seen.has(key) && seen.add(key);
  });
}

/** Finds what is near each example. */
function neighbourFinder({ config, tokenizer, format, ...world }: WarmStartOptions) {
  const neighbourhood = new Neighbourhood(world, tokenizer, format, config.writes);
  return (examples: readonly Example[]) =>
    neighbourhood.near(
      concatRows(examples.map(({ vector }) => matrix(1, vector.length, vector))),
      examples.map(({ text }) => tokenizer.encode(text)),
    );
}

/** An item's text, or (one time in four) one to four neighbouring words of it. */
function catalogWords(text: string, random: CounterRandom): string {
  if (random.uniform() < 0.75) return text;
  const words = text.split(/\s+/u);
  const length = 1 + random.integer(Math.min(4, words.length));
  const start = random.integer(words.length - length + 1);
  return words.slice(start, start + length).join(' ');
}
