import type { Item, QueryRecord } from './item.js';
import { normalizeKey } from './normalizeKey.js';
import { splitOf } from './split.js';
import { STOP_WORDS, wordsOf } from './words.js';

/** A word or category is broad when it describes at least this many items, and at most this share of the catalog. */
const FEWEST_ITEMS = 3;
const LARGEST_SHARE = 0.2;
/** More queries than this would be trained on for too short to be worth it. */
const MOST_QUERIES = 5000;

/**
 * Broad queries from the catalog itself, for a user without a query log: the parts of the categories, and the words
 * and pairs of neighbouring words that several items share, stop words aside. The most common come first.
 */
export function catalogQueries(items: readonly Item[]): QueryRecord[] {
  const counts = new Map<string, number>();
  for (const item of items) {
    for (const phrase of new Set(phrases(item))) counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
  }
  return [...counts]
    .filter(
      ([, count]) => count >= FEWEST_ITEMS && count <= Math.max(FEWEST_ITEMS, LARGEST_SHARE * items.length),
    )
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, MOST_QUERIES)
    .map(([query]) => ({ query, items: [], split: splitOf(query) }));
}

function phrases({ title, category = '' }: Item): string[] {
  const parts = category.split(/[>/|]/u).map(normalizeKey);
  const words = wordsOf(title);
  const pairs = words.slice(1).map((word, i) => [words[i], word]);
  const said = [...words.map((word) => [word]), ...pairs].filter((phrase) => !phrase.some(isStopWord));
  return [...parts, ...said.map((phrase) => phrase.join(' '))].filter((phrase) => /\p{L}{3}/u.test(phrase));
}

const isStopWord = (word: string): boolean => STOP_WORDS.has(word);
