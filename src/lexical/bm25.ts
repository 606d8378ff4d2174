/** Lexical search: what most shops have beside, or before, vectors. */
import type { Item } from '../catalog/item.js';
import { postingsOf } from '../catalog/postings.js';
import { contentWords } from '../catalog/words.js';

/** Saturation of a word's frequency, and how much a text's length counts: the usual values. */
const [K1, B] = [1.2, 0.75];

/**
 * BM25 (Robertson & Zaragoza 2009) over the content words of the catalog's texts, with Lucene's never-negative idf,
 * ln(1 + (n - df + 0.5) / (df + 0.5)).
 */
export class Bm25 {
  readonly #counts: readonly ReadonlyMap<string, number>[];
  readonly #lengths: readonly number[];
  readonly #meanLength: number;

  constructor(private readonly items: readonly Item[]) {
    const words = items.map(({ text }) => contentWords(text));
    this.#counts = words.map(countWords);
    this.#lengths = words.map(({ length }) => length);
    this.#meanLength = this.#lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, items.length);
  }

  /** Rows of at most `k` items that have a word of the query, the best first, of equal ones the first row. The order of words does not matter. */
  search(
    query: string,
    { k, mask }: { readonly k: number; readonly mask?: Uint8Array },
  ): { items: Int32Array; scores: Float32Array } {
    const postings = postingsOf(this.items);
    const scores = new Map<number, number>();
    for (const word of [...new Set(contentWords(query))].sort()) {
      const rows = postings.get(word) ?? [];
      const idf = Math.log(1 + (this.items.length - rows.length + 0.5) / (rows.length + 0.5));
      for (const item of rows) {
        if (mask?.[item] === 0) continue;
        const count = this.#counts[item].get(word)!;
        const norm = K1 * (1 - B + (B * this.#lengths[item]) / this.#meanLength);
        scores.set(item, (scores.get(item) ?? 0) + (idf * count * (K1 + 1)) / (count + norm));
      }
    }
    const best = [...scores].sort(([a, x], [b, y]) => y - x || a - b).slice(0, k);
    return {
      items: Int32Array.from(best, ([item]) => item),
      scores: Float32Array.from(best, ([, score]) => score),
    };
  }
}

function countWords(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
