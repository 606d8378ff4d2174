/** Sub-queries that are texts of items near the query: which token may come next. */
import { FORBIDDEN } from './format.js';

/** Position of the separator among the tokens near a query; see `NearTokens`. */
const END = 0;

/**
 * Follows one completion of which every sub-query is one of the given texts, each at most once as long as there are others (constrained
 * decoding as in GENRE: De Cao et al., ICLR 2021). The policy then chooses among what is there, and no reward has to teach it
 * first which words exist together. Tokens are positions in the query's own small vocabulary (`NearTokens.tokens`).
 */
export class NearTexts {
  readonly #texts: readonly Int32Array[];
  /** Texts not written yet, and those of them which begin with the tokens of the current sub-query. */
  #left: readonly Int32Array[];
  #open: readonly Int32Array[];
  #length = 0;

  /** @param texts best first, none empty; see `NearTokens.texts` */
  constructor(texts: readonly Int32Array[]) {
    this.#texts = texts;
    this.#left = texts;
    this.#open = texts;
  }

  /** 0 for tokens that may come next, -1e9 for all others, [tokens]. */
  writeBias(bias: Float32Array): void {
    bias.fill(FORBIDDEN);
    for (const text of this.#open) bias[this.#length < text.length ? text[this.#length] : END] = 0;
  }

  /** Goes on by a token that may come next. */
  write(token: number): void {
    const length = this.#length;
    if (token !== END) {
      this.#open = this.#open.filter((text) => text[length] === token);
      this.#length++;
      return;
    }
    const written = new Set(this.#open.filter((text) => text.length === length));
    const left = this.#left.filter((text) => !written.has(text));
    this.#left = left.length > 0 ? left : this.#texts;
    this.#open = this.#left;
    this.#length = 0;
  }
}
