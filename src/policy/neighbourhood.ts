/** What the catalog has near a query, in the policy's own tokens. */
import type { Item } from '../catalog/item.js';
import type { VectorIndex } from '../index/vectorIndex.js';
import type { Matrix } from '../matrix.js';
import { type Format, formatCompletion } from './format.js';
import { SEPARATOR, type Tokenizer } from './tokenizer.js';

/** What the items near one query say. */
export interface NearTokens {
  /** The separator (at position 0), and the tokens of their texts; each counts 0 to 1, as its nearest item does. */
  readonly tokens: Int32Array;
  readonly weights: Float32Array;
  /** Their texts, the nearest item's first, as positions in `tokens`: no longer than a sub-query may be, none empty. */
  readonly texts: readonly Int32Array[];
}

/** Items looked at, best first; a warm start draws sub-queries from the same. */
export const NEIGHBOURS = 100;

/**
 * The tokens of the items nearest to a query: pseudo-relevance feedback for the policy, which then need not know the whole
 * catalog by heart, but only choose from what is there. The nearest item counts 1, the last one looked at next to nothing.
 */
export class Neighbourhood {
  readonly #index: VectorIndex;
  readonly #texts: readonly Int32Array[];

  constructor(
    { items, index }: { readonly items: readonly Item[]; readonly index: VectorIndex },
    tokenizer: Tokenizer,
    format: Format,
  ) {
    this.#index = index;
    this.#texts = items.map(({ text }) => formatCompletion([text], tokenizer, format).subarray(0, -1));
  }

  /** @param queries unit rows [n, d] */
  async near(queries: Matrix): Promise<NearTokens[]> {
    const k = Math.min(NEIGHBOURS, this.#index.size);
    const { indices, scores } = await this.#index.search(queries, { k });
    return Array.from({ length: queries.rows }, (_, q) => {
      const [first, last] = [scores[q * k], scores[(q + 1) * k - 1]];
      const positions = new Map([[SEPARATOR, 0]]);
      const weights = [0];
      const texts: Int32Array[] = [];
      for (let rank = q * k; rank < (q + 1) * k; rank++) {
        // Best first, so that the nearest item that has a token decides.
        const weight = first > last ? (scores[rank] - last) / (first - last) : 1;
        const text = this.#texts[indices[rank]].map((token) => {
          const known = positions.get(token);
          if (known !== undefined) return known;
          positions.set(token, weights.length);
          return weights.push(weight) - 1;
        });
        if (text.length > 0) texts.push(text);
      }
      return { tokens: Int32Array.from(positions.keys()), weights: Float32Array.from(weights), texts };
    });
  }
}
