/** What all judgments so far amount to; of several on the same thing the last counts. No Node: the pages use it too. */
import type { Split } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import type { Method } from '../retrieve/methodNames.js';
import type { Choice, Judgment, SetJudgment, Verdict } from './judgment.js';

type Said = Exclude<Verdict, 'none'>;

/** What was said about one query. */
export interface QueryLabels {
  /** As it was first written. */
  readonly query: string;
  /** Items that were judged one by one, by their ids. */
  readonly items: ReadonlyMap<string, Said>;
  /** Sets that were judged as a whole, by method and items. */
  readonly sets: ReadonlyMap<string, SetJudgment>;
  /** Choices between two methods, by these. */
  readonly choices: ReadonlyMap<string, Choice>;
}

/** By `normalizeKey` of the query, in the order in which they were first judged. */
export type Labels = ReadonlyMap<string, QueryLabels>;

/** The labels after more judgments; what was given is not changed. */
export function judged(labels: Labels, judgments: readonly Judgment[]): Labels {
  const after = new Map(labels);
  for (const judgment of judgments) {
    const key = normalizeKey(judgment.query);
    const before = after.get(key) ?? { query: judgment.query, ...NOTHING };
    after.set(key, { ...before, ...change(before, judgment) });
  }
  return after;
}

const NOTHING: Omit<QueryLabels, 'query'> = { items: new Map(), sets: new Map(), choices: new Map() };

function change({ items, sets, choices }: QueryLabels, judgment: Judgment): Partial<QueryLabels> {
  if ('better' in judgment) return { choices: changed(choices, pairKey(judgment), judgment) };
  const { verdict } = judgment;
  if ('item' in judgment)
    return { items: changed(items, judgment.item, verdict === 'none' ? undefined : verdict) };
  const isTakenBack = verdict === 'none';
  return { sets: changed(sets, setKey(judgment), isTakenBack ? undefined : judgment) };
}

/** A copy with one value more, or less; what is said anew goes to the end. */
function changed<V>(map: ReadonlyMap<string, V>, key: string, value: V | undefined): ReadonlyMap<string, V> {
  const copy = new Map(map);
  copy.delete(key);
  if (value !== undefined) copy.set(key, value);
  return copy;
}

export const setKey = ({ method, items }: Pick<SetJudgment, 'method' | 'items'>): string =>
  JSON.stringify([method, ...items]);

const pairKey = ({ sets }: Pick<Choice, 'sets'>): string => methodsKey(sets.map(({ method }) => method));
const methodsKey = (methods: readonly Method[]): string => [...methods].sort().join();

/** What was chosen between two methods for a query, whichever stood on the left. */
export const choiceBetween = (labels: QueryLabels | undefined, methods: readonly Method[]) =>
  labels?.choices.get(methodsKey(methods));

/** What counts of all that was said about a query, as judgments that say the same again. */
export const judgmentsOf = ({ query, items, sets, choices }: QueryLabels): Judgment[] => [
  ...Array.from(items, ([item, verdict]) => ({ query, item, verdict })),
  ...Array.from(sets.values(), (set) => ({ ...set, query })),
  ...Array.from(choices.values(), (choice) => ({ ...choice, query })),
];

/** What an item counts as: what was said of itself, else `up` where a set with it was liked. A set that was not liked says nothing of its items. */
export function verdictOf({ items, sets }: QueryLabels, item: string): Said | undefined {
  const own = items.get(item);
  if (own !== undefined) return own;
  const isLiked = Array.from(sets.values()).some((set) => set.verdict === 'up' && set.items.includes(item));
  return isLiked ? 'up' : undefined;
}

/** Every item that counts as on topic: those of liked sets in their order, then those liked one by one. */
export function onTopic(labels: QueryLabels): string[] {
  const liked = Array.from(labels.sets.values()).flatMap(({ verdict, items }) =>
    verdict === 'up' ? items : [],
  );
  const all = new Set([...liked, ...labels.items.keys()]);
  return [...all].filter((item) => verdictOf(labels, item) === 'up');
}

/** A line of `sets.jsonl`. */
export interface LabelledSet {
  readonly query: string;
  readonly items: readonly string[];
  readonly split?: Split;
}

/**
 * A reference set for every query that has an item on topic. What was judged down is in none.
 *
 * @param splitOf the side on which a query stood, where that is known: a test query stays one
 */
export function labelledSets(
  labels: Labels,
  splitOf: (query: string) => Split | undefined = () => undefined,
): LabelledSet[] {
  return Array.from(labels.values()).flatMap((said): LabelledSet[] => {
    const items = onTopic(said);
    const split = splitOf(said.query);
    return items.length === 0 ? [] : [{ query: said.query, items, ...(split && { split }) }];
  });
}
