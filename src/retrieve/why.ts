/** Why items are in a set, in data and in words. */
import { nearestQueries } from '../baselines/nearestQueries.js';
import { itemCounts } from '../baselines/popular.js';
import { MOST_NEIGHBOURS } from '../candidates/setMemory.js';
import { contentWords } from '../catalog/words.js';
import type { EmbeddedQueries, LabelledQueries } from '../environment.js';
import { labelledOf } from '../labelled.js';
import { termsOf } from '../lexical/terms.js';
import { type Matrix, row } from '../matrix.js';
import { oncePer } from '../oncePer.js';
import type { Directed, MethodSpace, Ranking, RetrievedSet } from './method.js';

/** Why an item is in a set. */
export interface Why {
  /** The reason in words, e.g. `in the set of “camping trip”`. */
  readonly why: string;
  /** The words of the direction that brought it, where the method has words. */
  readonly subQuery?: string;
  /** Words of its text that the query has too, but for their endings. */
  readonly sharedWords: readonly string[];
  /** The training query most like this one whose set has the item, of the 30 most like it; for methods that learn from sets. */
  readonly trainingQuery?: string;
  /** Training sets that have the item; for methods that learn from sets. */
  readonly trainingSets?: number;
}

/** Why an item is in a set, which the direction of that number brought. */
export type Reasons = (item: number, direction: number) => Why;

type Space = Pick<MethodSpace, 'items' | 'training' | 'remembered' | 'memory'>;

/**
 * Says why items are in the sets of queries.
 *
 * @param found one a query
 */
export async function reasonsOf(
  by: Ranking | Directed,
  space: Space,
  { texts, vectors }: EmbeddedQueries,
  found: readonly Pick<RetrievedSet, 'subQueries'>[],
): Promise<Reasons[]> {
  const { items, training, remembered } = space;
  const learnsFrom = 'rank' in by ? by.learnsFrom : undefined;
  const learned = learnsFrom === 'remembered' ? remembered : learnsFrom && training;
  const sets = learned && labelledOf(learned);
  const near = sets && learnsFrom !== 'all' ? await nearestOf(space, sets, vectors) : [];
  return texts.map((text, q) => {
    const { subQueries } = found[q];
    const nearest = sets && near.length > 0 ? nearestSets(sets, near[q]) : undefined;
    const terms = new Set(contentWords(text).flatMap(termsOf));
    return (item, direction) => {
      const words = [...new Set(contentWords(items[item].text))];
      const sharedWords = words.filter((word) => termsOf(word).some((term) => terms.has(term)));
      const trainingQuery = nearest?.get(item);
      const trainingSets = sets && (setCounts(sets).get(item) ?? 0);
      const reasons = {
        sharedWords,
        ...(subQueries && { subQuery: subQueries[direction] }),
        ...(trainingQuery !== undefined && { trainingQuery }),
        ...(trainingSets !== undefined && { trainingSets }),
      };
      const place = 'fanOut' in by ? `near direction ${direction + 1}` : 'near the query';
      return { ...reasons, why: inWords(reasons, { sets: sets?.texts.length ?? 0, place }) };
    };
  });
}

/** The strongest of the reasons. */
function inWords(
  { subQuery, trainingQuery, trainingSets = 0, sharedWords }: Omit<Why, 'why'>,
  { sets, place }: { readonly sets: number; readonly place: string },
): string {
  if (subQuery !== undefined) return `“${subQuery}”`;
  if (trainingQuery !== undefined) return `in the set of “${trainingQuery}”`;
  if (trainingSets > 0) return `in ${trainingSets} of ${sets} training sets`;
  return sharedWords.length > 0 ? `has ${sharedWords.join(', ')}` : place;
}

/** The training queries that may be a reason, nearest first: as the memory knows them, where it is of these. */
async function nearestOf(
  { memory, remembered }: Space,
  { vectors }: LabelledQueries,
  queries: Matrix,
): Promise<readonly Iterable<number>[]> {
  if (memory && remembered?.vectors === vectors)
    return (await memory.nearest(queries)).map(({ items }) => items);
  return Array.from(
    { length: queries.rows },
    (_, q) => nearestQueries(row(queries, q), vectors, MOST_NEIGHBOURS).rows,
  );
}

/** For each item of the sets of the nearest training queries, the nearest of these. */
function nearestSets(
  { texts, references }: LabelledQueries,
  nearest: Iterable<number>,
): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const i of nearest) for (const item of references[i]) if (!found.has(item)) found.set(item, texts[i]);
  return found;
}

const setCounts = oncePer(({ references }: LabelledQueries) => itemCounts(references));
