/** Why items are in a set, in data and in words. */
import { NEIGHBOURS } from '../candidates/setMemory.js';
import { contentWords } from '../catalog/words.js';
import type { LabelledQueries } from '../environment.js';
import { labelledOf } from '../labelled.js';
import { termsOf } from '../lexical/terms.js';
import { dot, row } from '../matrix.js';
import { bestOf } from '../ranking.js';
import type { Directed, MethodSpace, Ranking } from './method.js';

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

/** Training queries that may be a reason: as many as vote. */
const NEAR = NEIGHBOURS.at(-1)!;

/** Says why items are in the set of a query. */
export function reasonsOf(
  by: Ranking | Directed,
  { items, training, remembered }: Pick<MethodSpace, 'items' | 'training' | 'remembered'>,
  query: { readonly text: string; readonly vector: Float32Array },
  subQueries: readonly string[] | undefined,
): (item: number, direction: number) => Why {
  const learnsFrom = 'rank' in by ? by.learnsFrom : undefined;
  const learned = learnsFrom === 'remembered' ? remembered : learnsFrom && training;
  const sets = learned && labelledOf(learned);
  const nearest = sets && learnsFrom !== 'all' ? nearestSets(sets, query.vector) : undefined;
  const terms = new Set(contentWords(query.text).flatMap(termsOf));
  return (item, direction) => {
    const words = [...new Set(contentWords(items[item].text))];
    const sharedWords = words.filter((word) => termsOf(word).some((term) => terms.has(term)));
    const near = nearest?.get(item);
    const trainingSets = sets && (setCounts(sets).get(item) ?? 0);
    const found = {
      sharedWords,
      ...(subQueries && { subQuery: subQueries[direction] }),
      ...(near !== undefined && { trainingQuery: near }),
      ...(trainingSets !== undefined && { trainingSets }),
    };
    const place = 'fanOut' in by ? `near direction ${direction + 1}` : 'near the query';
    return { ...found, why: inWords(found, { sets: sets?.texts.length ?? 0, place }) };
  };
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

/** For each item of the sets of the nearest training queries, the nearest of these. */
function nearestSets(
  { texts, vectors, references }: LabelledQueries,
  query: Float32Array,
): ReadonlyMap<number, string> {
  const cosines = new Float32Array(vectors.rows);
  for (let i = 0; i < vectors.rows; i++) cosines[i] = dot(row(vectors, i), query);
  const { items: nearest } = bestOf(Int32Array.from(cosines.keys()), cosines, NEAR);
  const found = new Map<number, string>();
  for (const i of nearest) for (const item of references[i]) if (!found.has(item)) found.set(item, texts[i]);
  return found;
}

/** How many sets have each item; counted once. */
function setCounts(sets: LabelledQueries): ReadonlyMap<number, number> {
  let known = counts.get(sets);
  if (!known) {
    const counted = new Map<number, number>();
    for (const reference of sets.references)
      for (const item of new Set(reference)) counted.set(item, (counted.get(item) ?? 0) + 1);
    known = counted;
    counts.set(sets, known);
  }
  return known;
}

const counts = new WeakMap<LabelledQueries, ReadonlyMap<number, number>>();
