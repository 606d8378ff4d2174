/** Whether a text is spelt as those of a catalog are, whatever its language. */

/** From letter to letter, `^` before the first and `$` after the last of a word. */
export class Spelling {
  /** How often each letter follows another, and any follows it, in different words. */
  readonly #pairs = new Map<string, number>();
  readonly #firsts = new Map<string, number>();
  /** Letters and the end of a word. */
  readonly #alphabet: number;

  /** @param texts whose words are known */
  constructor(texts: Iterable<string>) {
    const words = new Set<string>();
    for (const text of texts) for (const word of spelt(text)) words.add(word);
    const letters = new Set<string>();
    for (const word of words)
      for (const [first, second] of pairs(word)) {
        letters.add(second);
        add(this.#pairs, first + second);
        add(this.#firsts, first);
      }
    this.#alphabet = letters.size;
  }

  /**
   * The logarithm, a letter, of how much likelier the text's words are spelt by what is known than by drawing letters by lot: a Markov
   * chain of letters with a count of one added to every pair (Laplace), against equal chances. Negative: lots are likelier. A text
   * without letters has minus infinity.
   */
  likelihood(text: string): number {
    let [sum, n] = [0, 0];
    for (const word of spelt(text))
      for (const [first, second] of pairs(word)) {
        const seen = (this.#pairs.get(first + second) ?? 0) + 1;
        sum += Math.log((seen * this.#alphabet) / ((this.#firsts.get(first) ?? 0) + this.#alphabet));
        n++;
      }
    return n > 0 ? sum / n : Number.NEGATIVE_INFINITY;
  }
}

const spelt = (text: string): string[] =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{M}]+/gu) ?? [];

function pairs(word: string): [string, string][] {
  const letters = ['^', ...word, '$'];
  return letters.slice(1).map((letter, i) => [letters[i], letter]);
}

const add = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
