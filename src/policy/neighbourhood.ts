/** What the catalog has near a query, in the policy's own tokens. */
import type { Item } from '../catalog/item.js';
import { postingsOf } from '../catalog/postings.js';
import { contentWords } from '../catalog/words.js';
import type { RetrievalWorld } from '../environment.js';
import { dot, type Matrix, row } from '../matrix.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import type { Writes } from './decoder.js';
import { type Format, formatCompletion } from './format.js';
import { SEPARATOR, type Tokenizer, UNKNOWN } from './tokenizer.js';

/** What can be written for one query: a vocabulary of its own, and the pieces that sub-queries are made of. */
export interface NearTokens {
  /** The separator (at position 0), and the tokens of all pieces; each counts 0 to 1, as the nearest item that has it does. */
  readonly tokens: Int32Array;
  readonly weights: Float32Array;
  /** Whole texts of near items, the nearest first, or single words, as positions in `tokens`; each once, none empty. */
  readonly pieces: readonly Int32Array[];
  /** Rows of the near items: `nearest` of them for their vectors, best first, then those with words of the query. */
  readonly rows: Int32Array;
  readonly nearest: number;
  /** How near each of them is, 1 for the nearest of all and 0 for the farthest. */
  readonly nearness: Float32Array;
  /** The cosines between them, [rows * rows]; only where whole texts are written. */
  readonly cosines: Float32Array;
  /** The pieces of each of these items, as positions in `pieces`. */
  readonly piecesOf: readonly Int32Array[];
  /** The first `own` pieces are the query's words in its order, those from there to `free` the names of categories. */
  readonly own: number;
  readonly free: number;
}

/** Items found by their vectors. Where words are written, those found by a word come on top. */
const NEAREST = { nearTexts: 100, nearWords: 64, anything: 64 } as const;
/** Items found by a word of the query, and words that are looked up, the rarest first. */
const [ITEMS_PER_WORD, WORDS] = [32, 6];
/** Names of categories that can be written whatever the query is: what a fan-out may know without having seen it near. */
const CATEGORIES = 64;

/**
 * What the catalog has near a query: pseudo-relevance feedback for the policy, which then need not know the whole catalog by
 * heart, but only choose from what is there. An item is near by its vector, or because it has a word of the query: one vector stands for
 * all words at once, and what has only one of them is far from it.
 */
export class Neighbourhood {
  readonly #index: VectorIndex;
  readonly #vectors: Matrix;
  readonly #writes: Writes;
  /** Pieces of each item, and those of every query. */
  readonly #pieces: readonly (readonly Int32Array[])[];
  readonly #everywhere: readonly Int32Array[];
  /** Rows of the items that have a word, by its tokens. */
  readonly #rowsOf: ReadonlyMap<string, readonly number[]>;
  /** Whether a word says something alone, by its tokens. */
  readonly #telling = new Map<string, boolean>();

