/** What questions to a model cost, roughly, before they are asked. */
import type { ChatMessage } from './chat.js';

export interface Prices {
  /** Price of a million input tokens, in whatever currency. */
  readonly input: number;
  /** Price of a million output tokens. */
  readonly output: number;
}

export interface TokenCounts {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What chat templates put around a message. */
const MESSAGE_TOKENS = 4;
/** One entry of `{"1": 4, "2": 3}`. */
const SCORE_TOKENS = 6;
/** Braces and a name around the entries. */
const FRAME_TOKENS = 8;

/** About four bytes a token: English has four letters, Chinese has a character of three bytes. */
export const textTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

export const messageTokens = (messages: readonly ChatMessage[]): number =>
  messages.reduce((sum, { content }) => sum + MESSAGE_TOKENS + textTokens(content), 0);

/** An answer of so many scores by number; a model that thinks aloud needs more. */
export const scoreTokens = (scores: number): number => FRAME_TOKENS + SCORE_TOKENS * scores;

export const priceOf = ({ inputTokens, outputTokens }: TokenCounts, { input, output }: Prices): number =>
  (inputTokens * input + outputTokens * output) / 1e6;
