import { CounterRandom } from '../random.js';
import type { Item, QueryRecord } from './item.js';
import type { SetRecord } from './sets.js';
import { SHOP_WORDS, STOP_WORDS, wordsOf } from './words.js';

export interface SetQueryOptions {
  /** The whole catalog: it tells which words are common and which are head nouns. */
  readonly items: readonly Item[];
  readonly sets: readonly Pick<SetRecord, 'id' | 'items' | 'split'>[];
  /** Queries a set, at most: small sets may have words for fewer [2]. */
  readonly queriesPerSet?: number;
  /** Fewest and most words of a query, each of another item [2, 3]. */
  readonly words?: readonly [fewest: number, most: number];
  /** Ends every query, e.g. `outfit` [nothing]. */
  readonly suffix?: string;
  /** Queries there are already: none of the same words is made [none]. */
  readonly known?: readonly string[];
  /** A word must be in the titles of so many items: a rarer one would give its item away [3]. */
  readonly fewestItems?: number;
  /** [0] */
  readonly seed?: number;
}

/** A word is a head noun, such as `skirt`, if at least this share of the titles that have it end with it. */
const HEAD_SHARE = 0.4;
/** Draws for one query before the set counts as used up. */
const ATTEMPTS = 20;

/**
 * Broad queries from sets that came without: two or three *style words* of different items, such as `block pleated
 * dolce outfit`. None names an item, each points at a part of the set, so that answering one takes a fan-out.
 *
 * A query has the items and the split of its set. No words are used for two queries, in whatever order, and of sets with
 * the same items only one has queries, so nothing stands on both sides of a split. The sets choose in random order:
 * where words are few, each split gets its share. Depends on nothing but the arguments.
 *
 * @returns queries in the order of the sets
 *
 * @example
 * generateSetQueries({ items: catalog.items, sets, queriesPerSet: 3, suffix: 'outfit', seed: 1 });
 */
export function generateSetQueries(options: SetQueryOptions): QueryRecord[] {
  const { items, sets, queriesPerSet = 2, words: range = [2, 3], suffix = '', seed = 0 } = options;
  const [fewest, most] = range;
  if (!(Number.isInteger(fewest) && Number.isInteger(most) && 1 <= fewest && fewest <= most)) {
    throw new RangeError(`words must be whole numbers [fewest, most] from 1, got [${range.join(', ')}]`);
  }
  const isStyle = styleWords(items, options.fewestItems ?? 3);
  const ending = wordsOf(suffix);
  const taken = new Set((options.known ?? []).map((text) => wordKey(wordsOf(text), ending)));
  const seen = new Set<string>();
  const queries: QueryRecord[][] = sets.map(() => []);
  for (const i of new CounterRandom(seed, 'queries/order').permutation(sets.length)) {
    const set = sets[i];
    const key = setKey(set.items);
    if (seen.has(key)) continue;
    seen.add(key);
    const choices = set.items
      .map((row) => [...new Set(wordsOf(items[row].title))].filter((w) => isStyle(w) && !ending.includes(w)))
      .filter((choice) => choice.length > 0);
    if (choices.length < fewest) continue;
    const random = new CounterRandom(seed, 'queries/sets', set.id ?? key);
    for (let left = queriesPerSet * ATTEMPTS; left > 0 && queries[i].length < queriesPerSet; left--) {
      const count = Math.min(fewest + random.integer(most - fewest + 1), choices.length);
      const chosen = draw(choices, count, random);
      const words = wordKey(chosen);
      if (chosen.length < count || taken.has(words)) continue;
      taken.add(words);
      const query = [...chosen, suffix.trim()].join(' ').trim();
      queries[i].push({ query, items: set.items, split: set.split });
    }
  }
  return queries.flat();
}

/** Equal for queries of the same words, whatever their order and ending. */
function wordKey(words: readonly string[], ending: readonly string[] = []): string {
  return [...new Set(words)]
    .filter((word) => !ending.includes(word))
    .sort()
    .join(' ');
}

/** One word of each of `count` random items; fewer if they share words too often. */
function draw(choices: readonly (readonly string[])[], count: number, random: CounterRandom): string[] {
  const chosen: string[] = [];
  for (const i of random.permutation(choices.length)) {
    if (chosen.length === count) break;
    const free = choices[i].filter((word) => !chosen.includes(word));
    if (free.length > 0) chosen.push(random.choice(free));
  }
  return chosen;
}

/** Tells words that describe: common enough, with letters only, no stop words, no head nouns. */
function styleWords(items: readonly Item[], fewestItems: number): (word: string) => boolean {
  const counts = new Map<string, { titles: number; last: number }>();
  for (const { title } of items) {
    const words = wordsOf(title);
    for (const word of new Set(words)) {
      const count = counts.get(word) ?? { titles: 0, last: 0 };
      count.titles++;
      if (word === words.at(-1)) count.last++;
      counts.set(word, count);
    }
  }
  return (word) => {
    const { titles, last } = counts.get(word) ?? { titles: 0, last: 0 };
    return (
      titles >= fewestItems &&
      last < HEAD_SHARE * titles &&
      /^[\p{L}'-]{3,}$/u.test(word) &&
      !STOP_WORDS.has(word) &&
      !SHOP_WORDS.has(word)
    );
  };
}

/** Equal for sets of the same items. */
export function setKey(items: readonly number[]): string {
  return items.toSorted((a, b) => a - b).join('|');
}
