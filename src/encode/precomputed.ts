import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { type Encoder, type EncodingWork, encodeItems, type ItemContent } from './encoder.js';

export interface PrecomputedEncoderOptions {
  /** Names the model which made the catalog's vectors. */
  readonly id: string;
  /** Length of the catalog's vectors. */
  readonly dim: number;
  /** Encodes texts into the space of the catalog's vectors, e.g. the text tower of a CLIP model. */
  readonly queryEncoder?: Encoder;
}

/**
 * Stands for the model behind vectors which came with the catalog. Items need no encoding then, but queries do: without
 * a `queryEncoder` every text is refused.
 */
export class PrecomputedEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;
  private readonly queryEncoder?: Encoder;

  /** @throws {InputError} when the query encoder's vectors differ in length from the catalog's */
  constructor({ id, dim, queryEncoder }: PrecomputedEncoderOptions) {
    if (queryEncoder && queryEncoder.dim !== dim) {
      throw new InputError(
        `the catalog's vectors have length ${dim}, the query encoder ${queryEncoder.id} makes ${queryEncoder.dim}`,
      );
    }
    this.id = queryEncoder ? `${id}/${queryEncoder.id}` : id;
    this.dim = dim;
    this.queryEncoder = queryEncoder;
  }

  /** @throws {InputError} when there is no query encoder */
  async encode(texts: readonly string[], control?: RunControl): Promise<Matrix> {
    return this.#queryEncoder().encode(texts, control);
  }

  /**
   * For items which bring no vector, such as those that change later.
   *
   * @throws {InputError} when there is no query encoder
   */
  async encodeItems(items: readonly ItemContent[], control?: RunControl): Promise<Matrix> {
    return encodeItems(this.#queryEncoder(), items, control);
  }

  /** The catalog's items cost nothing. */
  async cost({ queries }: EncodingWork): Promise<string | undefined> {
    return this.queryEncoder?.cost?.({ queries, items: [] });
  }

  #queryEncoder(): Encoder {
    if (this.queryEncoder) return this.queryEncoder;
    throw new InputError(
      `the catalog brings its own vectors (${this.id}), so texts need a query encoder of the same space; ` +
        'set one: encoder: { kind: "precomputed", queries: { kind: ... } }',
    );
  }

  /** Frees the query encoder. */
  async release(): Promise<void> {
    await this.queryEncoder?.release?.();
  }
}
