import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder } from './encoder.js';

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
    if (!this.queryEncoder) {
      throw new InputError(
        `the catalog brings its own vectors (${this.id}), so texts need a query encoder of the same space; set one`,
      );
    }
    return this.queryEncoder.encode(texts, control);
  }

  /** Frees the query encoder. */
  async release(): Promise<void> {
    await this.queryEncoder?.release?.();
  }
}
