/**
 * The warm start of weakly supervised retrieval: what a fan-out for a query with a reference set may look like. Nothing
 * here says which way of writing is best; each completion has a style of its own, so that the reward has something to choose from.
 */
import type { Item } from '../catalog/item.js';
import { contentWords } from '../catalog/words.js';
import type { CounterRandom } from '../random.js';

/** Which items have a word in their text. */
export type Postings = ReadonlyMap<string, readonly number[]>;

export function buildPostings(items: readonly Item[]): Postings {
  const postings = new Map<string, number[]>();
  items.forEach(({ text }, i) => {
    for (const word of new Set(contentWords(text))) {
      const rows = postings.get(word);
      if (rows) rows.push(i);
      else postings.set(word, [i]);
    }
  });
  return postings;
}

/** What one completion leans to. */
interface Style {
  /** Share of sub-queries about one word of the query; of the others, of those about an item near the query. */
  readonly aboutWord: number;
  readonly aboutNeighbour: number;
  /** Share of those about the query which are about all its words at once. */
  readonly whole: number;
  /** How often the word of the query is written: text encoders listen to repetition. */
  readonly repeats: number;
  /** Chances of what stands beside the word: nothing, another word of the query, or else words of an item which has it. */
  readonly alone: number;
  readonly beside: number;
}

export interface DrawSubQueriesOptions {
  readonly items: readonly Item[];
  readonly postings: Postings;
  readonly query: string;
  /** Rows of the reference set. */
  readonly reference: readonly number[];
  /** Rows near the query, best first. */
  readonly neighbours: ArrayLike<number>;
  readonly k: number;
  readonly random: CounterRandom;
}

/** k sub-queries for one query: all of it or words of it, with words of the catalog, and words of near and of reference items. */
export function drawSubQueries(options: DrawSubQueriesOptions): string[] {
  const { items, postings, query, reference, neighbours, k, random } = options;
  const words = random.shuffle(contentWords(query).filter((word) => postings.has(word)));
  const all = contentWords(query).join(' ');
  const style: Style = {
    aboutWord: words.length > 0 ? random.uniform() : 0,
    aboutNeighbour: random.uniform(),
    whole: random.uniform(),
    repeats: 1 + random.integer(3),
    alone: random.uniform(),
    beside: random.uniform(),
  };
  return Array.from({ length: k }, (_, i) => {
    if (random.uniform() < style.aboutWord) {
      const word = words[i % words.length];
      if (random.uniform() < style.whole) {
        const near = items[neighbours[random.integer(neighbours.length)]];
        return random.uniform() < style.alone ? all : `${all} ${itemWords(near, random)}`;
      }
      return [...Array<string>(style.repeats).fill(word), companion(word, words, style, options)]
        .join(' ')
        .trim();
    }
    const near = random.uniform() < style.aboutNeighbour || reference.length === 0;
    return itemWords(
      items[near ? neighbours[random.integer(neighbours.length)] : random.choice(reference)],
      random,
    );
  });
}

/** What is written beside a word of the query. */
function companion(
  word: string,
  words: readonly string[],
  { alone, beside }: Style,
  { items, postings, random }: DrawSubQueriesOptions,
): string {
  if (random.uniform() < alone) return '';
  const others = words.filter((other) => other !== word);
  if (others.length > 0 && random.uniform() < beside) return random.choice(others);
  return itemWords(items[random.choice(postings.get(word) ?? [])], random);
}

/** An item's title, the last part of its category, or one to four neighbouring words of its text. */
export function itemWords({ title, text, category }: Item, random: CounterRandom): string {
  const form = random.uniform();
  if (form < 0.4) return title;
  if (form < 0.6 && category) return category.split(/[>/|]/u).at(-1)!.trim();
  const words = text.split(/\s+/u);
  const length = 1 + random.integer(Math.min(4, words.length));
  const start = random.integer(words.length - length + 1);
  return words.slice(start, start + length).join(' ');
}
