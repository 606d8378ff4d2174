/** What a language model is asked for a fan-out, and how its answer is read. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { normalizeKey } from '../../catalog/normalizeKey.js';
import { jsonIn } from '../../llm/askJson.js';
import type { ChatMessage } from '../../llm/chat.js';
import { tidyLine } from '../../llm/tidyLine.js';
import { CounterRandom } from '../../random.js';
import { fanOutMessages, writtenLines } from '../pretrained/fanOutText.js';

/** A query with sub-queries that are right for it. */
export interface PromptExample {
  readonly query: string;
  readonly subQueries: readonly string[];
}

export interface FanOutPrompt {
  /** What to write, in the user's words. Needed but where `answers` is `lines`: absent there, it is what a tuned model was taught with. */
  readonly instruction?: string;
  readonly examples: readonly PromptExample[];
  /** Sub-queries wanted. */
  readonly k: number;
  /** Fewer than k are fine from here on (k). */
  readonly least?: number;
  /** One a line, as a language model answers that a run has tuned; else a JSON object. */
  readonly answers?: 'lines';
}

export const INSTRUCTION =
  'You plan searches in a catalog. A person names what they want a whole collection for: an occasion, a dish, a room, a style. You write ' +
  'short search queries, each for one kind of item that the collection needs, so that together they make it complete. Name things the way ' +
  'a catalog names them, in one to four words. No two ask for the same kind of thing, and none repeats what the person wrote.';

/** Longer ones are cut: nobody names a kind of item so. */
const LONGEST = 80;

/** The form of an answer, kept plain: not every endpoint takes bounds in a schema. */
export const fanOutSchema = z.strictObject({ subQueries: z.array(z.string()) });

/** The question for one query; of the examples, that of the query itself is left out. */
export function promptMessages(
  { instruction, examples, k, least = k, answers }: FanOutPrompt,
  query: string,
): ChatMessage[] {
  const asked = normalizeKey(query);
  const others = examples.filter((example) => normalizeKey(example.query) !== asked);
  if (answers) return fanOutMessages(query, k, others, instruction);
  const count = least < k ? `${least} to ${k}` : `exactly ${k}`;
  return [
    {
      role: 'system',
      content: `${instruction}\nWrite ${count}. Answer with one JSON object and nothing else: {"subQueries": ["...", "..."]}`,
    },
    ...others.flatMap((example): ChatMessage[] => [
      { role: 'user', content: example.query },
      { role: 'assistant', content: JSON.stringify({ subQueries: example.subQueries.slice(0, k) }) },
    ]),
    { role: 'user', content: query },
  ];
}

/** Names a prompt and how it is sampled. */
export function promptHash(
  prompt: FanOutPrompt,
  sampling: { readonly temperature: number; readonly topP: number },
): string {
  const { instruction, examples, k, least = k, answers } = prompt;
  const { temperature, topP } = sampling;
  const all = [
    fanOutFormat,
    instruction,
    examples,
    k,
    least,
    temperature,
    topP,
    ...(answers ? [answers] : []),
  ];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 12);
}

/** Changes when the words of `promptMessages` do. */
const fanOutFormat = 1;

/**
 * The sub-queries of an answer, tidied, each once, at most k.
 *
 * @throws SyntaxError without a JSON object, ZodError for one of another form or without a usable sub-query
 */
export function parseFanOut(text: string, k: number): string[] {
  return fanOutSchema
    .transform(({ subQueries }) => distinct(subQueries.map(tidy)).slice(0, k))
    .refine((subQueries) => subQueries.length > 0, {
      path: ['subQueries'],
      message: 'expected search queries of one to four words',
    })
    .parse(jsonIn(text));
}

/** The lines of an answer that say something, tidied, each once, at most k. */
export const parseFanOutLines = (text: string, k: number): string[] =>
  distinct(writtenLines(text.split('</think>').at(-1)!).map(tidy)).slice(0, k);

/** No longer than a search. */
const tidy = (text: string): string => tidyLine(text).slice(0, LONGEST).trim();

function distinct(texts: readonly string[]): string[] {
  const first = new Map<string, string>();
  for (const text of texts) {
    const key = normalizeKey(text);
    if (/[\p{L}\p{N}]/u.test(text) && !first.has(key)) first.set(key, text);
  }
  return [...first.values()];
}

/** Titles are cut in an example, whose words the model repeats. */
const LONGEST_TITLE = 60;
/** An example shows a set of at least so many items. */
const SMALLEST_SET = 3;

/**
 * Some of the user's own sets as examples: training queries with the titles of what belongs to them.
 *
 * @param sets rows of each query's set
 */
export function examplesOf(
  {
    texts,
    references = [],
  }: { readonly texts: readonly string[]; readonly references?: readonly (readonly number[])[] },
  items: readonly { readonly title: string }[],
  { count, k, seed }: { readonly count: number; readonly k: number; readonly seed: number },
): PromptExample[] {
  const usable = [...texts.keys()].filter((i) => (references[i]?.length ?? 0) >= Math.min(SMALLEST_SET, k));
  const order = new CounterRandom(seed, 'fan-outs/examples').permutation(usable.length).subarray(0, count);
  return Array.from(order, (i) => ({
    query: texts[usable[i]],
    subQueries: distinct(references[usable[i]].map((row) => items[row].title.slice(0, LONGEST_TITLE))).slice(
      0,
      k,
    ),
  }));
}
