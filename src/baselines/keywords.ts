/** Keyword fan-out: what a user can have today without any training. */
import { type Item, textsOf } from '../catalog/item.js';
import { contentWords, wordsOf } from '../catalog/words.js';
import { oncePer } from '../oncePer.js';

/** In how many of the catalog's texts each word is. */
export interface DocumentFrequencies {
  readonly texts: number;
  readonly counts: ReadonlyMap<string, number>;
}

export function documentFrequencies(texts: Iterable<string>): DocumentFrequencies {
  const counts = new Map<string, number>();
  let count = 0;
  for (const text of texts) {
    count++;
    for (const word of new Set(wordsOf(text))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return { texts: count, counts };
}

/** Those of a catalog's texts, counted when they are first asked for. */
export const documentFrequenciesOf = oncePer((items: readonly Item[]) => documentFrequencies(textsOf(items)));

/**
 * Keyword fan-out: the words of the query that say something, and every pair of them, pairs first, at most `k`. Where there
 * are more, those whose words are rarest in the catalog are kept (by the sum of log(texts / frequency)); a word that the
 * catalog does not have counts for nothing, since it finds nothing. A query without such words is its own sub-query.
 */
export function keywordSubQueries(
  query: string,
  k: number,
  { texts, counts }: DocumentFrequencies,
): string[] {
  const words = [...new Set(contentWords(query))];
  const pairs = words.flatMap((a, i) => words.slice(i + 1).map((b) => [a, b]));
  const candidates = [...pairs, ...words.map((word) => [word])];
  const rarity = candidates.map((candidate) =>
    candidate.reduce((sum, word) => sum + Math.log(texts / (counts.get(word) ?? texts)), 0),
  );
  const rarest = [...candidates.keys()].sort((a, b) => rarity[b] - rarity[a] || a - b).slice(0, k);
  const subQueries = rarest.sort((a, b) => a - b).map((i) => candidates[i].join(' '));
  return subQueries.length > 0 ? subQueries : [query];
}
