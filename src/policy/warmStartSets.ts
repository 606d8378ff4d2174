/**
 * The warm start of weakly supervised retrieval: what a fan-out for a query with a reference set may look like. Nothing
 * here says which way of writing is best; each completion has a style of its own, so that the reward has something to choose from.
 */
import type { Item } from '../catalog/item.js';
import type { Postings } from '../catalog/postings.js';
import { contentWords } from '../catalog/words.js';
import type { CounterRandom } from '../random.js';

/** What one completion leans to. */
interface Style {
  /** Share of sub-queries about one word of the query; of the others, of those about an item near the query. */
  readonly aboutWord: number;
  readonly aboutNeighbour: number;
  /** Share of those about the query which are about all its words at once. */
  readonly whole: number;
  /** How often the word of the query is written: text encoders listen to repetition. */
  readonly repeats: number;
  /** Share of those which stand alone; beside the others are words of an item that has the word. */
  readonly alone: number;
}

export interface DrawSubQueriesOptions {
  readonly items: readonly Item[];
  /** Of the items near the query. */
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
    repeats: 1 + random.integer(4),
    alone: random.uniform(),
  };
  return Array.from({ length: k }, (_, i) => {
    if (random.uniform() < style.aboutWord) {
      const word = words[i % words.length];
      const alone = random.uniform() < style.alone;
      if (random.uniform() < style.whole) {
        const near = items[neighbours[random.integer(neighbours.length)]];
        return alone ? all : `${all} ${itemWords(near, random)}`;
      }
      const written = Array<string>(style.repeats).fill(word).join(' ');
      return alone ? written : `${written} ${itemWords(items[random.choice(postings.get(word)!)], random)}`;
    }
    const near = random.uniform() < style.aboutNeighbour || reference.length === 0;
    return itemWords(
      items[near ? neighbours[random.integer(neighbours.length)] : random.choice(reference)],
      random,
    );
  });
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