  constructor(
    { items, index, vectors }: Pick<RetrievalWorld, 'items' | 'index' | 'vectors'>,
    private readonly tokenizer: Tokenizer,
    private readonly format: Format,
    writes: Writes,
  ) {
    this.#index = index;
    this.#vectors = vectors;
    this.#writes = writes;
    const wordsOf = (text: string) => this.#tellingWords(tokenizer.encode(text));
    this.#pieces = items.map(({ text, category }) =>
      writes === 'nearWords'
        ? wordsOf(category === undefined ? text : `${text} ${lastPart(category)}`)
        : [formatCompletion([text], tokenizer, format).subarray(0, -1)].filter(({ length }) => length > 0),
    );
    this.#everywhere = writes === 'nearWords' ? commonCategories(items).flatMap(wordsOf) : [];
    this.#rowsOf = writes === 'nearTexts' ? new Map() : rowsByTokens(items, wordsOf);
  }

  /**
   * @param queries unit rows [n, d]
   * @param prompts the queries' tokens
   */
  async near(queries: Matrix, prompts: readonly (readonly number[])[]): Promise<NearTokens[]> {
    const k = Math.min(NEAREST[this.#writes], this.#index.size);
    const { indices, scores } = await this.#index.search(queries, { k });
    return prompts.map((prompt, q) => {
      const words = this.#tellingWords(prompt);
      const scoreOf = new Map<number, number>();
      for (let at = q * k; at < (q + 1) * k; at++) scoreOf.set(indices[at], scores[at]);
      for (const [item, score] of this.#withWords(words, row(queries, q)))
        if (!scoreOf.has(item)) scoreOf.set(item, score);
      const [least, most] = [Math.min(...scoreOf.values()), scores[q * k]];
      const found = new PieceCollector();
      if (this.#writes === 'nearWords') for (const piece of words) found.add(piece, 0);
      const own = found.size;
      for (const piece of this.#everywhere) found.add(piece, 0);
      const free = found.size;
      const nearness = Float32Array.from(scoreOf.values(), (score) =>
        most > least ? (score - least) / (most - least) : 1,
      );
      const rows = Int32Array.from(scoreOf.keys());
      const piecesOf = Array.from(rows, (item, i) =>
        Int32Array.from(new Set(this.#pieces[item].map((piece) => found.add(piece, nearness[i])))),
      );
      const cosines = this.#writes === 'nearTexts' ? this.#cosines(rows) : new Float32Array();
      return { ...found.all, rows, nearest: k, nearness, cosines, piecesOf, own, free };
    });
  }

  /** The words in a text's tokens that say something alone; all, where none does. */
  #tellingWords(tokens: readonly number[]): Int32Array[] {
    const words = wordPieces(tokens, this.tokenizer, this.format);
    const telling = words.filter((word) => {
      const key = word.join(' ');
      const known = this.#telling.get(key) ?? contentWords(this.tokenizer.decode(word)).length > 0;
      this.#telling.set(key, known);
      return known;
    });
    return telling.length > 0 ? telling : words;
  }

  #cosines(rows: Int32Array): Float32Array {
    const vectors = Array.from(rows, (item) => row(this.#vectors, item));
    return Float32Array.from({ length: rows.length ** 2 }, (_, at) =>
      dot(vectors[Math.floor(at / rows.length)], vectors[at % rows.length]),
    );
  }

  /** Of each of the words, the items that have it and are closest to the query, with their cosines. */
  #withWords(words: readonly Int32Array[], query: Float32Array): [item: number, score: number][] {
    return [...new Set(words.map((word) => word.join(' ')))]
      .map((word) => this.#rowsOf.get(word) ?? [])
      .sort((a, b) => a.length - b.length)
      .slice(0, WORDS)
      .flatMap((items) =>
        items
          .map((item): [number, number] => [item, dot(query, row(this.#vectors, item))])
          .sort(([, a], [, b]) => b - a)
          .slice(0, ITEMS_PER_WORD),
      );
  }
}

/** Puts pieces, each once, into one small vocabulary. */
class PieceCollector {
  readonly #positions = new Map([[SEPARATOR, 0]]);
  readonly #weights = [0];
  readonly #pieces: Int32Array[] = [];
  readonly #known = new Map<string, number>();

  /** @returns the piece's position among all */
  add(piece: Int32Array, weight: number): number {
    const local = piece.map((token) => {
      const known = this.#positions.get(token);
      if (known !== undefined) {
        this.#weights[known] = Math.max(this.#weights[known], weight);
        return known;
      }
      this.#positions.set(token, this.#weights.length);
      return this.#weights.push(weight) - 1;
    });
    const key = local.join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.#pieces.length);
    return this.#pieces.push(local) - 1;
  }

  get size(): number {
    return this.#pieces.length;
  }

  get all(): Pick<NearTokens, 'tokens' | 'weights' | 'pieces'> {
    return {
      tokens: Int32Array.from(this.#positions.keys()),
      weights: Float32Array.from(this.#weights),
      pieces: this.#pieces,
    };
  }
}

/** Rows of the items with each word that says something, ascending, by the tokens that the word is written with. */
function rowsByTokens(
  items: readonly Item[],
  wordsOf: (text: string) => readonly Int32Array[],
): Map<string, readonly number[]> {
  const sets = new Map<string, Set<number>>();
  for (const [word, rows] of postingsOf(items)) {
    for (const piece of wordsOf(word)) {
      const key = piece.join(' ');
      const known = sets.get(key) ?? new Set();
      for (const row of rows) known.add(row);
      sets.set(key, known);
    }
  }
  return new Map(Array.from(sets, ([key, rows]) => [key, [...rows].sort((a, b) => a - b)]));
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
const lastPart = (category: string): string => category.split(/[>/|]/u).at(-1)!.trim();
