/** What the set denoiser knows of a query: its embedding, and where asked for what its words mean in the catalog. */
import type { Item } from '../catalog/item.js';
import { postingsOf } from '../catalog/postings.js';
import { contentWords } from '../catalog/words.js';
import type { Encoder } from '../encode/encoder.js';
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';

/** Times a word is written to be encoded: one alone lies far from the texts that have it, as policies also find out. */
const REPEATS = 3;
/** Items that say what a word means; of more, so many from all over the catalog. */
const ITEMS = 32;

/** Where the words are looked up. */
export interface ConditionWorld {
  /** As compiled: a list that changes is not looked at again. */
  readonly items: readonly Item[];
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: Matrix;
  readonly encoder: Pick<Encoder, 'encode'>;
}

/**
 * Conditions [n, (1 + words) * d]: each query's embedding, then those of its first `words` content words, zero where it has
 * fewer. An embedding alone does not hold the words of a query apart, and a fan-out needs them apart. A word is half its own embedding and
 * half the mean of the items that have it: a text encoder knows brands and rare words badly, the catalog has them in context.
 *
 * @param queries with embeddings, unit rows [n, d]
 */
export async function queryConditions(
  { texts, vectors }: { readonly texts: readonly string[]; readonly vectors: Matrix },
  words: number,
  { items, vectors: content, encoder }: ConditionWorld,
  signal?: AbortSignal,
): Promise<Matrix> {
  if (words === 0) return vectors;
  const d = vectors.cols;
  const chosen = texts.map((text) => [...new Set(contentWords(text))].slice(0, words));
  const encoded = await encoder.encode(
    chosen.flat().map((word) => Array<string>(REPEATS).fill(word).join(' ')),
    { signal },
  );
  const postings = postingsOf(items);
  const meanings = matrix(encoded.rows, d, encoded.data.slice());
  chosen.flat().forEach((word, i) => {
    addMean(row(meanings, i), content, postings.get(word) ?? []);
  });
  normalizeRows(meanings);
  const conditions = matrix(texts.length, (1 + words) * d);
  let next = 0;
  chosen.forEach((list, i) => {
    const at = i * conditions.cols;
    conditions.data.set(vectors.data.subarray(i * d, (i + 1) * d), at);
    conditions.data.set(meanings.data.subarray(next * d, (next + list.length) * d), at + d);
    next += list.length;
  });
  return conditions;
}

/** Adds the mean direction of some items, of length 1, to `sum`; nothing where there are none. */
function addMean(sum: Float32Array, content: Matrix, rows: readonly number[]): void {
  if (rows.length === 0) return;
  const count = Math.min(ITEMS, rows.length);
  const mean = matrix(1, content.cols);
  for (let i = 0; i < count; i++) {
    const item = row(content, rows[Math.floor((i * rows.length) / count)]);
    for (let j = 0; j < item.length; j++) mean.data[j] += item[j];
  }
  normalizeRows(mean);
  for (let j = 0; j < sum.length; j++) sum[j] += mean.data[j];
}
