import * as z from 'zod';
import type { QueryRecord } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import { setKey } from '../catalog/setQueries.js';
import { splitOf } from '../catalog/split.js';
import { STOP_WORDS, wordsOf } from '../catalog/words.js';
import type { RunControl } from '../progress.js';
import { CounterRandom } from '../random.js';
import { AnswerCache, promptKey } from './answerCache.js';
import { askJson } from './askJson.js';
import type { ChatEndpoint } from './endpoint.js';
import { inParallel } from './inParallel.js';
import { parseQueries, queriesSchema, queryPrompt } from './queryPrompt.js';
import type { QueryTask } from './queryTasks.js';

export interface WriteQueriesOptions extends RunControl {
  readonly endpoint: ChatEndpoint;
  /** Queries to ask for, each list [2]. */
  readonly queriesPerList?: number;
  /** Queries there are already: none of the same words is kept [none]. */
  readonly known?: readonly string[];
  /** File that keeps every answer (JSON lines); the next call asks only what it lacks [none]. */
  readonly cacheFile?: string;
  /** Questions asked at the same time [4]. */
  readonly concurrency?: number;
  /** Order in which lists choose among equal queries [0]. */
  readonly seed?: number;
}

export interface WrittenQueries {
  /** In the order of the lists. */
  readonly queries: readonly QueryRecord[];
  /** Lists to which no answer had the right form. */
  readonly unanswered: number;
}

/**
 * Lets a language model write broad queries for lists of items, as the paper does. Queries of the same words (stop words
 * aside, in whatever order) are kept once, and of lists with the same reference items one, so that nothing stands on both
 * sides of a split.
 *
 * @throws ChatError if the endpoint does not answer; with a cache file, the next call goes on from there
 */
export async function writeQueries(
  tasks: readonly QueryTask[],
  options: WriteQueriesOptions,
): Promise<WrittenQueries> {
  const { seed = 0, known = [] } = options;
  const cache = await AnswerCache.open(z.array(z.string()), options.cacheFile);
  let answers: readonly (readonly string[] | undefined)[];
  try {
    answers = await answersTo(tasks, cache, options);
  } finally {
    await cache.close();
  }
  const taken = new Set(known.map(wordKey));
  const seen = new Set<string>();
  const queries: QueryRecord[][] = tasks.map(() => []);
  for (const i of new CounterRandom(seed, 'queries/llm').permutation(tasks.length)) {
    const { items, split } = tasks[i];
    const set = setKey(items);
    if (items.length > 0 && seen.has(set)) continue;
    seen.add(set);
    for (const query of answers[i]?.slice(0, options.queriesPerList ?? 2) ?? []) {
      const key = wordKey(query);
      if (taken.has(key)) continue;
      taken.add(key);
      queries[i].push({ query, items, split: split ?? splitOf(query) });
    }
  }
  return {
    queries: queries.flat(),
    unanswered: answers.filter((answer) => answer === undefined).length,
  };
}

/** What the model writes for each list; equal lists are asked about once. */
async function answersTo(
  tasks: readonly QueryTask[],
  cache: AnswerCache<string[]>,
  { endpoint, queriesPerList = 2, concurrency = 4, signal, onProgress }: WriteQueriesOptions,
): Promise<(readonly string[] | undefined)[]> {
  const keyed = tasks.map((task) => {
    const messages = queryPrompt(task, queriesPerList);
    return { task, messages, key: promptKey(endpoint.model, messages) };
  });
  const open = new Map(keyed.filter(({ key }) => cache.get(key) === undefined).map((q) => [q.key, q]));
  let done = 0;
  let unanswered = 0;
  const work = async ({ task, messages, key }: (typeof keyed)[number], signal: AbortSignal) => {
    const { value } = await askJson(endpoint, {
      messages,
      schema: queriesSchema,
      parse: (text) => parseQueries(text, task),
      temperature: TEMPERATURE,
      signal,
    });
    if (value === undefined) unanswered++;
    else await cache.set(key, value);
    const metrics: Record<string, number> = unanswered > 0 ? { unanswered } : {};
    onProgress?.({ stage: 'queries', done: ++done, total: open.size, metrics });
  };
  await inParallel([...open.values()], work, { concurrency, signal });
  return keyed.map(({ key }) => cache.get(key));
}

/** Some variety between lists that look alike. */
const TEMPERATURE = 0.7;

/** Equal for queries of the same words. */
function wordKey(query: string): string {
  const words = wordsOf(query).filter((word) => !STOP_WORDS.has(word));
  return [...new Set(words)].sort().join(' ') || normalizeKey(query);
}
