/** Sub-queries made of pieces near the query, whole texts or words: which token may come next. */
import type { Writes } from './decoder.js';
import { FORBIDDEN, type Format } from './format.js';
import type { NearTokens } from './neighbourhood.js';

/** Position of the separator among the tokens near a query; see `NearTokens`. */
const END = 0;

/**
 * Follows one completion (constrained decoding as in GENRE: De Cao et al., ICLR 2021). The policy then chooses among what is there,
 * and no reward has to teach it first which letters are words, or which words exist together. Tokens are positions in the query's own small
 * vocabulary (`NearTokens.tokens`).
 */
export interface Speller {
  /** 0 for tokens that may come next, -1e9 for all others, [tokens]. */
  writeBias(bias: Float32Array): void;
  /** Goes on by a token that may come next. */
  write(token: number): void;
}

export const spellerOf = ({ pieces }: NearTokens, writes: Writes, { maxTokens }: Format): Speller =>
  writes === 'nearTexts' ? new TextSpeller(pieces) : new WordSpeller(pieces, maxTokens);

/** Every sub-query is one of the texts, each at most once as long as there are others. */
export class TextSpeller implements Speller {
  /** Texts not written yet, and those of them which begin with the tokens of the current sub-query. */
  #left: readonly Int32Array[];
  #open: readonly Int32Array[];
  #length = 0;

  /** @param texts best first, none empty */
  constructor(private readonly texts: readonly Int32Array[]) {
    this.#left = texts;
    this.#open = texts;
  }

  writeBias(bias: Float32Array): void {
    bias.fill(FORBIDDEN);
    for (const text of this.#open) bias[this.#length < text.length ? text[this.#length] : END] = 0;
  }

  write(token: number): void {
    const length = this.#length;
    if (token !== END) {
      this.#open = this.#open.filter((text) => text[length] === token);
      this.#length++;
      return;
    }
    const written = new Set(this.#open.filter((text) => text.length === length));
    const left = this.#left.filter((text) => !written.has(text));
    this.#left = left.length > 0 ? left : this.texts;
    this.#open = this.#left;
    this.#length = 0;
  }
}

/** Every sub-query is one or more of the words, in any order, with repetitions, `maxTokens` tokens at most. */
export class WordSpeller implements Speller {
  /** Words that begin with the tokens of the current word. */
  #open: readonly Int32Array[] = [];
  /** Tokens of the current word and of the current sub-query. */
  #letters = 0;
  #length = 0;

  /** @param words none empty, none longer than `maxTokens`; a token that begins one is in no other place of another */
  constructor(
    private readonly words: readonly Int32Array[],
    private readonly maxTokens: number,
  ) {}

  writeBias(bias: Float32Array): void {
    bias.fill(FORBIDDEN);
    for (const word of this.#open) if (word.length > this.#letters) bias[word[this.#letters]] = 0;
    const between = this.#open.length === 0 || this.#open.some((word) => word.length === this.#letters);
    if (!between) return;
    if (this.#length > 0) bias[END] = 0;
    for (const word of this.words) if (word.length <= this.maxTokens - this.#length) bias[word[0]] = 0;
  }

  write(token: number): void {
    if (token === END) {
      this.#open = [];
      this.#letters = 0;
      this.#length = 0;
      return;
    }
    const longer = this.#open.filter((word) => word[this.#letters] === token);
    if (longer.length > 0) {
      this.#open = longer;
      this.#letters++;
    } else {
      const left = this.maxTokens - this.#length;
      this.#open = this.words.filter((word) => word[0] === token && word.length <= left);
      this.#letters = 1;
    }
    this.#length++;
  }
}
