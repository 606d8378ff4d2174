/** Sentence vectors of word vectors. Nothing here needs Node: the web build encodes queries with it. */
import { wordsOf } from '../catalog/words.js';
import { dot, type Matrix, matrix, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { CounterRandom } from '../random.js';
import type { Encoder } from './encoder.js';
import { knownForms, knownWords } from './knownWords.js';
import { normalizeText } from './normalizeText.js';
import type { WordVectors } from './wordTable.js';

/** Arora's a: words more frequent than this count for less than half. */
const SMOOTHING = 1e-3;
/** Shorter than this is nothing but rounding: no direction. */
const LEAST_NORM = 1e-6;

/** What a catalog tells of words. Plain data, stored with the run. */
export interface CatalogWords {
  /** How often the catalog has each word that there is a vector for. */
  readonly counts: Readonly<Record<string, number>>;
  /** Its other words: names, codes. */
  readonly others: readonly string[];
}

/** What {@link SifEncoder} knows of a catalog. Plain data, stored with the run. */
export interface SifState extends CatalogWords {
  /** [dim]: the unit vector which all its texts share. */
  readonly common: readonly number[];
}

/**
 * The mean of a text's word vectors, frequent words weighing less, without the component that all texts of the catalog share
 * (smooth inverse frequency: Arora, Liang & Ma, "A simple but tough-to-beat baseline for sentence embeddings", ICLR 2017).
 *
 * - A word is as frequent as in the catalog or as in English, by Zipf's law from its rank, whichever is more.
 * - A word without a vector counts by its parts, see `knownWords`.
 * - A text without a known word gets a vector of its letters' trigrams, a fixed random direction each. Such texts are as
 *   alike as their spelling and nearly orthogonal to all others: the mean vector would make one item of them all.
 */
export class SifEncoder implements Encoder {
  readonly dim: number;
  readonly #weigh: (word: string, rank: number) => number;
  readonly #common: Float32Array;
  readonly #catalogWords: ReadonlySet<string>;

  constructor(
    readonly id: string,
    private readonly words: WordVectors,
    { common, counts, others }: SifState,
  ) {
    this.dim = words.dim;
    this.#weigh = wordWeights(words, counts);
    this.#common = Float32Array.from(common);
    this.#catalogWords = new Set([...Object.keys(counts), ...others]);
  }

  /** `texts` -> [texts.length, dim], rows of unit length. */
  async encode(texts: readonly string[], { signal }: RunControl = {}): Promise<Matrix> {
    signal?.throwIfAborted();
    const vectors = weightedMeans(texts, this.words, this.#weigh);
    texts.forEach((text, i) => {
      const vector = row(vectors, i);
      if (!normalize(removeComponent(vector, this.#common))) vector.set(trigramVector(text, this.dim));
    });
    return vectors;
  }

  /** Whether a word of the text has a vector or is one of the catalog's; if not, its vector tells its spelling alone. */
  knows(text: string): boolean {
    return wordsOf(normalizeText(text)).some(
      (word) => this.#catalogWords.has(word) || knownForms(word, this.words).length > 0,
    );
  }
}

/** Counts the words of a catalog's texts. */
export function catalogWords(texts: readonly string[], words: WordVectors): CatalogWords {
  const counts = new Map<string, number>();
  const others = new Set<string>();
  for (const text of texts) {
    for (const word of wordsOf(normalizeText(text))) {
      const forms = knownForms(word, words);
      if (forms.length === 0) others.add(word);
      for (const form of forms) counts.set(form, (counts.get(form) ?? 0) + 1);
    }
  }
  return { counts: Object.fromEntries(counts), others: [...others] };
}

/** The weight of a known word of a rank: small where it is frequent in the catalog, or in the language. */
export function wordWeights(
  words: WordVectors,
  counts: CatalogWords['counts'],
): (word: string, rank: number) => number {
  const known = new Map(Object.entries(counts));
  let total = 0;
  for (const count of known.values()) total += count;
  return (word, rank) =>
    sifWeight(Math.max((known.get(word) ?? 0) / Math.max(total, 1), zipf(rank, words.languageSize)));
}

/** [texts, dim]: the sum of each text's weighted word vectors over the number of its words; 0 where none is known. */
export function weightedMeans(
  texts: readonly string[],
  words: WordVectors,
  weigh: (word: string, rank: number) => number,
): Matrix {
  const means = matrix(texts.length, words.dim);
  texts.forEach((text, i) => {
    const known = knownWords(normalizeText(text), words);
    for (const word of known) {
      const rank = words.rankOf(word)!;
      words.add(rank, weigh(word, rank) / known.length, row(means, i));
    }
  });
  return means;
}

/** The weight of a word of probability `p`: 1 for the rarest, towards 0 for the most frequent. */
export function sifWeight(p: number, a: number = SMOOTHING): number {
  return a / (a + p);
}

/** Probability of the word of rank 0, 1, ... in a language of `size` words, by Zipf's law. */
export function zipf(rank: number, size: number): number {
  // The harmonic number of the size, by Euler's constant.
  return 1 / ((rank + 1) * (Math.log(size) + 0.5772156649 + 1 / (2 * size)));
}

/** Takes the part along the unit vector `component` out of `vector`, in place. */
export function removeComponent(vector: Float32Array, component: Float32Array): Float32Array {
  const along = dot(vector, component);
  for (let j = 0; j < vector.length; j++) vector[j] -= along * component[j];
  return vector;
}

/** Unit vector [dim] of a text's spelling: a random direction for each three letters in a row, case aside. */
export function trigramVector(text: string, dim: number): Float32Array {
  const letters = [...`<${normalizeText(text)}>`];
  const sum = new Float32Array(dim);
  const direction = new Float32Array(dim);
  for (let i = 0; i < Math.max(1, letters.length - 2); i++) {
    new CounterRandom(0, 'encode/trigram', letters.slice(i, i + 3).join('')).fillNormal(direction);
    for (let j = 0; j < dim; j++) sum[j] += direction[j];
  }
  normalize(sum);
  return sum;
}

/** Scales to unit length in place; false, and unchanged, where there is no direction. */
function normalize(vector: Float32Array): boolean {
  const norm = Math.sqrt(dot(vector, vector));
  if (!(norm > LEAST_NORM)) return false;
  for (let j = 0; j < vector.length; j++) vector[j] /= norm;
  return true;
}
