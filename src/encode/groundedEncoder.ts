/** What sub-queries mean in a catalog: a text's own embedding, and the items that have its words. */
import type { Item } from '../catalog/item.js';
import { postingsOf } from '../catalog/postings.js';
import { contentWords } from '../catalog/words.js';
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder } from './encoder.js';

/** Items that say what a text means; of more, so many from all over the catalog. */
const ITEMS = 128;

export interface GroundedEncoderOptions {
  /** As compiled: a list that changes is not looked at again. */
  readonly items: readonly Item[];
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: Matrix;
}

/**
 * Pseudo-relevance feedback in one pass: half a text's own embedding, half the mean direction of the items that have all its content
 * words (its embedding alone where none has). A text encoder knows brands and rare words badly; the catalog has them in context.
 */
export class GroundedEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;

  constructor(
    private readonly encoder: Encoder,
    private readonly catalog: GroundedEncoderOptions,
  ) {
    this.id = `${encoder.id}/grounded`;
    this.dim = encoder.dim;
  }

  /** `texts` -> [texts.length, d], rows of unit length. */
  async encode(texts: readonly string[], control?: RunControl): Promise<Matrix> {
    const { data, rows, cols } = await this.encoder.encode(texts, control);
    const grounded = matrix(rows, cols, data.slice());
    texts.forEach((text, i) => {
      this.#addMean(row(grounded, i), this.#itemsWithAll(contentWords(text)));
    });
    return normalizeRows(grounded);
  }

  /** Rows of the items that have all the words, ascending. */
  #itemsWithAll(words: readonly string[]): readonly number[] {
    const postings = postingsOf(this.catalog.items);
    const [rarest = [], ...others] = [...new Set(words)]
      .map((word) => postings.get(word) ?? [])
      .sort((a, b) => a.length - b.length);
    return others.reduce(common, rarest);
  }

  /** Adds the mean direction of some items, of length 1, to `sum`; nothing where there are none. */
  #addMean(sum: Float32Array, rows: readonly number[]): void {
    if (rows.length === 0) return;
    const { vectors } = this.catalog;
    const count = Math.min(ITEMS, rows.length);
    const mean = matrix(1, vectors.cols);
    for (let i = 0; i < count; i++) {
      const item = row(vectors, rows[Math.floor((i * rows.length) / count)]);
      for (let j = 0; j < item.length; j++) mean.data[j] += item[j];
    }
    normalizeRows(mean);
    for (let j = 0; j < sum.length; j++) sum[j] += mean.data[j];
  }
}

/** What two ascending lists have in common. */
function common(a: readonly number[], b: readonly number[]): number[] {
  const both: number[] = [];
  let j = 0;
  for (const value of a) {
    while (b[j] < value) j++;
    if (b[j] === value) both.push(value);
  }
  return both;
}
