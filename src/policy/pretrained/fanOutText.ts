/** Sub-queries as text: what a model is asked, and what it answers, one a line. */
import type { ChatMessage } from './settings.js';

/** A query with sub-queries for it: shown to a model, or taught. */
export interface FanOutExample {
  readonly query: string;
  readonly subQueries: readonly string[];
}

/** What a model is to write. */
const taskOf = (k: number): string =>
  `For each search you get, write ${k} short search queries for different things that belong to it, one a line.`;

/** The conversation that asks for a query's sub-queries; examples are earlier turns of it. */
export function fanOutMessages(
  query: string,
  k: number,
  examples: readonly FanOutExample[] = [],
  task = taskOf(k),
): ChatMessage[] {
  return [
    { role: 'system', content: task },
    ...examples.flatMap((example): ChatMessage[] => [
      { role: 'user', content: example.query },
      { role: 'assistant', content: example.subQueries.slice(0, k).join('\n') },
    ]),
    { role: 'user', content: query },
  ];
}

/** Bullets, numbers and quotes that models put around what they list. */
const DECORATION = /^\s*(?:[-*•]\s+|\d+[.)]\s*)?["'“]?|["'”]?[,.;]?\s*$/g;

const bare = (line: string): string => line.replace(DECORATION, '').trim();

/** The answer's lines that say something, without bullets, numbers and quotes. */
export const writtenLines = (text: string): string[] =>
  text
    .split('\n')
    .map(bare)
    .filter((line) => /[\p{L}\p{N}]/u.test(line));

/** How many lines that say something are ended. */
export const endedLines = (text: string): number =>
  writtenLines(text.slice(0, text.lastIndexOf('\n') + 1)).length;

/** An answer of k lines; where fewer were written, the query itself is searched for. */
export function subQueriesOf(text: string, k: number, query: string): string[] {
  const lines = writtenLines(text).slice(0, k);
  return [...lines, ...Array<string>(k - lines.length).fill(query)];
}
