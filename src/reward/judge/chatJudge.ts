/** A judge that asks a language model. */
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { CANDIDATES } from '../../candidates/candidates.js';
import type { Item } from '../../catalog/item.js';
import { R4tError } from '../../errors.js';
import { AnswerCache, promptKey } from '../../llm/answerCache.js';
import { askJson } from '../../llm/askJson.js';
import { type ChatEndpoint, checkEndpoint, placeOf } from '../../llm/endpoint.js';
import { inParallel } from '../../llm/inParallel.js';
import { messageTokens, type Prices, priceOf, scoreTokens, textTokens } from '../../llm/tokens.js';
import { dot, row, type VectorTable } from '../../matrix.js';
import type { OnProgress } from '../../progress.js';
import { bestOf } from '../../ranking.js';
import { type Grade, grade, gradePrompt, gradesSchema, HIGHEST, parseGrades } from './gradePrompt.js';
import { Judge, type JudgeFunction } from './judge.js';

export interface ChatJudgeOptions {
  readonly endpoint: ChatEndpoint;
  /** Items of a question. */
  readonly batchSize: number;
  /** Questions asked at the same time, whoever asks. */
  readonly concurrency: number;
  readonly prices?: Prices;
  /** File that keeps every grade at once (JSON lines): nothing is asked twice, in whichever process (none). */
  readonly cacheFile?: string;
  /** The catalog. */
  readonly items: readonly Item[];
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
  /** Queries that may be asked about, for the cost. */
  readonly queries: readonly string[];
  /** Told the cost before the first question, and of long waits. */
  readonly onProgress?: OnProgress;
}

/**
 * Opens a judge that asks a language model how relevant items are: grades 0, 1 and 2 become 0, 0.5 and 1.
 *
 * Questions about fewer items than fit into one are filled up with the query's nearest items by vectors, which are likely to be asked
 * about next. So a query costs little more than its candidates divided by the items of a question, however few items are asked
 * about at a time. An item that the model has no usable answer for, even alone, counts as off topic.
 *
 * @throws InputError for a malformed `baseUrl`, R4tError if the file cannot be written
 */
export async function openChatJudge(options: ChatJudgeOptions): Promise<Judge> {
  checkEndpoint(options.endpoint);
  const judge = new ChatJudge(options, await AnswerCache.open(grade, options.cacheFile));
  return new Judge(judge.ask, () => judge.close());
}

const STAGE = 'judge';
/** Milliseconds of waiting before, and between, reports of how far it is. */
const PATIENCE = 10_000;
/** Items without an answer, while no question has been answered, that show that the model cannot do it. */
const MUTE = 3;

class ChatJudge {
  readonly #limit: ReturnType<typeof pLimit>;
  /** What is being asked now, with what stops it. */
  readonly #open = new Map<AbortController, Promise<void>>();
  /** Items without an answer of the right form, by key. */
  readonly #unanswered = new Set<string>();
  readonly #nearest = new Map<string, readonly string[]>();
  /** The most questions there may be, once that has been told. */
  #most?: number;
  #answered = 0;
  #reportedAt = 0;

  constructor(
    private readonly options: ChatJudgeOptions,
    private readonly cache: AnswerCache<Grade>,
  ) {
    this.#limit = pLimit(options.concurrency);
  }

