import type { Item, Split } from '../catalog/item.js';
import type { SetRecord } from '../catalog/sets.js';
import { CounterRandom } from '../random.js';
import type { QueryList } from './queryPrompt.js';

/** A list of items and what its queries become. */
export interface QueryTask extends QueryList {
  /** Reference items of its queries; empty: they are open-ended. */
  readonly items: readonly number[];
  /** [by `splitOf` the query] */
  readonly split?: Split;
}

/** The sets to write queries for; a random choice of them, in their order, if they are more than `most`. */
export function setTasks(
  items: readonly Item[],
  sets: readonly SetRecord[],
  most = sets.length,
  seed = 0,
): QueryTask[] {
  const chosen = new CounterRandom(seed, 'queries/lists').permutation(sets.length).slice(0, most).sort();
  return Array.from(chosen, (i) => {
    const { items: rows, split, title: name } = sets[i];
    return { titles: rows.map((row) => items[row].title), name, items: rows, split };
  });
}

/**
 * Lists of a catalog's items to write queries for: up to twelve of one category, or of the whole catalog where items
 * have none.
 */
export function itemTasks(items: readonly Item[], most: number, seed = 0): QueryTask[] {
  const byCategory = new Map<string, Item[]>();
  for (const row of new CounterRandom(seed, 'queries/lists').permutation(items.length)) {
    const { category = '' } = items[row];
    const alike = byCategory.get(category);
    if (alike) alike.push(items[row]);
    else byCategory.set(category, [items[row]]);
  }
  // One list of every category before the second of any.
  const lists: QueryTask[] = [];
  const longest = Math.max(0, ...[...byCategory.values()].map((alike) => alike.length));
  for (let start = 0; start < longest && lists.length < most; start += LIST) {
    for (const alike of byCategory.values()) {
      const some = alike.slice(start, start + LIST);
      if (some.length >= SHORTEST_LIST && lists.length < most) {
        lists.push({ titles: some.map(({ title }) => title), items: [] });
      }
    }
  }
  return lists;
}

const LIST = 12;
const SHORTEST_LIST = 3;
