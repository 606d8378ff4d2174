import type { Item, QueryRecord } from './item.js';
import { normalizeKey } from './normalizeKey.js';
import { giveTraining, splitOf } from './split.js';
import { STOP_WORDS, UNSPACED, wordsOf } from './words.js';

/** A word or category is broad when it describes at least this many items, and at most this share of the catalog. */
const FEWEST_ITEMS = 3;
const LARGEST_SHARE = 0.2;
/** In a catalog of fewer items hardly anything is shared: rarer words do then. */
const SMALL = 30;
/** More queries than this would be trained on for too short to be worth it. */
const MOST_QUERIES = 5000;
/** Different phrases counted at a time. Where there are more, those seen least so far are forgotten (lossy counting: Manku & Motwani, VLDB 2002). */
const MOST_PHRASES = 1_000_000;

/**
 * Broad queries from the catalog itself, for a user without a query log: the parts of the categories, and the words
 * and pairs of neighbouring words that several items share, stop words aside. The most common come first. In a catalog of fewer than 30
 * items that share nothing, rarer words do.
 */
export function catalogQueries(items: readonly Item[]): QueryRecord[] {
  const counts = new Map<string, number>();
  for (const item of items) {
    for (const phrase of new Set(phrases(item))) counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
    for (let least = 1; counts.size > MOST_PHRASES; least++)
      for (const [phrase, count] of counts) if (count <= least) counts.delete(phrase);
  }
  const least = items.length < SMALL ? 1 : FEWEST_ITEMS;
  for (let fewest = FEWEST_ITEMS; fewest >= least; fewest--) {
    const most = Math.max(fewest, LARGEST_SHARE * items.length);
    const broad = [...counts].filter(([, count]) => count >= fewest && count <= most);
    if (broad.length === 0) continue;
    const queries = broad
      .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .slice(0, MOST_QUERIES)
      .map(([query]): QueryRecord & { hasSplit: boolean } => ({
        query,
        items: [],
        split: splitOf(query),
        hasSplit: false,
      }));
    return giveTraining<QueryRecord>(queries);
  }
  return [];
}

function phrases({ title, category = '' }: Item): string[] {
  const parts = category.split(/[>/|]/u).map(normalizeKey);
  const words = wordsOf(title);
  const pairs = words.slice(1).map((word, i) => [words[i], word]);
  const said = [...words.map((word) => [word]), ...pairs].filter((phrase) => !phrase.some(isStopWord));
  return [...parts, ...said.map(joined)].filter((phrase) =>
    UNSPACED.test(phrase) ? /\p{L}{2}/u.test(phrase) : /\p{L}{3}/u.test(phrase),
  );
}

/** As it is written: with spaces, or in scripts without. */
const joined = (words: readonly string[]): string =>
  words.join(words.every((word) => UNSPACED.test(word)) ? '' : ' ');

const isStopWord = (word: string): boolean => STOP_WORDS.has(word);
