/** From words to the items that have them. */
import type { Item } from './item.js';
import { contentWords } from './words.js';

/** Rows of the items that have a word in their text, ascending. */
export type Postings = ReadonlyMap<string, readonly number[]>;

/** The postings of all items, or of some rows. */
export function buildPostings(items: readonly Item[], rows: Iterable<number> = items.keys()): Postings {
  const postings = new Map<string, number[]>();
  for (const row of rows) {
    for (const word of new Set(contentWords(items[row].text))) {
      const known = postings.get(word);
      if (known) known.push(row);
      else postings.set(word, [row]);
    }
  }
  return postings;
}

const built = new WeakMap<readonly Item[], Postings>();

/** The postings of a whole catalog, built when they are first asked for. */
export function postingsOf(items: readonly Item[]): Postings {
  const postings = built.get(items) ?? buildPostings(items);
  built.set(items, postings);
  return postings;
}
