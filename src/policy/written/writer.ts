import type { ChatMessage } from '../../llm/chat.js';

export interface WriteOptions {
  /** Sub-queries wanted, and how few will do. */
  readonly k: number;
  readonly least: number;
  /** One a line; else a JSON object. */
  readonly answers?: 'lines';
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Told what is wrong where the writing goes on. */
  readonly onWarning?: (warning: string) => void;
}

/** What a model answered: sub-queries, or what is wrong with it. */
export type Written =
  | { readonly subQueries: readonly string[] }
  | { readonly subQueries?: undefined; readonly problem: string };

/** A language model that writes fan-outs. */
export interface Writer {
  /** Names the model wherever it runs. */
  readonly model: string;
  /** Where it runs, for people: a host, a file. */
  readonly place: string;
  /** Fan-outs it is to be asked for at the same time. */
  readonly concurrency: number;
  /** What the fan-outs of these prompts cost, as a part of a sentence; undefined where nothing is paid. */
  cost?(fanOuts: number, prompt: readonly ChatMessage[], k: number): string;
  /** What is worth seeing while it writes: tokens a second, the price so far. */
  figures?(): Record<string, number>;
  /** @throws where the model cannot be asked at all */
  write(messages: readonly ChatMessage[], options: WriteOptions): Promise<Written>;
  /** Frees native memory, where it holds any. */
  release?(): Promise<void>;
}
