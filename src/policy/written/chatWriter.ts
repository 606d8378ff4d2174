import { askJson } from '../../llm/askJson.js';
import type { ChatMessage } from '../../llm/chat.js';
import { type ChatEndpoint, checkEndpoint, placeOf } from '../../llm/endpoint.js';
import { messageTokens, type Prices, priceOf } from '../../llm/tokens.js';
import { fanOutSchema, parseFanOut } from './prompt.js';
import type { WriteOptions, Writer, Written } from './writer.js';

export interface ChatWriterOptions {
  readonly endpoint: ChatEndpoint;
  /** Fan-outs asked for at the same time. */
  readonly concurrency: number;
  /** For telling what they cost. */
  readonly prices?: Prices;
}

/** Tokens of `{"subQueries": []}`, and of a sub-query with its quotes. */
const [FRAME_TOKENS, SUB_QUERY_TOKENS] = [8, 5];

/** A model behind an endpoint, or a provider package of the AI SDK. */
export class ChatWriter implements Writer {
  readonly model: string;
  readonly place: string;
  readonly concurrency: number;

  /** @throws InputError for an endpoint that is none */
  constructor(private readonly options: ChatWriterOptions) {
    checkEndpoint(options.endpoint);
    this.model = options.endpoint.model;
    this.place = placeOf(options.endpoint);
    this.concurrency = options.concurrency;
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
    { k, temperature, topP, seed, signal }: WriteOptions,
  ): Promise<Written> {
    const { value, problem = '' } = await askJson(this.options.endpoint, {
      messages,
      schema: fanOutSchema,
      parse: (text) => parseFanOut(text, k),
      temperature,
      ...(topP < 1 && { topP }),
      seed,
      signal,
    });
    return value ? { subQueries: value } : { problem };
  }
}

/** Two significant digits: an estimate is no better. */
const roughly = (value: number): string => Number(value.toPrecision(2)).toLocaleString('en');
