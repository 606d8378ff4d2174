import { CounterRandom } from '../random.js';
import type { Item } from './item.js';
import { setKey } from './setQueries.js';
import type { SetRecord } from './sets.js';

export interface RecombineOptions {
  readonly items: readonly Item[];
  readonly sets: readonly SetRecord[];
  /** New sets wanted. */
  readonly count: number;
  /** [0] */
  readonly seed?: number;
}

/** Draws for one new set before no further ones are expected. */
const ATTEMPTS = 20;

/**
 * More training sets, as the paper makes them for WSCR: a random part of a training set, at least half of it, filled up
 * with items of other training sets. An added item has the category of the one it stands for, so that what is
 * kept stays complemented; where no other set has an item of the category, any item of the training sets is taken.
 *
 * Sets of other splits, and items which only they have, play no part. The new sets have no query: give them some with
 * `generateSetQueries`.
 *
 * @returns `count` sets, fewer if the sets are too few; all differ from each other and from the sets given
 */
export function recombineSets({ items, sets, count, seed = 0 }: RecombineOptions): SetRecord[] {
  const training = sets.filter((set) => set.split === 'train' && set.items.length >= 2);
  const pool = [...new Set(training.flatMap((set) => set.items))];
  const byCategory = new Map<string | undefined, number[]>();
  for (const row of pool) {
    const { category } = items[row];
    const alike = byCategory.get(category);
    if (alike) alike.push(row);
    else byCategory.set(category, [row]);
  }
  const seen = new Set(sets.map((set) => setKey(set.items)));
  const made: SetRecord[] = [];
  const random = new CounterRandom(seed, 'sets/recombine');
  for (let left = count * ATTEMPTS; left > 0 && made.length < count && training.length > 1; left--) {
    const base = random.choice(training);
    const shuffled = random.shuffle([...base.items]);
    const kept = Math.ceil(shuffled.length / 2) + random.integer(Math.floor(shuffled.length / 2));
    const rows = new Set(shuffled.slice(0, kept));
    for (const dropped of shuffled.slice(kept)) {
      const { category } = items[dropped];
      const alike = category === undefined ? pool : byCategory.get(category)!;
      rows.add(random.choice(alike.length > 1 ? alike : pool));
    }
    const key = setKey([...rows]);
    if (rows.size < shuffled.length || seen.has(key)) continue;
    seen.add(key);
    made.push({ id: `${base.id ?? 'set'}+${made.length + 1}`, items: [...rows], split: 'train' });
  }
  return made;
}
