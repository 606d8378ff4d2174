import type { Feeds, Tensor } from '../engine/session.js';
import { type Matrix, matrix, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder } from './encoder.js';
import { normalizeText } from './normalizeText.js';
import type { TextReading } from './textReading.js';
import { UNKNOWN, type UnigramTokenizer } from './unigramTokenizer.js';

/** Texts are cut to so many tokens. */
export const MAX_TOKENS = 128;
export const USE_LITE_DIM = 512;
export const USE_LITE_ID = 'use-lite-en/lower-case';

/** Texts tokenized at a time: enough to fill the batches of every length, few enough to keep the event loop alive. */
const WINDOW = 4096;
/** Tokens a run. Measured on 2 cores: fewer leave threads idle, more fall out of the cache. */
const TOKENS_PER_RUN = 512;

/** The model's parts, as any runtime may hold them. */
export interface UseLiteParts {
  /** Runs the graph of `useLiteGraph.ts`. */
  readonly session: { run(feeds: Feeds): Promise<Record<string, Tensor>>; release(): Promise<void> };
  readonly tokenizer: UnigramTokenizer;
  /** The sinusoidal position signal [128, 256]; the first rows are fed. */
  readonly timing: Float32Array;
  /** The unit vector [512] of a text without tokens. */
  readonly empty: Float32Array;
}

/** From texts to batches of tokens, and back to vectors, for whatever runtime holds the model. */
export class UseLiteModel implements Encoder {
  readonly id = USE_LITE_ID;
  readonly dim = USE_LITE_DIM;
  readonly #averaging = new Map<number, Float32Array>();

  constructor(private readonly parts: UseLiteParts) {}

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

  /** A word is known if the vocabulary has all its characters: of other scripts it has hardly any. */
  reads(text: string): TextReading {
    const { tokenizer } = this.parts;
    const words = normalizeText(text).split(' ');
    const known = words.filter((word) => !tokenizer.encode(word).includes(UNKNOWN)).length;
    // No token is shorter than a character, but for the mark at the beginning.
    const isCut = text.length >= MAX_TOKENS && tokenizer.encode(words.join(' ')).length > MAX_TOKENS;
    return { known: known / words.length, isCut };
  }

  /** Frees the model's native memory. */
  release(): Promise<void> {
    return this.parts.session.release();
  }

  #byLength(texts: readonly string[], start: number, end: number): Map<number, Tokenized[]> {
    const groups = new Map<number, Tokenized[]>();
    for (let index = start; index < end; index++) {
      const ids = this.parts.tokenizer.encode(normalizeText(texts[index]));
      const length = Math.min(ids.length, MAX_TOKENS);
      const group = groups.get(length);
      if (group) group.push({ index, ids });
      else groups.set(length, [{ index, ids }]);
    }
    return groups;
  }

  async #run(batch: readonly Tokenized[], length: number, out: Matrix): Promise<void> {
    if (length === 0) {
      for (const { index } of batch) row(out, index).set(this.parts.empty);
      return;
    }
    const tokens = new Int32Array(batch.length * length);
    batch.forEach(({ ids }, i) => {
      for (let j = 0; j < length; j++) tokens[i * length + j] = ids[j];
    });
    const timing = this.parts.timing;
    const { vectors } = await this.parts.session.run({
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
