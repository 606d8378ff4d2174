import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder, EncodingWork, ItemContent } from './encoder.js';
import type { TextReading } from './textReading.js';

export interface Prefix {
  /** Written before every query [nothing]. */
  readonly query?: string;
  /** Written before every item's text [nothing]. */
  readonly item?: string;
}

/** Tells the model what a text is, as models want it that were trained with such prefixes. */
export class PrefixedEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;
  readonly #query: string;
  readonly #item: string;

  constructor(
    private readonly encoder: Encoder,
    { query = '', item = '' }: Prefix,
  ) {
    this.id = `${encoder.id}/${JSON.stringify([query, item])}`;
    this.dim = encoder.dim;
    this.#query = query;
    this.#item = item;
    if (encoder.knows) this.knows = (text) => encoder.knows!(text);
    if (encoder.reads) this.reads = (text) => encoder.reads!(item + text);
  }

  /** Of an item's text. */
  reads?(text: string): TextReading;
  knows?(text: string): boolean;

  encode(texts: readonly string[], control?: RunControl): Promise<Matrix> {
    return this.encoder.encode(
      texts.map((text) => this.#query + text),
      control,
    );
  }

  encodeItems(items: readonly ItemContent[], control?: RunControl): Promise<Matrix> {
    return this.encoder.encode(
      items.map(({ text }) => this.#item + text),
      control,
    );
  }

  async cost({ queries, items }: EncodingWork): Promise<string | undefined> {
    return this.encoder.cost?.({
      queries: [...queries.map((text) => this.#query + text), ...items.map(({ text }) => this.#item + text)],
      items: [],
    });
  }
}
