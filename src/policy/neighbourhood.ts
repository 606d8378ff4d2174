/** What the catalog has near a query, in the policy's own tokens. */
import type { Item } from '../catalog/item.js';
import type { VectorIndex } from '../index/vectorIndex.js';
import type { Matrix } from '../matrix.js';
import type { Writes } from './decoder.js';
import { type Format, formatCompletion } from './format.js';
import { SEPARATOR, type Tokenizer, UNKNOWN } from './tokenizer.js';

/** What can be written for one query: a vocabulary of its own, and the pieces that sub-queries are made of. */
export interface NearTokens {
  /** The separator (at position 0), and the tokens of all pieces; each counts 0 to 1, as the nearest item that has it does. */
  readonly tokens: Int32Array;
  readonly weights: Float32Array;
  /** Texts of the items near the query, the nearest first, or single words, as positions in `tokens`; none empty. */
  readonly pieces: readonly Int32Array[];
}

/**
 * Items looked at, best first; a warm start draws sub-queries from the same. Texts are whole answers, so they come from closer by
 * than words, which are only parts of a question.
 */
export const neighbourCount = (writes: Writes): number => (writes === 'nearTexts' ? 50 : 100);
/** Names of categories that can be written whatever the query is: what a fan-out may know without having seen it near. */
const CATEGORIES = 64;

/**
 * What the catalog has near a query: pseudo-relevance feedback for the policy, which then need not know the whole catalog by
 * heart, but only choose from what is there. Pieces are the texts of the nearest items, or (`nearWords`) the words of the query, of
 * these items and of the commonest categories.
 */
export class Neighbourhood {
  readonly #index: VectorIndex;
  readonly #writes: Writes;
  /** Pieces of each item, and those of every query. */
  readonly #pieces: readonly (readonly Int32Array[])[];
  readonly #everywhere: readonly Int32Array[];

  constructor(
    { items, index }: { readonly items: readonly Item[]; readonly index: VectorIndex },
    private readonly tokenizer: Tokenizer,
    private readonly format: Format,
    writes: Writes,
  ) {
    this.#index = index;
    this.#writes = writes;
    const piecesOf = ({ text }: Item) =>
      writes === 'nearWords'
        ? wordPieces(tokenizer.encode(text), tokenizer, format)
        : [formatCompletion([text], tokenizer, format).subarray(0, -1)].filter(({ length }) => length > 0);
    this.#pieces = items.map(piecesOf);
    this.#everywhere =
      writes === 'nearWords'
        ? commonCategories(items).flatMap((name) => wordPieces(tokenizer.encode(name), tokenizer, format))
        : [];
  }

  /**
   * @param queries unit rows [n, d]
   * @param prompts the queries' tokens
   */
  async near(queries: Matrix, prompts: readonly (readonly number[])[]): Promise<NearTokens[]> {
    const k = Math.min(neighbourCount(this.#writes), this.#index.size);
    const { indices, scores } = await this.#index.search(queries, { k });
    return prompts.map((prompt, q) => {
      const [first, last] = [scores[q * k], scores[(q + 1) * k - 1]];
      const found = new PieceCollector();
      for (let rank = q * k; rank < (q + 1) * k; rank++) {
        // Best first, so that the nearest item that has a token decides.
        const weight = first > last ? (scores[rank] - last) / (first - last) : 1;
        for (const piece of this.#pieces[indices[rank]]) found.add(piece, weight);
      }
      if (this.#writes === 'nearWords')
        for (const piece of wordPieces(prompt, this.tokenizer, this.format)) found.add(piece, 0);
      for (const piece of this.#everywhere) found.add(piece, 0);
      return found.all;
    });
  }
}

/** Puts pieces, each once, into one small vocabulary. */
class PieceCollector {
  readonly #positions = new Map([[SEPARATOR, 0]]);
  readonly #weights = [0];
  readonly #pieces = new Map<string, Int32Array>();

  add(piece: Int32Array, weight: number): void {
    const key = piece.join(' ');
    if (this.#pieces.has(key)) return;
    const local = piece.map((token) => {
      const known = this.#positions.get(token);
      if (known !== undefined) return known;
      this.#positions.set(token, this.#weights.length);
      return this.#weights.push(weight) - 1;
    });
    this.#pieces.set(key, local);
  }

  get all(): NearTokens {
    return {
      tokens: Int32Array.from(this.#positions.keys()),
      weights: Float32Array.from(this.#weights),
      pieces: [...this.#pieces.values()],
    };
  }
}

/** The words in a text's tokens; those with unknown characters, or longer than a sub-query, are left out. */
export function wordPieces(
  tokens: readonly number[],
  tokenizer: Tokenizer,
  { maxTokens }: Format,
): Int32Array[] {
  const words: number[][] = [];
  for (const token of tokens) {
    if (token === UNKNOWN || tokenizer.startsWord(token)) words.push([]);
    words.at(-1)?.push(token);
  }
  return words
    .filter((word) => word.length <= maxTokens && !word.includes(UNKNOWN) && tokenizer.startsWord(word[0]))
    .map((word) => Int32Array.from(word));
}

/** The last parts of the commonest categories. */
function commonCategories(items: readonly Item[]): string[] {
  const counts = new Map<string, number>();
  for (const { category } of items) {
    if (category === undefined) continue;
    const name = lastPart(category);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, CATEGORIES)
    .map(([name]) => name);
}

/** `jackets` of `clothing > women > jackets`. */
export const lastPart = (category: string): string => category.split(/[>/|]/u).at(-1)!.trim();