  readonly ask: JudgeFunction = async ({ query, queryVector, items }, { signal } = {}) => {
    const keys = items.map(({ text }) => this.#key(query, text));
    const wanted = new Set(items.map(({ text }) => text));
    const open = [...wanted].filter((text) => !this.#isKnown(query, text));
    if (open.length > 0) {
      const questions = this.#questions(query, this.#filledUp(query, queryVector, open));
      await this.#askAll(query, questions, signal);
    }
    return keys.map((key) => (this.cache.get(key) ?? 0) / HIGHEST);
  };

  async close(): Promise<void> {
    const asked = [...this.#open];
    for (const [stop] of asked) stop.abort(new R4tError('the judge was closed'));
    await Promise.allSettled(asked.map(([, work]) => work));
    await this.cache.close();
  }

  /** Names an item for a query, and the words of the question. */
  #key(query: string, text: string): string {
    return promptKey(this.options.endpoint.model, gradePrompt(query, [text]));
  }

  #isKnown(query: string, text: string): boolean {
    const key = this.#key(query, text);
    return this.cache.get(key) !== undefined || this.#unanswered.has(key);
  }

  /** The texts, and nearest ones that nobody has asked about, so that no question has room left. */
  #filledUp(query: string, queryVector: Float32Array, texts: readonly string[]): string[] {
    const { batchSize } = this.options;
    const room = (batchSize - (texts.length % batchSize)) % batchSize;
    if (room === 0) return [...texts];
    const taken = new Set(texts);
    const near = this.#nearestTexts(query, queryVector).filter(
      (text) => !taken.has(text) && !this.#isKnown(query, text),
    );
    return [...texts, ...near.slice(0, room)];
  }

  #nearestTexts(query: string, queryVector: Float32Array): readonly string[] {
    const known = this.#nearest.get(query);
    if (known) return known;
    const { items, vectors } = this.options;
    const cosines = Float32Array.from({ length: items.length }, (_, i) => dot(row(vectors, i), queryVector));
    const { items: nearest } = bestOf([...items.keys()], cosines, CANDIDATES);
    const texts = [...new Set(Array.from(nearest, (i) => items[i].text))];
    this.#nearest.set(query, texts);
    return texts;
  }

  /** Texts of one question each, in an order that says nothing of how they were found. */
  #questions(query: string, texts: readonly string[]): string[][] {
    const { batchSize } = this.options;
    const keyed = texts.map((text) => ({ text, key: this.#key(query, text) }));
    return Array.from({ length: Math.ceil(keyed.length / batchSize) }, (_, i) =>
      keyed
        .slice(i * batchSize, (i + 1) * batchSize)
        .sort((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ text }) => text),
    );
  }

  /** Asks; the first failure stops what others are asking too. */
  async #askAll(
    query: string,
    questions: readonly string[][],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    signal?.throwIfAborted();
    this.#tellCost();
    if (this.#open.size === 0) this.#reportedAt = performance.now();
    const stop = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    // Hundreds of queries may be asked about at once, each with a listener of its own: that is no leak.
    if (signal) setMaxListeners(0, signal);
    signal?.addEventListener('abort', abort);
    const work = inParallel(
      questions,
      (texts, stopped) => this.#limit(() => this.#grade(query, texts, stopped)),
      { concurrency: questions.length, signal: stop.signal },
    );
    this.#open.set(stop, work);
    try {
      await work;
    } catch (error) {
      for (const other of this.#open.keys()) other.abort(error);
      throw error;
    } finally {
      this.#open.delete(stop);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** One question; where no answer has the right form, two of half the size. */
  async #grade(query: string, texts: readonly string[], signal: AbortSignal): Promise<void> {
    const { value, problem } = await askJson(this.options.endpoint, {
      messages: gradePrompt(query, texts),
      schema: gradesSchema(texts.length),
      parse: (answer) => parseGrades(answer, texts.length),
      temperature: 0,
      signal,
    });
    if (value) {
      await this.cache.setAll(texts.map((text, i) => [this.#key(query, text), value[i]] as const));
      this.#answered++;
      this.#report();
    } else if (texts.length > 1) {
      const half = Math.ceil(texts.length / 2);
      await this.#grade(query, texts.slice(0, half), signal);
      await this.#grade(query, texts.slice(half), signal);
    } else this.#giveUp(query, texts[0], problem ?? '');
  }

  /** @throws R4tError where the model has not answered anything yet: it cannot do it at all */
  #giveUp(query: string, text: string, problem: string): void {
    const { endpoint } = this.options;
    const who = `the judge ${endpoint.model} at ${placeOf(endpoint)}`;
    this.#unanswered.add(this.#key(query, text));
    if (this.#answered === 0 && this.#unanswered.size >= MUTE) {
      throw new R4tError(
        `${who} gives no grades in the form it is asked for (${problem}); take another model`,
      );
    }
    // One, ten, a hundred: more would hide what else is told.
    if (!/^10*$/.test(`${this.#unanswered.size}`)) return;
    const last = `"${text.slice(0, 60)}" for query "${query}" (${problem})`;
    this.#report(
      `${who} has no usable answer for ${this.#unanswered.size} items, which count as off topic; the last is ${last}`,
    );
  }

  /** How far it is, where somebody has been waiting for long. */
  #report(warning?: string): void {
    const now = performance.now();
    if (warning === undefined && now - this.#reportedAt < PATIENCE) return;
    this.#reportedAt = now;
    const total = Math.max(this.#most ?? 0, this.#answered + 1);
    this.options.onProgress?.({ stage: STAGE, done: this.#answered, total, warning });
  }

  /** Says, once, what may be paid for. */
  #tellCost(): void {
    if (this.#most !== undefined) return;
    const { endpoint, queries, items, batchSize, prices } = this.options;
    const candidates = Math.min(CANDIDATES, new Set(items.map(({ text }) => text)).size);
    const perQuery = Math.ceil(candidates / batchSize);
    const questions = perQuery * queries.length;
    this.#most = questions;
    const mean = (texts: readonly string[], tokens: (text: string) => number) =>
      texts.reduce((sum, text) => sum + tokens(text), 0) / Math.max(1, texts.length);
    // An item's own part of the question, its number and line break included.
    const frame = messageTokens(gradePrompt('', []));
    const itemTokens = mean(
      items.map(({ text }) => text),
      (text) => messageTokens(gradePrompt('', [text])) - frame,
    );
    const asked = queries.length * candidates;
    const cost = {
      inputTokens: questions * (frame + mean(queries, textTokens)) + asked * itemTokens,
      outputTokens: questions * scoreTokens(0) + asked * (scoreTokens(1) - scoreTokens(0)),
    };
    const price = prices ? `, price up to about ${priceOf(cost, prices).toFixed(2)}` : '';
    const kept = this.cache.size > 0 ? `; ${figure(this.cache.size)} grades are kept from before` : '';
    this.#report(
      `up to about ${figure(questions)} questions are sent to ${placeOf(endpoint)} (${endpoint.model}), ` +
        `${roughly(cost.inputTokens)} input and ${roughly(cost.outputTokens)} output tokens${price}${kept}`,
    );
  }
}

const figure = (value: number): string => value.toLocaleString('en');
/** Two significant digits: an estimate is no better. */
const roughly = (value: number): string => figure(Number(value.toPrecision(2)));
