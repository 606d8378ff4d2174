import { askJson, type JsonAnswer, MAX_TOKENS } from '../../llm/askJson.js';
import { type ChatMessage, type ChatOptions, chat } from '../../llm/chat.js';
import { type ChatEndpoint, checkEndpoint, placeOf } from '../../llm/endpoint.js';
import { Replicas } from '../../llm/replicas.js';
import { messageTokens, type Prices, priceOf } from '../../llm/tokens.js';
import { fanOutSchema, parseFanOut, parseFanOutLines } from './prompt.js';
import type { WriteOptions, Writer, Written } from './writer.js';

export interface ChatWriterOptions {
  /** Who serves the model; each request goes to the least busy. */
  readonly endpoints: readonly ChatEndpoint[];
  /** Fan-outs that each is asked for at the same time. */
  readonly concurrency: number;
  /** For telling what they cost. */
  readonly prices?: Prices;
  /** See `Replicas`. */
  readonly pauseMs?: number;
}

/** Tokens of `{"subQueries": []}`, and of a sub-query with its quotes. */
const [FRAME_TOKENS, SUB_QUERY_TOKENS] = [8, 5];

/** A model behind endpoints, or a provider package of the AI SDK. */
export class ChatWriter implements Writer {
  readonly model: string;
  readonly place: string;
  readonly concurrency: number;
  readonly #replicas: Replicas;
  /** When it was first asked. */
  #started?: number;

  /** @throws InputError for an endpoint that is none */
  constructor(private readonly options: ChatWriterOptions) {
    const { endpoints } = options;
    for (const endpoint of endpoints) checkEndpoint(endpoint);
    this.model = endpoints[0].model;
    const [first, ...others] = endpoints.map(placeOf);
    this.place = others.length === 0 ? first : `${first} and ${others.length} more`;
    this.concurrency = options.concurrency * endpoints.length;
    this.#replicas = new Replicas(options);
  }

  cost(fanOuts: number, prompt: readonly ChatMessage[], k: number): string {
    const { prices } = this.options;
    const inputTokens = fanOuts * messageTokens(prompt);
    const outputTokens = fanOuts * (FRAME_TOKENS + SUB_QUERY_TOKENS * k);
    const price = prices ? `, price about ${priceOf({ inputTokens, outputTokens }, prices).toFixed(2)}` : '';
    return `about ${roughly(inputTokens)} input and ${roughly(outputTokens)} output tokens${price}`;
  }

  async write(
    messages: readonly ChatMessage[],
    { k, answers, temperature, topP, seed, signal, onWarning }: WriteOptions,
  ): Promise<Written> {
    this.#started ??= performance.now();
    const asked = { messages, temperature, ...(topP < 1 && { topP }), seed, signal };
    const parse = (text: string) => parseFanOut(text, k);
    const ask = (endpoint: ChatEndpoint) =>
      answers ? askLines(endpoint, asked, k) : askJson(endpoint, { ...asked, schema: fanOutSchema, parse });
    const { value, problem = '' } = await this.#replicas.ask(ask, { signal, onWarning });
    return value ? { subQueries: value } : { problem };
  }

  /** Tokens are those that were written, on average since the beginning; the price is of all that was asked and written. */
  figures(): Record<string, number> {
    if (this.#started === undefined) return {};
    const { counts } = this.#replicas;
    const seconds = Math.max(1e-3, (performance.now() - this.#started) / 1000);
    const rates = counts.map(({ place, outputTokens }): [string, number] => [
      counts.length === 1 ? 'tokens/s' : `tokens/s ${new URL(place).host}`,
      outputTokens / seconds,
    ]);
    const { prices } = this.options;
    const price = prices && counts.reduce((sum, one) => sum + priceOf(one, prices), 0);
    return { ...Object.fromEntries(rates), ...(price !== undefined && { price }) };
  }
}

/** Asks in the words of a model that a run has tuned: it is not told what was wrong, for it has learnt to answer these alone. */
async function askLines(
  endpoint: ChatEndpoint,
  asked: ChatOptions,
  k: number,
): Promise<JsonAnswer<string[]>> {
  const { text, ...answer } = await chat(endpoint, { ...asked, maxTokens: MAX_TOKENS });
  const lines = parseFanOutLines(text, k);
  return lines.length > 0 ? { value: lines, ...answer } : { problem: 'no line says anything', ...answer };
}

/** Two significant digits: an estimate is no better. */
const roughly = (value: number): string => Number(value.toPrecision(2)).toLocaleString('en');
