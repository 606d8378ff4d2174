/** What sub-queries mean in a catalog: a text's own embedding, and what tells the items that have its words from all others. */
import type { Item } from '../catalog/item.js';
import { postingsOf } from '../catalog/postings.js';
import { contentWords } from '../catalog/words.js';
import { evenRows } from '../evenly.js';
import { dot, type Matrix, matrix, normalizeRows, row, type VectorTable } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder } from './encoder.js';
import { ridgeInverse } from './ridge.js';

/** Weight of the probe beside the text's own embedding. */
const PROBE = 3;
/** Ridge, as a share of the mean eigenvalue of the items' second moments. */
const RIDGE = 0.1;
/** Items that say what words mean, and those that say how items spread; of more, so many from all over the catalog. */
const [ITEMS, SPREAD] = [512, 16_384];

export interface GroundedEncoderOptions {
  /** As compiled: a list that changes is not looked at again. */
  readonly items: readonly Item[];
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
}

/**
 * Pseudo-relevance feedback in one pass: to a text's own embedding comes the *probe* of its words, the direction along which ridge
 * regression tells the items that have them all from the others, (S + ridge I)^-1 m with m the items' mean vector and S the second
 * moments of all. (The mean alone points where all items are as well.) Where no item has all the words, there is only the embedding.
 */
export class GroundedEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;
  readonly knows?: (text: string) => boolean;
  #inverse: Matrix | undefined;

  constructor(
    private readonly encoder: Encoder,
    private readonly catalog: GroundedEncoderOptions,
  ) {
    this.id = `${encoder.id}/grounded`;
    this.dim = encoder.dim;
    this.knows = encoder.knows?.bind(encoder);
  }

  /** `texts` -> [texts.length, d], rows of unit length. */
  async encode(texts: readonly string[], control?: RunControl): Promise<Matrix> {
    const { data, rows, cols } = await this.encoder.encode(texts, control);
    const grounded = matrix(rows, cols, data.slice());
    texts.forEach((text, i) => {
      const having = this.#itemsWithAll(contentWords(text));
      if (having.length === 0) return;
      const probe = this.#probe(having);
      const out = row(grounded, i);
      for (let j = 0; j < cols; j++) out[j] += PROBE * probe[j];
    });
    return normalizeRows(grounded);
  }

  /** Frees the inner encoder. */
  async release(): Promise<void> {
    await this.encoder.release?.();
  }

  /** Rows of the items that have all the words, ascending. */
  #itemsWithAll(words: readonly string[]): ArrayLike<number> {
    const postings = postingsOf(this.catalog.items);
    const [rarest = new Int32Array(), ...others] = [...new Set(words)]
      .map((word) => postings.get(word))
      .sort((a, b) => a.length - b.length);
    return others.reduce<ArrayLike<number>>(common, rarest);
  }

  /** Of unit length, [d]. */
  #probe(having: ArrayLike<number>): Float32Array {
    const { vectors } = this.catalog;
    this.#inverse ??= ridgeInverse(
      vectors,
      evenRows(vectors.rows, SPREAD),
      // The rows have length 1, so the mean eigenvalue is 1 / d.
      RIDGE / vectors.cols,
    );
    const mean = new Float32Array(vectors.cols);
    for (const i of evenRows(having.length, ITEMS)) {
      const vector = row(vectors, having[i]);
      for (let j = 0; j < mean.length; j++) mean[j] += vector[j];
    }
    const probe = matrix(1, mean.length);
    for (let j = 0; j < mean.length; j++) probe.data[j] = dot(row(this.#inverse, j), mean);
    return normalizeRows(probe).data;
  }
}

/** What two ascending lists have in common. */
function common(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  const both: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i++) {
    while (b[j] < a[i]) j++;
    if (b[j] === a[i]) both.push(a[i]);
  }
  return both;
}
