/** From words to the items that have them. */
import { grown } from '../grown.js';
import { oncePer } from '../oncePer.js';
import type { Item } from './item.js';
import { contentWords } from './words.js';

/** Rows of the items that have a word in their text, ascending. */
export class Postings {
  /** Numbers of the words. */
  readonly #numbers = new Map<string, number>();
  /** Word w is in the rows [starts[w], starts[w + 1]) of `#rows`. */
  readonly #starts: Int32Array;
  readonly #rows: Int32Array;

  constructor(items: readonly Item[]) {
    // The words of each item, one item after the other, and where they end.
    let words = new Int32Array(1024);
    const ends = new Int32Array(items.length);
    let [row, length] = [0, 0];
    for (const { text } of items) {
      for (const word of new Set(contentWords(text))) {
        const number = this.#numbers.get(word) ?? this.#numbers.size;
        this.#numbers.set(word, number);
        if (length === words.length) words = grown(words);
        words[length++] = number;
      }
      ends[row++] = length;
    }
    this.#starts = new Int32Array(this.#numbers.size + 1);
    for (let i = 0; i < length; i++) this.#starts[words[i] + 1]++;
    for (let w = 0; w < this.#numbers.size; w++) this.#starts[w + 1] += this.#starts[w];
    this.#rows = new Int32Array(length);
    const next = this.#starts.slice();
    for (let i = 0, r = 0; r < ends.length; r++) for (; i < ends[r]; i++) this.#rows[next[words[i]]++] = r;
  }

  /** Of an unknown word none. */
  get(word: string): Int32Array {
    const number = this.#numbers.get(word);
    return number === undefined
      ? new Int32Array()
      : this.#rows.subarray(this.#starts[number], this.#starts[number + 1]);
  }
}

/** The postings of a whole catalog, built when they are first asked for. */
export const postingsOf = oncePer((items: readonly Item[]) => new Postings(items));
