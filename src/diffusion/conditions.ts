/** What the set denoiser knows of a query: its embedding, and where asked for what its words mean in the catalog. */
import { contentWords } from '../catalog/words.js';
import type { Encoder } from '../encode/encoder.js';
import { type Matrix, matrix } from '../matrix.js';

/** Times a word is written to be encoded: one alone lies far from the texts that have it, as policies also find out. */
const REPEATS = 3;

/**
 * Conditions [n, (1 + words) * d]: each query's embedding, then those of its first `words` content words, zero where it has
 * fewer. An embedding alone does not hold the words of a query apart, and a fan-out needs them apart.
 *
 * @param queries with embeddings, unit rows [n, d]
 * @param subQueryEncoder encodes the words, as it does sub-queries
 */
export async function queryConditions(
  { texts, vectors }: { readonly texts: readonly string[]; readonly vectors: Matrix },
  words: number,
  subQueryEncoder: Pick<Encoder, 'encode'>,
  signal?: AbortSignal,
): Promise<Matrix> {
  if (words === 0) return vectors;
  const d = vectors.cols;
  const chosen = texts.map((text) => [...new Set(contentWords(text))].slice(0, words));
  const meanings = await subQueryEncoder.encode(
    chosen.flat().map((word) => Array<string>(REPEATS).fill(word).join(' ')),
    { signal },
  );
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
