/** What the catalog has near a query, in the policy's own tokens. */
import type { Item } from '../catalog/item.js';
import type { VectorIndex } from '../index/vectorIndex.js';
import type { Matrix } from '../matrix.js';
import type { Tokenizer } from './tokenizer.js';

/** Tokens of the items near one query; each counts 0 to 1, as its nearest item does. */
export interface NearTokens {
  readonly tokens: Int32Array;
  readonly weights: Float32Array;
}

/** Items looked at, best first; a warm start draws sub-queries from the same. */
export const NEIGHBOURS = 100;

/**
 * The tokens of the items nearest to a query: pseudo-relevance feedback for the policy, which then need not know the whole
 * catalog by heart, but only choose from what is there. The nearest item counts 1, the last one looked at next to nothing.
 */
export class Neighbourhood {
  readonly #index: VectorIndex;
  readonly #tokens: readonly Int32Array[];

  constructor(
    { items, index }: { readonly items: readonly Item[]; readonly index: VectorIndex },
    tokenizer: Tokenizer,
  ) {
    this.#index = index;
    this.#tokens = items.map(({ text }) => Int32Array.from(new Set(tokenizer.encode(text))));
  }

  /** @param queries unit rows [n, d] */
  async near(queries: Matrix): Promise<NearTokens[]> {
    const k = Math.min(NEIGHBOURS, this.#index.size);
    const { indices, scores } = await this.#index.search(queries, { k });
    return Array.from({ length: queries.rows }, (_, q) => {
      const [first, last] = [scores[q * k], scores[(q + 1) * k - 1]];
      const weights = new Map<number, number>();
      for (let rank = q * k; rank < (q + 1) * k; rank++) {
        // Best first, so that the nearest item that has a token decides.
        const weight = first > last ? (scores[rank] - last) / (first - last) : 1;
        for (const token of this.#tokens[indices[rank]]) if (!weights.has(token)) weights.set(token, weight);
      }
      return { tokens: Int32Array.from(weights.keys()), weights: Float32Array.from(weights.values()) };
    });
  }
}
