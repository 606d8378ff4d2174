import { InputError } from '../../errors.js';
import type { ChatMessage } from '../../llm/chat.js';
import { CounterRandom } from '../../random.js';
import { hasDirections } from '../report/names.js';
import { METHODS, type MethodName, type ReportedQuery, type ReportedSet } from '../results.js';
import { instructions, QUESTIONS, type Question } from './questions.js';

/** One question about one method's set for one query. */
export interface JudgeTask {
  /** Place of the query in the list judged, from 0. */
  readonly row: number;
  readonly query: string;
  readonly method: MethodName;
  readonly question: Question;
  /** Ids of the items in the order shown. */
  readonly items: readonly string[];
  readonly messages: readonly ChatMessage[];
}

export interface PlanOptions {
  /** Default: all methods there are. */
  readonly methods?: readonly MethodName[];
  /** Judge this many queries, drawn by the seed; a larger limit adds to the queries of a smaller one. Default: all. */
  readonly limit?: number;
  /** Draws queries and shuffles items. Default 0. */
  readonly seed?: number;
}

/**
 * Every question of a judging, query by query, so that a judging which is stopped has compared all methods on some.
 *
 * A prompt depends on the query, the set and the seed alone: not on the method, nor on the order of the items. Two
 * methods with the same set therefore get the same verdict, for the price of one.
 */
export function planJudging(
  queries: readonly ReportedQuery[],
  { methods = METHODS, limit = queries.length, seed = 0 }: PlanOptions = {},
): JudgeTask[] {
  const drawn = new CounterRandom(seed, 'judge/queries').permutation(queries.length).slice(0, limit);
  return Array.from(drawn).flatMap((row) => {
    const { query, sets } = queries[row];
    return METHODS.flatMap((method) => {
      const set = sets[method];
      if (set === undefined || set.items.length === 0 || !methods.includes(method)) return [];
      return QUESTIONS.flatMap((question) => {
        const shown = shownItems(question, query, method, set, seed);
        if (shown === undefined) return [];
        const messages: ChatMessage[] = [
          { role: 'system', content: instructions(question) },
          { role: 'user', content: material(question, query, shown) },
        ];
        return [{ row, query, method, question, items: shown.map(({ id }) => id), messages }];
      });
    });
  });
}

interface ShownItem {
  readonly id: string;
  readonly title: string;
  /** What it was found for, where that is part of the question. */
  readonly search: string;
}

/**
 * The items as the judge sees them, shuffled; undefined where the method has no words for what it searched. A method
 * that searches for the query alone is judged by it.
 */
function shownItems(
  question: Question,
  query: string,
  method: MethodName,
  { items, subQueries }: ReportedSet,
  seed: number,
): ShownItem[] | undefined {
  if (question === 'groundedness' && subQueries === undefined && hasDirections(method)) {
    return undefined;
  }
  const shown = items.map(({ id, title, direction }) => {
    if (question !== 'groundedness') return { id, title, search: '' };
    const search = subQueries === undefined ? query : subQueries[direction];
    if (search === undefined) {
      const problem = `item "${id}" has direction ${direction}, but there are ${subQueries?.length} sub-queries`;
      throw new InputError(`${problem} (query "${query}", method ${method})`);
    }
    return { id, title, search };
  });
  // From one order for all, whatever the method's: only then does the seed alone decide.
  shown.sort((a, b) => compare(a.id, b.id) || compare(a.title, b.title) || compare(a.search, b.search));
  return new CounterRandom(seed, 'judge/items', question, query).shuffle(shown);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function material(question: Question, query: string, items: readonly ShownItem[]): string {
  const lines = items.map(({ title, search }, i) =>
    question === 'groundedness'
      ? `${i + 1}. search: ${quoted(search)}; item: ${quoted(title)}`
      : `${i + 1}. ${quoted(title)}`,
  );
  if (question === 'groundedness') return ['Pairs:', ...lines].join('\n');
  const request = question === 'alignment' ? [`Request: ${quoted(query)}`] : [];
  return [...request, 'Collection:', ...lines].join('\n');
}

/** As a JSON string: a text cannot end its quotes, nor begin a new line. */
const quoted = (text: string): string => JSON.stringify(text.replace(/\s+/g, ' ').trim());
