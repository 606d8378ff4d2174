/**
 * The shape of a completion: exactly k sub-queries, each of one to `maxTokens` tokens and ended by a separator. The
 * format is part of the policy: forbidden tokens have probability zero when sampling and when training alike.
 */
import { PAD, SEPARATOR, START, type Tokenizer, UNKNOWN } from './tokenizer.js';

export interface Format {
  /** Sub-queries a completion. */
  readonly k: number;
  /** Tokens a sub-query may have, without its separator. */
  readonly maxTokens: number;
}

/** What may come next: the first token of a sub-query, any token, or only the separator. */
export const BEGIN = 0;
export const INSIDE = 1;
export const FULL = 2;
export const FORMAT_STATES = 3;

export const FORBIDDEN = -1e9;

/** Additive bias on the logits for each state, [3, vocabulary]: 0 where a token may follow, -1e9 where not. */
export function formatTable(tokenizer: Tokenizer): Float32Array {
  const size = tokenizer.size;
  const table = new Float32Array(FORMAT_STATES * size);
  for (let id = 0; id < size; id++) {
    const special = id === PAD || id === START || id === UNKNOWN;
    if (special || !tokenizer.startsWord(id)) table[BEGIN * size + id] = FORBIDDEN;
    if (special) table[INSIDE * size + id] = FORBIDDEN;
    if (id !== SEPARATOR) table[FULL * size + id] = FORBIDDEN;
  }
  return table;
}

/** The state after `length` tokens of the current sub-query. */
export function formatState(length: number, { maxTokens }: Format): number {
  if (length === 0) return BEGIN;
  return length >= maxTokens ? FULL : INSIDE;
}

/** The state in which each token of a completion was chosen. */
export function formatStates(tokens: ArrayLike<number>, format: Format): Int32Array {
  const states = new Int32Array(tokens.length);
  let length = 0;
  for (let i = 0; i < tokens.length; i++) {
    states[i] = formatState(length, format);
    length = tokens[i] === SEPARATOR ? 0 : length + 1;
  }
  return states;
}

/** The longest possible completion, in tokens. */
export const maxCompletionTokens = ({ k, maxTokens }: Format): number => k * (maxTokens + 1);

/** Cuts a completion into its sub-queries' texts. */
export function parseCompletion(tokens: ArrayLike<number>, tokenizer: Tokenizer): string[] {
  const subQueries: string[] = [];
  let current: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === SEPARATOR) {
      subQueries.push(tokenizer.decode(current));
      current = [];
    } else {
      current.push(tokens[i]);
    }
  }
  return subQueries;
}

/** Writes sub-queries as a completion, cutting each at a word's end so that it fits; empty ones are left out. */
export function formatCompletion(
  subQueries: readonly string[],
  tokenizer: Tokenizer,
  { maxTokens }: Format,
): Int32Array {
  const tokens: number[] = [];
  for (const subQuery of subQueries) {
    let ids = tokenizer.encode(subQuery).filter((id) => id !== UNKNOWN);
    while (ids.length > 0 && !tokenizer.startsWord(ids[0])) ids.shift();
    if (ids.length > maxTokens) {
      let end = maxTokens;
      while (end > 0 && !tokenizer.startsWord(ids[end])) end--;
      ids = ids.slice(0, end || maxTokens);
    }
    if (ids.length > 0) tokens.push(...ids, SEPARATOR);
  }
  return Int32Array.from(tokens);
}
